//! The invented world's competitions and the countries they are in.
//!
//! Countries are real, everything in them is made up. A club's name is a town (stem and ending) in
//! the form of its language; a few leagues carry one club written out, for scripts and lengths that
//! a display has to stand.

use crate::families::{
    ARABIC, EASTERN, ENGLISH, FRENCH, Family, GERMAN, IBERIAN, ITALIAN, NORDIC, SLAVIC, TURKISH,
};

/// The provider's competition types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Sort {
    League = 1,
    /// A tie that needs a winner.
    Cup = 2,
    Friendly = 3,
}

/// Who plays in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    First,
    Women,
    Youth(&'static str),
    Reserves,
}

/// A competition.
#[derive(Debug)]
pub(crate) struct League {
    /// Empty for the international ones.
    pub country: &'static str,
    pub name: &'static str,
    pub short: &'static str,
    pub family: &'static Family,
    pub sort: Sort,
    pub side: Side,
    /// Goals a match.
    pub goals: f64,
    /// How well it is covered, 0 (goals only) to 3 (everything).
    pub depth: u8,
    /// A level tie goes straight to the shoot-out.
    pub no_extra_time: bool,
    /// One club written out.
    pub special: Option<&'static str>,
}

const fn league(
    country: &'static str,
    name: &'static str,
    short: &'static str,
    family: &'static Family,
    goals: f64,
    depth: u8,
) -> League {
    League {
        country,
        name,
        short,
        family,
        sort: Sort::League,
        side: Side::First,
        goals,
        depth,
        no_extra_time: false,
        special: None,
    }
}

const LONG_NAME: &str =
    "Sociedad Deportiva y Cultural Unión de Trabajadores de San Crisanto del Valle Alto";

/// The competitions. Slot n plays in the (n mod 30)th; 5, 7, 9 and 17 are the cups.
#[rustfmt::skip]
pub(crate) const LEAGUES: [League; 30] = [
    League { special: Some("Östervik IF"), ..league("Sweden", "Norrland Premier Division", "SWE Norrland PD", &NORDIC, 2.8, 3) },
    league("England", "Wessex Combination First Division", "ENG Wessex D1", &ENGLISH, 2.7, 3),
    League { special: Some("SV Grünwerder 07"), ..league("Germany", "Hansa-Liga Nordost", "GER Hansa-Liga", &GERMAN, 3.0, 3) },
    league("Spain", "Liga de la Meseta", "ESP Meseta", &IBERIAN, 2.4, 3),
    League { special: Some("Górnik Łęgowo-Żabno"), ..league("Poland", "Liga Nadwiślańska", "POL Nadwiślańska", &SLAVIC, 2.6, 2) },
    League { sort: Sort::Cup, ..league("Italy", "Coppa delle Tre Valli", "ITA Tre Valli Cup", &ITALIAN, 2.5, 3) },
    League { special: Some("Şirinova Spor"), ..league("Turkey", "Anadolu Yıldız Ligi", "TUR Yıldız", &TURKISH, 2.7, 2) },
    League { sort: Sort::Cup, ..league("Scotland", "Highland Borders Cup", "SCO Borders Cup", &ENGLISH, 2.9, 2) },
    League { special: Some("東川サンセット FC"), ..league("Japan", "Kantō Sunrise League", "JPN Sunrise", &EASTERN, 2.6, 2) },
    League { sort: Sort::Cup, no_extra_time: true, ..league("Brazil", "Copa do Litoral Norte", "BRA Litoral Cup", &IBERIAN, 2.5, 2) },
    League { special: Some("نادي وادي النخيل"), ..league("Egypt", "Nile Delta Second Division", "EGY Delta D2", &ARABIC, 2.1, 1) },
    League { side: Side::Reserves, ..league("Switzerland", "Mittelland League Reserves", "SUI Mittelland Res.", &GERMAN, 3.4, 1) },
    League { side: Side::Women, ..league("Finland", "Järvi-Suomi Women's League", "FIN Järvi W", &NORDIC, 3.1, 1) },
    league("France", "Championnat des Trois Rivières", "FRA Trois Rivières", &FRENCH, 2.5, 3),
    League { special: Some(LONG_NAME), ..league("Argentina", "Torneo de la Pampa Sur", "ARG Pampa Sur", &IBERIAN, 2.2, 2) },
    League { side: Side::Youth("U19"), ..league("Norway", "Fjordserien U19", "NOR Fjord U19", &NORDIC, 3.6, 0) },
    league("Denmark", "Øresund Division", "DEN Øresund", &NORDIC, 2.9, 2),
    League { sort: Sort::Cup, ..league("Portugal", "Taça do Interior", "POR Interior Cup", &IBERIAN, 2.5, 2) },
    league("Italy", "Girone Appennino Est", "ITA Appennino E", &ITALIAN, 2.4, 1),
    league("South Korea", "Hangang Amateur League", "KOR Hangang", &EASTERN, 2.5, 1),
    League { side: Side::Women, ..league("Iceland", "Norðurdeild Women", "ISL Norður W", &NORDIC, 3.5, 0) },
    league("Austria", "Alpenliga Mitte", "AUT Alpenliga", &GERMAN, 3.1, 1),
    League { side: Side::Women, ..league("Mexico", "Liga del Bajío Femenil", "MEX Bajío W", &IBERIAN, 2.7, 1) },
    league("Australia", "Southern Gulf Premier League", "AUS Gulf PL", &ENGLISH, 3.2, 1),
    league("Czech Republic", "Liga Tří Řek", "CZE Tří Řek", &SLAVIC, 2.8, 1),
    league("Saudi Arabia", "Najd First Division", "KSA Najd D1", &ARABIC, 2.5, 1),
    League { side: Side::Youth("U20"), ..league("Brazil", "Vale Dourado U20", "BRA Vale U20", &IBERIAN, 2.8, 0) },
    League { sort: Sort::Friendly, ..league("", "Club Friendly Series", "Club Friendly", &ENGLISH, 2.9, 1) },
    League { side: Side::Women, ..league("", "Continental Women's Shield", "Continental Shield W", &FRENCH, 2.9, 2) },
    League { side: Side::Reserves, ..league("England", "Thames Valley Reserve League", "ENG Thames Res.", &ENGLISH, 3.3, 0) },
];

/// The countries of the list; a league's country is one of these.
#[rustfmt::skip]
pub(crate) const COUNTRIES: &[&str] = &[
    "England", "Italy", "Spain", "Germany", "France", "Portugal", "Netherlands", "Scotland", "Sweden", "Norway", "Denmark",
    "Finland", "Iceland", "Poland", "Czech Republic", "Austria", "Switzerland", "Belgium", "Turkey", "Greece", "Romania",
    "Bulgaria", "Serbia", "Croatia", "Slovenia", "Slovakia", "Hungary", "Ukraine", "Ireland", "Wales", "Estonia", "Latvia",
    "Lithuania", "Georgia", "Israel", "Egypt", "Morocco", "Tunisia", "Algeria", "Nigeria", "Ghana", "South Africa", "Kenya",
    "Saudi Arabia", "Qatar", "United Arab Emirates", "Iran", "India", "Japan", "South Korea", "China", "Vietnam", "Thailand",
    "Indonesia", "Australia", "New Zealand", "United States", "Canada", "Mexico", "Costa Rica", "Colombia", "Ecuador", "Peru",
    "Chile", "Argentina", "Uruguay", "Paraguay", "Brazil", "Bolivia", "Venezuela",
];
