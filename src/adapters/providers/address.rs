//! Where calls may go: over TLS, or not off this machine.

use reqwest::Url;

/// Checks an address that calls would go to.
pub(super) fn parse(text: &str) -> Result<Url, String> {
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
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The address of something below a base. Segments are encoded, so that none can leave its place.
pub(super) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The address for a message: without user and password.
pub(super) fn without_credentials(text: &str) -> String {
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
    fn a_password_in_an_address_is_not_shown() {
        let shown = without_credentials("https://user:hunter22@api.example.com/v1");
        assert_eq!(shown, "https://api.example.com/v1");
    }
}
