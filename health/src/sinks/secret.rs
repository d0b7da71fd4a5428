//! Addresses and tokens: where they come from, and that they can't be shown.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Text that must never be printed. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Secret {
    /// This text.
    pub(super) fn new(text: &str) -> Secret {
        Secret(text.trim().to_owned())
    }

    /// The text itself, for the request and nothing else.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// From `file`, else from systemd's credential `NAME_WHAT`; none if there is neither.
    pub(super) fn find(
        file: Option<&Path>,
        name: &str,
        what: &str,
    ) -> Result<Option<Secret>, String> {
        let credential = || {
            let folder = env::var_os("CREDENTIALS_DIRECTORY").filter(|value| !value.is_empty())?;
            let path = PathBuf::from(folder).join(format!("{name}_{what}"));
            path.exists().then_some(path)
        };
        let Some(path) = file.map(Path::to_path_buf).or_else(credential) else {
            return Ok(None);
        };
        let text = fs::read_to_string(&path)
            .map_err(|why| format!("failed to read its {what} from `{}`: {why}", path.display()))?;
        if text.trim().is_empty() {
            return Err(format!("`{}` is empty", path.display()));
        }
        Ok(Some(Secret::new(&text)))
    }

    /// `text` without it.
    pub(super) fn scrub(&self, text: &str) -> String {
        if self.0.len() < 4 {
            return text.to_owned();
        }
        text.replace(&self.0, "[hidden]")
    }
}
