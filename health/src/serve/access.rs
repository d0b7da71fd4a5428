//! Who may read: anybody on this machine; anybody else with the token.
//!
//! The token is given as a bearer token, or as the password of HTTP's basic scheme (whatever the user
//! name), which a browser asks for by itself. It never stands in an address, a log or an answer. Without
//! a token only requests to a name of this machine are answered: a page on the web may make a browser
//! ask 127.0.0.1 under the page's own name.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use pipeline::config::Serve;

/// The shortest token that is taken for one.
const SHORTEST: usize = 16;

/// The rule.
#[derive(Clone)]
pub struct Access {
    token: Option<String>,
    hosts: Vec<String>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("token", &self.token.as_ref().map(|_| "(secret)"))
            .field("hosts", &self.hosts)
            .finish()
    }
}

impl Access {
    /// The rule for an address: beyond this machine a token is needed.
    ///
    /// # Errors
    /// In words, when the token is missing, can't be read or is too short.
    pub fn of(settings: &Serve, address: SocketAddr) -> Result<Access, String> {
        let token = token(settings)?;
        if token.is_none() && !address.ip().is_loopback() {
            return Err(format!(
                "{address} can be reached from other machines, so a token is needed: write {SHORTEST} or more \
                 random letters to a file that only you can read and name it with `[serve] token_file` \
                 (or listen on 127.0.0.1, which is the default, and use `ssh -L 8787:127.0.0.1:8787`)"
            ));
        }
        Ok(Access {
            token,
            hosts: settings.hosts.clone(),
        })
    }

    /// Whether a request may be answered, or with what it is refused.
    ///
    /// # Errors
    /// The status: 401 without the token, 403 for a host that is not ours.
    pub fn admits(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let Some(token) = &self.token else {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            return if host.is_some_and(|host| self.ours(host)) {
                Ok(())
            } else {
                Err(StatusCode::FORBIDDEN)
            };
        };
        let given = headers.get(AUTHORIZATION).and_then(given);
        match given {
            Some(given) if same(given.as_bytes(), token.as_bytes()) => Ok(()),
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    }

    fn ours(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        ["localhost", "127.0.0.1", "::1"].contains(&name)
            || self
                .hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}

fn token(settings: &Serve) -> Result<Option<String>, String> {
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
        .map(|folder| Path::new(&folder).join("health_token"))
        .filter(|path| path.is_file());
    let path = match settings.token_file.as_str() {
        "" => credential,
        named => Some(named.into()),
    };
    let Some(path) = path else { return Ok(None) };
    let text = fs::read_to_string(&path)
        .map_err(|why| format!("failed to read the token file `{}`: {why}", path.display()))?;
    let token = text.trim();
    if token.len() < SHORTEST {
        return Err(format!(
            "the token in `{}` is too short: it must have at least {SHORTEST} letters",
            path.display()
        ));
    }
    Ok(Some(token.to_owned()))
}

/// The secret of an `Authorization` header.
fn given(header: &HeaderValue) -> Option<String> {
    let (scheme, rest) = header.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(base64(rest.trim())?).ok()?;
    Some(decoded.split_once(':')?.1.to_owned())
}

/// Compares in a time that does not depend on where the two differ.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    let mut different = u8::from(a.len() != b.len());
    for (at, byte) in b.iter().enumerate() {
        different |= byte ^ a.get(at).copied().unwrap_or(0);
    }
    std::hint::black_box(different) == 0
}

/// The bytes behind base64 text (RFC 4648), padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(token: Option<&str>) -> Access {
        Access {
            token: token.map(str::to_owned),
            hosts: vec!["bot.example".to_owned()],
        }
    }

    fn headers(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn without_a_token_only_names_of_this_machine_are_answered() {
        for (host, admitted) in [
            ("127.0.0.1:8787", true),
            ("localhost", true),
            ("[::1]:8787", true),
            ("Bot.Example:443", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
        ] {
            let found = with(None).admits(&headers(HOST, host)).is_ok();
            assert_eq!(found, admitted, "{host}");
        }
        assert!(with(None).admits(&HeaderMap::new()).is_err());
    }

    #[test]
    fn the_token_opens_as_bearer_and_as_password_and_nothing_else_does() {
        let access = with(Some("correct-horse-battery"));
        for (value, admitted) in [
            ("Bearer correct-horse-battery", true),
            // any:correct-horse-battery
            ("Basic YW55OmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==", true),
            ("Bearer correct-horse-batterx", false),
            ("Bearer correct-horse-battery-", false),
            ("Bearer ", false),
            ("Basic !!!", false),
            ("correct-horse-battery", false),
        ] {
            let found = access.admits(&headers(AUTHORIZATION, value)).is_ok();
            assert_eq!(found, admitted, "{value}");
        }
        assert_eq!(
            access.admits(&headers(HOST, "127.0.0.1")),
            Err(StatusCode::UNAUTHORIZED)
        );
        assert!(!format!("{access:?}").contains("horse"));
    }

    #[test]
    fn an_address_beyond_this_machine_needs_a_token() {
        let settings = Serve::default();
        assert!(Access::of(&settings, "127.0.0.1:1".parse().unwrap()).is_ok());
        assert!(Access::of(&settings, "[::1]:1".parse().unwrap()).is_ok());
        assert!(Access::of(&settings, "0.0.0.0:1".parse().unwrap()).is_err());
    }
}
