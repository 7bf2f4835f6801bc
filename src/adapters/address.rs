//! Where calls may go: over TLS, or not off this machine; and which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Checks an address that calls would go to.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user and password do not belong into an address".to_owned());
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("plain HTTP is for this machine only: use `https`".to_owned()),
        other => Err(format!("`{other}` is not spoken here: use `https`")),
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || literal(url).is_some_and(|address| address.is_loopback())
}

/// The IP address that a URL names as such, however it is spelled there: parsing has made one
/// spelling of all.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// What an IP address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// It is of the public internet.
    Public,
    /// It is this machine, or one of a private network.
    Private,
    /// No server of anybody answers there: link-local (where clouds keep their credentials),
    /// multicast, documentation, addresses that stand for other addresses.
    Special,
}

/// What an IP address is good for, by the special-purpose registries of IANA (RFC 6890).
pub(crate) fn scope(address: IpAddr) -> Scope {
    match address {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(inner) => scope_v4(inner),
            None => scope_v6(address),
        },
    }
}

fn scope_v4(address: Ipv4Addr) -> Scope {
    match address.octets() {
        [127 | 10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            Scope::Private
        }
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Scope::Special,
        _ => Scope::Public,
    }
}

fn scope_v6(address: Ipv6Addr) -> Scope {
    match address.segments() {
        // The metadata service of a cloud, in the midst of private addresses.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Scope::Special,
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Scope::Private,
        // Teredo and other protocol assignments, documentation, and 6to4.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => {
            Scope::Special
        }
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::Special,
    }
}

/// The address for a message: nothing that may be secret, and that is all behind the host.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The address of something below a base. Segments are encoded, so that none can leave its place.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The address for a message: without user and password.
pub(crate) fn without_credentials(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return text.to_owned();
    };
    if url.username().is_empty() && url.password().is_none() {
        return text.to_owned();
    }
    // An address that can have no user has none to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_to_https_or_to_this_machine_and_nowhere_else() {
        for right in [
            "https://api.example.com/v1",
            "http://localhost:11434/v1",
            "http://127.0.0.1:8000",
            "http://[::1]:8000/v1",
        ] {
            assert!(parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "http://api.example.com/v1",
            "http://127.0.0.1.example.com",
            "http://169.254.169.254/",
            "http://localhost.example.com/",
            "http://0.0.0.0/",
            "https://user:pass@api.example.com",
            "file:///etc/passwd",
            "ftp://localhost",
            "api.example.com",
            "",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_is_extended_and_no_segment_leaves_its_place() {
        let address = |base: &str, last: &str| {
            let base = Url::parse(base).unwrap();
            below(&base, &["chat", last]).to_string()
        };
        assert_eq!(address("https://h/v1", "x"), "https://h/v1/chat/x");
        assert_eq!(address("https://h/v1/", "x"), "https://h/v1/chat/x");
        assert_eq!(address("https://h", "x"), "https://h/chat/x");
        assert_eq!(address("https://h", "a/b?c"), "https://h/chat/a%2Fb%3Fc");
        assert_eq!(
            address("https://h/d?api-version=1", "x"),
            "https://h/d/chat/x?api-version=1"
        );
    }

    #[test]
    fn public_private_and_special_addresses_are_told_apart() {
        let scopes = |texts: &[&str]| -> Vec<Scope> {
            let addresses = texts.iter().map(|text| text.parse().unwrap());
            addresses.map(scope).collect()
        };
        let public = [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "::ffff:8.8.8.8",
            "2606:4700::1111",
        ];
        assert_eq!(scopes(&public), [Scope::Public; 6]);
        let private = [
            "127.0.0.1",
            "127.255.0.9",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:127.0.0.1",
        ];
        assert_eq!(scopes(&private), [Scope::Private; 9]);
        let special = [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "ff02::1",
            "::ffff:169.254.169.254",
        ];
        assert_eq!(scopes(&special), [Scope::Special; 16]);
    }

    #[test]
    fn what_is_shown_of_an_address_ends_with_its_host() {
        let url = Url::parse("https://hooks.example.com:8443/secret?key=secret#secret").unwrap();
        assert_eq!(origin(&url), "https://hooks.example.com:8443");
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let shown = without_credentials("https://user:hunter22@api.example.com/v1");
        assert_eq!(shown, "https://api.example.com/v1");
    }
}
