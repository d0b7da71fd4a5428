//! Weather as a feed writes it (`16°C`, `4.0m/s`, `759mmHg`, `62%`) into the units of the contract:
//! degrees Celsius, metres per second, hectopascals, per cent; and from there to Fahrenheit, miles
//! per hour and the Beaufort scale.
//!
//! A text that does not parse, has a unit we do not know, or says what no weather station ever has
//! is `None`. The limits are wide of the records kept by the WMO (-89.2 and 56.7 °C, 113.2 m/s, 1089.4
//! hPa) and, downwards, of the air over the highest football grounds.

use crate::number::split_number;

const MPS_PER_MPH: f64 = 0.447_04;
const MPS_PER_KMH: f64 = 1.0 / 3.6;
const MPS_PER_KNOT: f64 = 1852.0 / 3600.0;
const HPA_PER_MMHG: f64 = 1.333_224;
const HPA_PER_INHG: f64 = 33.863_89;

/// Degrees Celsius to Fahrenheit.
#[must_use]
pub fn celsius_to_fahrenheit(celsius: f64) -> f64 {
    celsius * 9.0 / 5.0 + 32.0
}

/// Metres per second to miles per hour; a mile per hour is exactly 0.44704 m/s.
#[must_use]
pub fn mps_to_mph(mps: f64) -> f64 {
    mps / MPS_PER_MPH
}

/// A class of the Beaufort scale, 0 to 12.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Beaufort(u8);

impl Beaufort {
    /// The lowest wind speed of each force from 1 to 12, in m/s: the tables of meteothes.gr and of
    /// the youshiko manual, which agree but for force 3 (3.5 in the latter).
    pub const LOWER_BOUNDS_MPS: [f64; 12] = [
        0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7,
    ];

    const NAMES: [&'static str; 13] = [
        "Calm",
        "Light air",
        "Light breeze",
        "Gentle breeze",
        "Moderate breeze",
        "Fresh breeze",
        "Strong breeze",
        "Near gale",
        "Gale",
        "Strong gale",
        "Storm",
        "Violent storm",
        "Hurricane",
    ];

    /// The force, 0 to 12.
    #[must_use]
    pub const fn force(self) -> u8 {
        self.0
    }

    /// The contract's name for it: `Gentle breeze`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Beaufort::NAMES[self.0 as usize]
    }
}

/// The Beaufort class of a wind in m/s; classify before converting, for the tables in whole miles
/// per hour are a force too low at every edge. `None` for a wind that is negative or not finite.
#[must_use]
pub fn beaufort(mps: f64) -> Option<Beaufort> {
    if !mps.is_finite() || mps < 0.0 {
        return None;
    }
    let reached = Beaufort::LOWER_BOUNDS_MPS.iter().zip(1..);
    let force = reached.take_while(|(bound, _)| mps >= **bound).last();
    Some(Beaufort(force.map_or(0, |(_, force)| force)))
}

/// A temperature in °C: `16°C`, `16 °C`, `-3` (with any minus sign), `60.8°F`. `None` below -100 or
/// above 70 °C.
#[must_use]
pub fn parse_temperature(text: &str) -> Option<f64> {
    let (value, unit) = split_number(text)?;
    let celsius = match unit.replace([' ', '°', 'º'], "").to_lowercase().as_str() {
        "" | "c" | "℃" | "celsius" => value,
        "f" | "℉" | "fahrenheit" => (value - 32.0) * 5.0 / 9.0,
        _ => return None,
    };
    within(-100.0, celsius, 70.0)
}

/// A wind speed in m/s: `4.0m/s`, `14km/h`, `9mph`, `9 kn`, a bare number being m/s. `None` if
/// negative or above 150 m/s.
#[must_use]
pub fn parse_wind(text: &str) -> Option<f64> {
    let (value, unit) = split_number(text)?;
    let mps = match unit.to_lowercase().as_str() {
        "" | "m/s" | "mps" => value,
        "km/h" | "kmh" | "kph" => value * MPS_PER_KMH,
        "mph" => value * MPS_PER_MPH,
        "kn" | "kt" | "kts" | "knots" => value * MPS_PER_KNOT,
        _ => return None,
    };
    within(0.0, mps, 150.0)
}

/// An air pressure in hPa: `759mmHg`, `1013hPa`, `1013 mbar`, `29.92inHg`, a bare number being hPa.
/// `None` outside 500 to 1150 hPa, and for a bare number that could as well be mmHg (below 850).
#[must_use]
pub fn parse_pressure(text: &str) -> Option<f64> {
    let (value, unit) = split_number(text)?;
    let hpa = match unit.to_lowercase().as_str() {
        "" if value < 850.0 => return None,
        "" | "hpa" | "mbar" | "mb" => value,
        "mmhg" => value * HPA_PER_MMHG,
        "inhg" => value * HPA_PER_INHG,
        _ => return None,
    };
    within(500.0, hpa, 1150.0)
}

/// A relative humidity in per cent: `62%`, `62`. `None` outside 0 to 100.
#[must_use]
pub fn parse_humidity(text: &str) -> Option<f64> {
    let (value, unit) = split_number(text)?;
    matches!(unit, "" | "%")
        .then_some(value)
        .and_then(|percent| within(0.0, percent, 100.0))
}

/// The value if it is within the limits; adding zero takes the sign off `-0`.
fn within(least: f64, value: f64, most: f64) -> Option<f64> {
    (least..=most).contains(&value).then_some(value + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(read: Option<f64>, published: f64, tolerance: f64) -> bool {
        read.is_some_and(|read| (read - published).abs() <= tolerance)
    }

    #[test]
    fn fahrenheit() {
        for (c, f) in [
            (-40.0, -40.0),
            (-5.0, 23.0),
            (0.0, 32.0),
            (16.0, 60.8),
            (37.5, 99.5),
        ] {
            assert!((celsius_to_fahrenheit(c) - f).abs() < 1e-12, "{c}");
        }
    }

    #[test]
    fn miles_per_hour() {
        assert!((mps_to_mph(1.0) - 2.236_936).abs() < 5e-7);
        assert!((mps_to_mph(4.0) - 8.9).abs() < 0.05);
        assert_eq!(mps_to_mph(0.447_04), 1.0);
    }

    /// The provider's own examples, and 5.8 m/s, which whole-mph tables call Gentle.
    #[test]
    fn a_wind_has_its_beaufort_name() {
        let name = |mps| beaufort(mps).map(Beaufort::name);
        assert_eq!(name(0.0), Some("Calm"));
        assert_eq!(name(4.0), Some("Gentle breeze"));
        assert_eq!(name(5.8), Some("Moderate breeze"));
        assert_eq!(name(60.0), Some("Hurricane"));
        assert_eq!(beaufort(4.0).map(Beaufort::force), Some(3));
        for mps in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(beaufort(mps), None, "{mps}");
        }
    }

    #[test]
    fn the_contract_names_every_force() {
        let names = "Calm · Light air · Light breeze · Gentle breeze · Moderate breeze · \
                     Fresh breeze · Strong breeze · Near gale · Gale · Strong gale · Storm · \
                     Violent storm · Hurricane";
        assert_eq!(Beaufort::NAMES.join(" · "), names);
    }

    #[test]
    fn temperatures_are_read_with_their_sign_and_unit() {
        for (text, celsius) in [
            ("16°C", 16.0),
            ("16 °C", 16.0),
            ("16 ° C", 16.0),
            ("16℃", 16.0),
            ("-3°C", -3.0),
            ("\u{2212}3°C", -3.0),
            ("-5", -5.0),
            ("21,5 C", 21.5),
            ("60.8°F", 16.0),
            ("-40F", -40.0),
        ] {
            assert!(close(parse_temperature(text), celsius, 1e-9), "{text}");
        }
        for text in ["", "null", "°C", "16K", "300°C", "-200°C", "16°C 20°C"] {
            assert_eq!(parse_temperature(text), None, "{text}");
        }
    }

    #[test]
    fn winds_are_read_in_any_unit() {
        for (text, mps) in [
            ("4.0m/s", 4.0),
            ("4", 4.0),
            ("14km/h", 14.0 / 3.6),
            ("9mph", 4.023_36),
            ("9 kn", 4.63),
            ("36 KM/H", 10.0),
        ] {
            assert!(close(parse_wind(text), mps, 1e-9), "{text}");
        }
        for text in ["", "-4m/s", "400m/s", "4 furlongs", "m/s"] {
            assert_eq!(parse_wind(text), None, "{text}");
        }
        assert!(parse_wind("-0m/s").is_some_and(f64::is_sign_positive));
    }

    #[test]
    fn pressures_are_read_in_any_unit() {
        assert!(close(parse_pressure("759mmHg"), 1011.9, 0.05));
        assert!(close(parse_pressure("760 mmHg"), 1013.25, 0.001));
        assert!(close(parse_pressure("29.92inHg"), 1013.2, 0.05));
        assert_eq!(parse_pressure("1013hPa"), Some(1013.0));
        assert_eq!(parse_pressure("1013"), Some(1013.0));
        for text in ["", "759", "0mmHg", "-759mmHg", "2000hPa", "759 bar"] {
            assert_eq!(parse_pressure(text), None, "{text}");
        }
    }

    #[test]
    fn humidities_are_percentages() {
        assert_eq!(parse_humidity("62%"), Some(62.0));
        assert_eq!(parse_humidity("62 %"), Some(62.0));
        assert_eq!(parse_humidity("0"), Some(0.0));
        assert_eq!(parse_humidity("100%"), Some(100.0));
        for text in ["", "101%", "-1%", "62 percent"] {
            assert_eq!(parse_humidity(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn more_wind_is_never_less_force(a in 0.0_f64..80.0, b in 0.0_f64..80.0) {
            let (least, most) = (a.min(b), a.max(b));
            prop_assert!(beaufort(least) <= beaufort(most));
        }

        #[test]
        fn any_float_has_a_force_or_none(mps in any::<f64>()) {
            prop_assert_eq!(beaufort(mps).is_some(), mps.is_finite() && mps >= 0.0);
            prop_assert!(beaufort(mps).is_none_or(|class| class.force() <= 12 && !class.name().is_empty()));
        }

        #[test]
        fn tenths_of_a_degree_come_back(tenths in -500_i32..=500) {
            let celsius = f64::from(tenths) / 10.0;
            prop_assert_eq!(parse_temperature(&format!("{celsius:.1}°C")), Some(celsius + 0.0));
            let fahrenheit = format!("{}°F", celsius_to_fahrenheit(celsius));
            prop_assert!(close(parse_temperature(&fahrenheit), celsius, 1e-9));
        }

        #[test]
        fn any_text_is_read_within_limits_or_refused(text in "\\PC*") {
            prop_assert!(parse_temperature(&text).is_none_or(|c| (-100.0..=70.0).contains(&c)));
            prop_assert!(parse_wind(&text).is_none_or(|mps| (0.0..=150.0).contains(&mps)));
            prop_assert!(parse_pressure(&text).is_none_or(|hpa| (500.0..=1150.0).contains(&hpa)));
            prop_assert!(parse_humidity(&text).is_none_or(|pct| (0.0..=100.0).contains(&pct)));
        }

        #[test]
        fn any_number_with_a_unit_is_read_within_limits_or_refused(
            x in any::<f64>(),
            unit in "(°C|°F|m/s|mph|mmHg|hPa|%)?",
        ) {
            let text = format!("{x}{unit}");
            prop_assert!(parse_wind(&text).is_none_or(|mps| (0.0..=150.0).contains(&mps)));
            prop_assert!(parse_temperature(&text).is_none_or(f64::is_finite));
            prop_assert!(parse_pressure(&text).is_none_or(f64::is_finite));
        }
    }
}
