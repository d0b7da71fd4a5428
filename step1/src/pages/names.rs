//! Whether two names mean the same club: the same letters, never a guess.
//!
//! Case, accents and punctuation don't count, nor does an affix such as `FC`, unless both names have one and
//! they differ (`FC` and `SC` of one town are two clubs). Words that make another team, `U19`, `II`, `(W)`, do.

use std::collections::BTreeSet;

use icu_normalizer::DecomposingNormalizerBorrowed;

const AFFIXES: [&str; 12] = [
    "fc", "cf", "afc", "cfc", "sc", "ac", "fk", "sk", "bk", "cd", "if", "kf",
];

/// A name as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    words: Vec<String>,
    affixes: BTreeSet<String>,
}

impl Name {
    pub(super) fn of(text: &str) -> Name {
        let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
        let mut plain = String::new();
        for c in decomposed.to_lowercase().chars() {
            match c {
                // Letters that no decomposition takes apart.
                'ø' => plain.push('o'),
                'ł' => plain.push('l'),
                'đ' | 'ð' => plain.push('d'),
                'ı' => plain.push('i'),
                'ß' => plain.push_str("ss"),
                'æ' => plain.push_str("ae"),
                'œ' => plain.push_str("oe"),
                'þ' => plain.push_str("th"),
                // An apostrophe or a dot joins (`O'Higgins`, `F.C.`); everything else parts.
                '\'' | '’' | '.' | '\u{300}'..='\u{36f}' => {}
                c if c.is_alphanumeric() => plain.push(c),
                _ => plain.push(' '),
            }
        }
        let is_affix = |word: &&str| AFFIXES.contains(word);
        let (affixes, words): (Vec<&str>, Vec<&str>) = plain
            .split(' ')
            .filter(|w| !w.is_empty())
            .partition(is_affix);
        if words.is_empty() {
            // The name is made of affixes; then they are the name.
            return Name {
                words: affixes.into_iter().map(str::to_owned).collect(),
                affixes: BTreeSet::new(),
            };
        }
        Name {
            words: words.into_iter().map(str::to_owned).collect(),
            affixes: affixes.into_iter().map(str::to_owned).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether both mean the same club.
    pub(super) fn means(&self, other: &Name) -> bool {
        self.words == other.words
            && (self.affixes.is_subset(&other.affixes) || other.affixes.is_subset(&self.affixes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        Name::of(a).means(&Name::of(b)) && Name::of(b).means(&Name::of(a))
    }

    #[test]
    fn spelling_does_not_count_and_words_do() {
        for (a, b) in [
            ("FC Bayern München", "bayern munchen"),
            ("Brøndby IF", "Brondby"),
            ("Łódź", "LODZ"),
            ("São Paulo F.C.", "Sao  Paulo"),
            ("O'Higgins", "O’Higgins"),
            ("Atlético-Madrid", "Atletico Madrid"),
            ("Bodø/Glimt", "Bodo Glimt"),
            ("ＡＦＣ Ajax", "Ajax"),
            ("Динамо Київ", "ДИНАМО КИЇВ"),
        ] {
            assert!(same(a, b), "{a} and {b}");
        }
        for (a, b) in [
            ("FC Freiburg", "SC Freiburg"),
            ("Barcelona", "Barcelona II"),
            ("Arsenal", "Arsenal (W)"),
            ("Chelsea U19", "Chelsea U21"),
            ("Manchester United", "Man Utd"),
            ("FC", "AC"),
            ("Inter", "Inter Miami"),
        ] {
            assert!(!same(a, b), "{a} and {b}");
        }
        assert!(Name::of(" - ").is_empty());
    }
}
