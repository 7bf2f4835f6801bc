//! Servers that a user names in the environment.

use reqwest::Url;

/// Servers, by host and port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<(String, Option<u16>)>);

impl Hosts {
    /// Reads a list like `hooks.internal, 127.0.0.1:8080`. Without a port, every port is meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names.map(host).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address is at one of them.
    pub(super) fn contains(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default();
        let matches = |(name, wanted): &(String, Option<u16>)| {
            name == host && wanted.is_none_or(|wanted| Some(wanted) == port)
        };
        self.0.iter().any(matches)
    }
}

/// Reads `host` or `host:port`, in the one spelling that URLs have for it.
fn host(name: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || format!("`{name}` is not a host, with a port or without one");
    let url = Url::parse(&format!("https://{name}/")).map_err(|_| wrong())?;
    let rest_is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !rest_is_plain || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong());
    }
    let host = url.host_str().ok_or_else(wrong)?;
    // The parser drops a port that the scheme implies.
    let port = if name.ends_with(":443") {
        Some(443)
    } else {
        url.port()
    };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_hosts_and_ports_and_nothing_else() {
        let hosts = Hosts::parse("Hooks.internal, 127.0.0.1:8080,[::1]:443").unwrap();
        let contains = |url: &str| hosts.contains(&Url::parse(url).unwrap());
        assert!(contains("https://hooks.internal/x"));
        assert!(contains("https://hooks.internal:9000/"));
        assert!(contains("http://127.0.0.1:8080/") && !contains("http://127.0.0.1:8081/"));
        assert!(contains("https://[::1]/") && !contains("https://[::1]:8443/"));
        assert!(!contains("https://x.hooks.internal/"));
        for wrong in [
            "a/b",
            "user@host",
            "https://host",
            "host:x",
            "a b",
            "host?x",
        ] {
            assert!(Hosts::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Hosts::parse(" , "), Ok(Hosts::default()));
    }
}
