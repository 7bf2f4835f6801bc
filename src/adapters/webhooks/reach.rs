//! Which receivers may be called: those on the public internet, over TLS, and of others only those
//! that the user names. What is checked is what is connected to: a name is resolved once, every
//! address that it stands for is checked, and the connection goes to one of these.

use std::sync::Arc;

use reqwest::Url;

use crate::adapters::address;
use crate::adapters::hosts::Hosts;
use crate::adapters::resolver::CheckedResolver;

/// A receiver that may be called.
#[derive(Debug)]
pub(super) struct Reachable {
    pub(super) url: Url,
    resolver: CheckedResolver,
}

impl Reachable {
    /// Checks the address of a receiver, as far as it can be checked before its name is resolved.
    /// The error repeats no more than the host.
    pub(super) fn check(text: &str, allowed: &Hosts) -> Result<Self, String> {
        let text = text.trim();
        // An address of another kind may be no address at all, but a secret in its place.
        let is_web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_web {
            return Err("what it holds is not an `https` address".to_owned());
        }
        let url = address::parse(text)?;
        let is_allowed = allowed.contains(&url);
        let named = address::origin(&url);
        if !is_allowed && url.scheme() != "https" {
            return Err(format!("`{named}` is not https"));
        }
        let resolver = CheckedResolver::new(is_allowed);
        let admitted = resolver.admit_literal(&url);
        admitted.map_err(|why| format!("`{named}` {why}"))?;
        Ok(Self { url, resolver })
    }

    /// What resolves the receiver's name.
    pub(super) fn resolver(&self) -> Arc<CheckedResolver> {
        Arc::new(self.resolver.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::adapters::http;
    use crate::adapters::resolver::Lookup;

    /// Spellings of this machine, of private networks and of metadata services; `PORT` is one at
    /// which somebody listens on loopback.
    const SPELLINGS: &str = include_str!("../../../tests/it/reliability/addresses.json");

    fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    /// Calls a receiver as the sender does; the error, if it cannot be called.
    fn call(reachable: Result<Reachable, String>) -> Result<(), String> {
        let reachable = reachable?;
        let client = http::client()
            .dns_resolver(reachable.resolver())
            .timeout(Duration::from_secs(5))
            .build();
        let request = client.unwrap().post(reachable.url);
        // The clock of the time limit belongs to the runtime that the request is sent on.
        let sent = on_a_runtime(async { request.send().await });
        sent.map(|_| ()).map_err(|error| http::describe(&error))
    }

    /// A listener on loopback that can be asked whether anybody came.
    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn no_spelling_of_a_private_address_is_connected_to() {
        let (listener, port) = listener();
        let spellings: Vec<String> = serde_json::from_str(SPELLINGS).unwrap();
        assert!(spellings.len() > 70);
        for spelling in spellings {
            let url = spelling.replace("PORT", &port.to_string());
            let called = call(Reachable::check(&url, &Hosts::default()));
            assert!(called.is_err(), "{url}");
            assert!(listener.accept().is_err(), "{url}");
        }
        let allowed = Hosts::parse(&format!("127.0.0.1:{port}")).unwrap();
        let url = format!("https://127.0.0.1:{port}/");
        let called = std::thread::spawn(move || call(Reachable::check(&url, &allowed)));
        listener.set_nonblocking(false).unwrap();
        drop(listener.accept().expect("an allowed one is called"));
        drop(listener);
        assert!(called.join().unwrap().is_err(), "nobody spoke TLS there");
    }

    #[test]
    fn a_name_that_points_here_the_second_time_is_not_followed() {
        let (listener, port) = listener();
        let times = Arc::new(AtomicUsize::new(0));
        let answers: [&[&str]; 3] = [&["127.0.0.1"], &["93.184.215.14", "127.0.0.1"], &["::1"]];
        let lookup: Arc<Lookup> = Arc::new(move |_| {
            let answer = answers[times.fetch_add(1, Ordering::SeqCst) % answers.len()];
            let answer = answer.iter().map(|text| text.parse().unwrap()).collect();
            Box::pin(async { Ok(answer) })
        });
        for _ in 0..3 {
            let url = format!("https://rebinding.example.com:{port}/");
            let mut reachable = Reachable::check(&url, &Hosts::default()).unwrap();
            reachable.resolver.lookup = Arc::clone(&lookup);
            let error = call(Ok(reachable)).unwrap_err();
            assert!(error.contains("private network"), "{error}");
            assert!(listener.accept().is_err());
        }
    }

    #[test]
    fn what_is_allowed_may_be_private_but_never_special() {
        let allowed = Hosts::parse("169.254.169.254, 10.0.0.1, 127.0.0.1").unwrap();
        assert!(Reachable::check("https://169.254.169.254/", &allowed).is_err());
        assert!(Reachable::check("https://10.0.0.1/", &allowed).is_ok());
        assert!(Reachable::check("http://127.0.0.1/", &allowed).is_ok());
        assert!(Reachable::check("http://10.0.0.1/", &allowed).is_err());
    }

    #[test]
    fn an_error_repeats_no_more_than_the_host() {
        for url in [
            "https://127.0.0.1/canary?canary",
            "http://example.com/canary",
            "https://u:canary@example.com/",
            "canary",
            "canary://x",
        ] {
            let error = Reachable::check(url, &Hosts::default()).unwrap_err();
            assert!(
                !error.contains("/canary") && !error.contains(":canary"),
                "{error}"
            );
        }
    }
}
