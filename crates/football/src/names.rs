//! The words by which files, flags and configuration name our enums, and the error for a word that
//! names none. One helper, so that every enum reads its names the same way: exactly, in lower case.

use std::error::Error;
use std::fmt;

/// A word that names no variant of the enum it was read for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownName {
    what: &'static str,
    name: String,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.what, self.name)
    }
}

impl Error for UnknownName {}

/// The variant of `all` that `as_str` calls `name`; `what` says in the error what was looked for.
pub(crate) fn find<T: Copy>(
    what: &'static str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
    name: &str,
) -> Result<T, UnknownName> {
    all.iter()
        .copied()
        .find(|variant| as_str(*variant) == name)
        .ok_or_else(|| UnknownName {
            what,
            name: name.to_owned(),
        })
}
