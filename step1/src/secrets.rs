//! User and secret of the provider's account: where they come from, and that they can't be shown.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use pipeline::Failure;
use pipeline::config::Provider;

/// Text that must never be printed. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself, for the request's query and nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// What the sandbox gets when no credentials are given: no secret at all.
const SANDBOX: &str = "sandbox";

/// The account.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user: Secret,
    pub(crate) secret: Secret,
}

impl Credentials {
    /// The credentials for `provider`. The sandbox takes any pair, so it gets one of its own when none is given.
    pub(crate) fn load(provider: Provider) -> Result<Credentials, Failure> {
        let user = find("USER", "thesports_user")?;
        let secret = find("SECRET", "thesports_secret")?;
        match (user, secret, provider) {
            (Some(user), Some(secret), _) => Ok(Credentials { user, secret }),
            (_, _, Provider::Sandbox) => Ok(Credentials {
                user: Secret(SANDBOX.to_owned()),
                secret: Secret(SANDBOX.to_owned()),
            }),
            (user, _, Provider::Thesports) => {
                let missing = if user.is_none() { "user" } else { "secret" };
                Err(Failure::config(format!(
                    "no TheSports {missing}: set THESPORTS_USER and THESPORTS_SECRET, or FOOTBALL_BOT_THESPORTS_USER_FILE \
                     and FOOTBALL_BOT_THESPORTS_SECRET_FILE, or give systemd the credentials thesports_user and \
                     thesports_secret; to try everything without an account: --provider sandbox"
                )))
            }
        }
    }

    /// `text` without either secret, should one have found its way into a message.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let user = (self.user.0.len() >= 4).then_some(&self.user);
        let forms = user
            .into_iter()
            .chain([&self.secret])
            .flat_map(Secret::forms);
        forms.fold(text.to_owned(), |clean, form| clean.replace(&form, HIDDEN))
    }

    /// A body without the credentials, should the provider have sent them back. The user's name alone may
    /// be a word of the data; it is hidden where it stands as the request had it.
    pub(crate) fn scrub_body(&self, mut body: String) -> String {
        let user = self
            .user
            .forms()
            .into_iter()
            .map(|form| format!("user={form}"));
        for form in user.chain(self.secret.forms()) {
            if body.contains(&form) {
                body = body.replace(&form, HIDDEN);
            }
        }
        body
    }
}

const HIDDEN: &str = "[hidden]";

impl Secret {
    /// As it is, and as a URL and a JSON text would write it. None when it is too short to be told from data.
    fn forms(&self) -> Vec<String> {
        if self.0.len() < 4 || self.0 == SANDBOX {
            return Vec::new();
        }
        let mut url = reqwest::Url::parse("http://x").expect("a constant address");
        url.query_pairs_mut().append_pair("", &self.0);
        let encoded = url
            .query()
            .unwrap_or_default()
            .trim_start_matches('=')
            .to_owned();
        let json = serde_json::to_string(&self.0).unwrap_or_default();
        let json = json[1..json.len().saturating_sub(1)].to_owned();
        let mut forms = vec![
            self.0.clone(),
            // The hexadecimal digits of a URL may be of either case, and a space `+` or `%20`.
            encoded.replace('+', "%20"),
            lower_hex(&encoded),
            lower_hex(&encoded.replace('+', "%20")),
            encoded,
            // PHP escapes slashes.
            json.replace('/', "\\/"),
            json,
        ];
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        forms
    }
}

/// `%2F` as `%2f`.
fn lower_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_at_checked(2) {
        Some((digits, rest)) => text + "%" + &digits.to_ascii_lowercase() + rest,
        None => text + "%" + part,
    })
}

/// The value from the environment, from a file that the environment names, or from systemd's credentials.
fn find(name: &str, credential: &str) -> Result<Option<Secret>, Failure> {
    let variable = |name: String| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(value) = variable(format!("THESPORTS_{name}")) {
        let text = value
            .into_string()
            .map_err(|_| Failure::config(format!("$THESPORTS_{name} is not UTF-8 text")))?;
        return Ok(Some(Secret(text.trim().to_owned())).filter(|secret| !secret.0.is_empty()));
    }
    for file in [
        format!("FOOTBALL_BOT_THESPORTS_{name}_FILE"),
        format!("THESPORTS_{name}_FILE"),
    ] {
        if let Some(path) = variable(file.clone()) {
            return read(Path::new(&path), &format!("the file that ${file} names")).map(Some);
        }
    }
    let path = variable("CREDENTIALS_DIRECTORY".to_owned())
        .map(|folder| PathBuf::from(folder).join(credential));
    match path {
        Some(path) if path.exists() => from_systemd(&path, credential),
        _ => Ok(None),
    }
}

/// A credential of the service; a blank one is how its unit says that none was stored.
fn from_systemd(path: &Path, credential: &str) -> Result<Option<Secret>, Failure> {
    let text = fs::read_to_string(path).map_err(|why| {
        Failure::config(format!("failed to read the credential {credential}: {why}"))
    })?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| Secret(text.to_owned())))
}

fn read(path: &Path, what: &str) -> Result<Secret, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|why| Failure::config(format!("failed to read {what}: {why}")))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::config(format!("{what} is empty")));
    }
    Ok(Secret(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_credential_of_the_service_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("thesports_user");
        for (text, expected) in [("\n", None), ("", None), ("someone\n", Some("someone"))] {
            fs::write(&path, text).unwrap();
            let found = from_systemd(&path, "thesports_user").unwrap();
            assert_eq!(found.as_ref().map(Secret::reveal), expected);
        }
        fs::remove_file(&path).unwrap();
        assert!(from_systemd(&path, "thesports_user").is_err());
    }

    #[test]
    fn a_secret_does_not_show_itself_and_is_scrubbed_from_foreign_messages() {
        let credentials = Credentials {
            user: Secret("someone".to_owned()),
            secret: Secret("s3cr3t-token".to_owned()),
        };
        assert!(!format!("{credentials:?}").contains("s3cr3t"));
        let message = credentials.scrub("error for http://x/?user=someone&secret=s3cr3t-token");
        assert_eq!(message, "error for http://x/?user=[hidden]&secret=[hidden]");
        let encoded = Credentials {
            user: Secret("someone".to_owned()),
            secret: Secret("a/b \"c&d".to_owned()),
        };
        for echoed in [
            "a/b \"c&d",
            "a%2Fb+%22c%26d",
            "a%2fb%20%22c%26d",
            r#"a/b \"c&d"#,
            r#"a\/b \"c&d"#,
        ] {
            assert_eq!(
                encoded.scrub_body(format!("<{echoed}>")),
                "<[hidden]>",
                "{echoed}"
            );
        }
        let body = encoded.scrub_body("?user=someone: someone scored".to_owned());
        assert_eq!(
            body, "?[hidden]: someone scored",
            "a word of the data stays"
        );
    }
}
