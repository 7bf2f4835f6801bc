//! One way to call servers: no redirects, no proxies, and errors that repeat no address.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// What every client of ours starts from. From the first on, the process has a provider of ciphers.
pub fn client() -> ClientBuilder {
    // Fails where a client was made before, and then the provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("pointsman/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
}

/// An error with its causes, without the address that it repeats.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    };
    match causes.last() {
        Some(last) => format!("{what}: {last}"),
        None => what.to_owned(),
    }
}

/// Reads a `Retry-After` header: a number of seconds or an HTTP date.
pub(super) fn read_retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(header).ok()?;
    let wait = date.as_millisecond() - now.as_millisecond();
    Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        let read = |header| read_retry_after(header, now);
        assert_eq!(read(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(
            read("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(read("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-1"), None);
    }
}
