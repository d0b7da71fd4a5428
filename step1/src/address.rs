//! Where the requests go: the provider's address, and through which proxy.

use std::net::IpAddr;

use feed::endpoint;
use pipeline::Failure;
use pipeline::config::{Feed, Provider};
use reqwest::Url;

/// Where the sandbox listens unless it is told otherwise.
const SANDBOX_URL: &str = "http://127.0.0.1:8788";

/// Through which proxy the requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// The one that the environment names, if it names one.
    Environment,
    /// Straight.
    None,
    /// This one.
    This(String),
}

impl Proxy {
    /// Over https a proxy sees only the provider's name; over plain http it would see the whole query, so
    /// only somebody who names it for this purpose gets it. What is on this machine needs none.
    pub(crate) fn of(base: &Url, setting: &str) -> Proxy {
        match setting {
            _ if is_loopback(base) => Proxy::None,
            "" if base.scheme() == "https" => Proxy::Environment,
            "" | "none" => Proxy::None,
            address => Proxy::This(address.to_owned()),
        }
    }
}

/// Whether the environment names a proxy for https.
pub(crate) fn environment_proxy() -> bool {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

pub(crate) fn base_url(feed: &Feed) -> Result<Url, Failure> {
    let base = match (feed.base_url.trim_end_matches('/'), feed.provider) {
        ("", Provider::Thesports) => endpoint::BASE_URL,
        ("", Provider::Sandbox) => SANDBOX_URL,
        (other, _) => other,
    };
    match Url::parse(base) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            Ok(url)
        }
        // The address is not repeated: somebody may have put a secret into it.
        _ => Err(Failure::config(
            "[feed] base_url is no address such as `https://api.example.com` (without a query)",
        )),
    }
}

pub(crate) fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_query_is_refused_without_repeating_it() {
        let feed = Feed {
            base_url: "http://127.0.0.1:1/?secret=hush".to_owned(),
            ..Feed::default()
        };
        let failure = base_url(&feed).unwrap_err();
        assert!(!failure.message.contains("hush"));
    }

    #[test]
    fn the_environment_s_proxy_is_for_https_only() {
        let proxy = |base: &str, proxy: &str| Proxy::of(&Url::parse(base).unwrap(), proxy);
        assert_eq!(proxy("https://api.example.com", ""), Proxy::Environment);
        assert_eq!(proxy("http://api.example.com", ""), Proxy::None);
        assert_eq!(proxy("https://api.example.com", "none"), Proxy::None);
        assert_eq!(proxy("http://localhost:8788", "http://p:1"), Proxy::None);
        assert_eq!(
            proxy("http://api.example.com", "http://p:1"),
            Proxy::This("http://p:1".to_owned())
        );
    }
}
