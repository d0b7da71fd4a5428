//! What a request asks, and who asks.

use std::fmt;

use axum::extract::Query;
use axum::http::Uri;

/// Where the provider's football interface lies.
const PREFIX: &str = "/v1/football/";

/// A request: the path behind the prefix, and the parameters.
#[derive(Debug)]
pub(super) struct Ask {
    /// `None` outside the football interface.
    path: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Ask {
    /// What a request to `uri` asks.
    pub fn new(uri: &Uri) -> Ask {
        let path = uri.path().strip_prefix(PREFIX);
        let parameters = Query::<Vec<(String, String)>>::try_from_uri(uri);
        Ask {
            path: path.map(|path| path.trim_end_matches('/').to_owned()),
            parameters: parameters.map(|Query(pairs)| pairs).unwrap_or_default(),
        }
    }

    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    /// The last parameter of this name, as PHP takes it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.parameters.iter().rev();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All of them, name and value, in their order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.parameters.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A whole number; `None` when the parameter is missing or no number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.trim().parse().ok()
    }
}

/// Who is let in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Anybody who gives a user and a secret.
    Any,
    /// This user with this secret.
    Only {
        /// The `user` parameter.
        user: String,
        /// The `secret` parameter.
        secret: String,
    },
}

impl Credentials {
    pub(super) fn admit(&self, ask: &Ask) -> bool {
        let given = |name| ask.parameter(name).filter(|value| !value.is_empty());
        let (Some(given_user), Some(given_secret)) = (given("user"), given("secret")) else {
            return false;
        };
        match self {
            Credentials::Any => true,
            Credentials::Only { user, secret } => given_user == user && given_secret == secret,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credentials::Any => f.write_str("Any"),
            Credentials::Only { .. } => f.write_str("Only(…)"),
        }
    }
}
