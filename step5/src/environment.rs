//! Weather in the units people use.

use feed::codes;
use football::{beaufort, celsius_to_fahrenheit, mps_to_mph};
use pipeline::Text;
use serde::{Deserialize, Serialize};

/// Weather at the ground; every field may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment<'a> {
    /// The provider's code.
    pub weather_id: Option<i64>,
    /// The code in words.
    #[serde(borrow)]
    pub weather: Option<Text<'a>>,
    /// Degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Degrees Fahrenheit.
    pub temperature_f: Option<f64>,
    /// Metres a second.
    pub wind_mps: Option<f64>,
    /// Miles an hour.
    pub wind_mph: Option<f64>,
    /// Force on the Beaufort scale, classified from metres a second.
    pub beaufort: Option<u8>,
    /// The force in words.
    #[serde(borrow)]
    pub wind: Option<Text<'a>>,
    /// Percent.
    pub humidity_pct: Option<f64>,
    /// Hectopascal.
    pub pressure_hpa: Option<f64>,
}

/// To the thousandth: more digits than any source has, and no artefacts of binary fractions.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

impl Environment<'_> {
    pub(crate) fn convert(from: &step2::Environment) -> Self {
        let force = from.wind_mps.and_then(beaufort);
        Environment {
            weather_id: from.weather_id,
            weather: from.weather_id.map(|code| Text(codes::weather(code))),
            temperature_c: from.temperature_c.map(rounded),
            temperature_f: from.temperature_c.map(celsius_to_fahrenheit).map(rounded),
            wind_mps: from.wind_mps.map(rounded),
            wind_mph: from.wind_mps.map(mps_to_mph).map(rounded),
            beaufort: force.map(|force| force.force()),
            wind: force.map(|force| Text::from(force.name())),
            humidity_pct: from.humidity_pct.map(rounded),
            pressure_hpa: from.pressure_hpa.map(rounded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_example_converts() {
        let from = step2::Environment {
            weather_id: Some(1),
            temperature_c: Some(16.0),
            wind_mps: Some(4.0),
            humidity_pct: Some(62.0),
            pressure_hpa: None,
        };
        let to = Environment::convert(&from);
        assert_eq!(to.weather.as_deref(), Some("Partly cloudy"));
        assert_eq!(to.temperature_f, Some(60.8));
        assert_eq!(
            to.wind_mph.map(|mph| (mph * 10.0).round() / 10.0),
            Some(8.9)
        );
        assert_eq!(
            (to.beaufort, to.wind.as_deref()),
            (Some(3), Some("Gentle breeze"))
        );
        assert_eq!(to.pressure_hpa, None);
    }
}
