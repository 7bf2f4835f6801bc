//! A model server that speaks the OpenAI chat completions format over HTTP.
//!
//! Calls go to the configured address and nowhere else: redirects and proxies are off, and plain
//! HTTP leaves the machine for nobody. The key is sent, and never shown: it is cut out of whatever
//! a server sends back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::digest::Digest;
use crate::domain::project::{Price, ProviderSettings};
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Clock, Provider, ProviderError, ProviderProfile};

use super::SetupError;
use super::{retry, wire};

/// The largest response that is read, in bytes.
const LARGEST_RESPONSE: usize = 16 * 1024 * 1024;

/// The shortest key that is cut out of texts: a shorter one stands in too many words.
const SHORTEST_SECRET: usize = 6;

/// A model server.
pub struct OpenAi<'a> {
    profile: ProviderProfile,
    client: Client,
    address: Url,
    key: Option<String>,
    prices: BTreeMap<String, Price>,
    timeout: Duration,
    max_attempts: u32,
    pacer: Option<Pacer>,
    clock: &'a dyn Clock,
}

/// How one try of a call failed.
struct Failure {
    message: String,
    another_try: bool,
    wish: Option<Duration>,
}

impl<'a> OpenAi<'a> {
    /// A server under a name, with a key and the variable that it comes from.
    pub(super) fn new(
        name: &str,
        settings: &ProviderSettings,
        key: Option<(String, String)>,
        prices: BTreeMap<String, Price>,
        clock: &'a dyn Clock,
    ) -> Result<Self, SetupError> {
        let address = |reason: String| SetupError::Address {
            name: name.to_owned(),
            url: without_credentials(&settings.base_url),
            reason,
        };
        let base = base_url(&settings.base_url).map_err(address)?;
        let client = client(key.as_ref())?
            .build()
            .map_err(|error| address(describe(&error)))?;
        Ok(Self {
            profile: ProviderProfile {
                name: name.to_owned(),
                endpoint: base.to_string(),
                concurrency: settings.concurrency,
                keep_answers: true,
            },
            client,
            address: completions(base),
            key: key.map(|(_, key)| key),
            prices,
            timeout: settings.timeout,
            max_attempts: settings.max_attempts.max(1),
            pacer: settings.requests_per_minute.map(Pacer::new),
            clock,
        })
    }

    async fn call(&self, request: &ModelRequest) -> Result<Answer, ProviderError> {
        let failed = |message: String, attempts| ProviderError::Failed {
            message: self.scrub(&message).into_owned(),
            attempts,
        };
        let body = wire::body(request).map_err(|message| failed(message, 0))?;
        let price = self.prices.get(&request.model.model);
        let digest = request.digest();
        let mut attempt = 1;
        loop {
            if let Some(pacer) = &self.pacer {
                pacer.wait().await;
            }
            let failure = match self.try_once(&body, price).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if !failure.another_try || attempt == self.max_attempts {
                return Err(failed(failure.message, attempt));
            }
            self.rest(attempt, &digest, failure.wish).await;
            attempt += 1;
        }
    }

    async fn rest(&self, attempt: u32, request: &Digest, wish: Option<Duration>) {
        tokio::time::sleep(retry::wait(attempt, request, wish)).await;
    }

    async fn try_once(&self, body: &Value, price: Option<&Price>) -> Result<Answer, Failure> {
        let started = Instant::now();
        let call = async {
            let request = self.client.post(self.address.clone()).json(body);
            let response = request.send().await.map_err(|error| broken(&error))?;
            self.read(response).await
        };
        let Ok(body) = tokio::time::timeout(self.timeout, call).await else {
            let message = format!("no answer within {} s", self.timeout.as_secs_f64());
            return Err(Failure::passing(message));
        };
        let body = body?;
        let latency = started.elapsed();
        let mut answer = wire::read_answer(&body, price).map_err(Failure::lasting)?;
        answer.latency_ms = Some((latency.as_secs_f64() * 1e6).round() / 1e3);
        for text in [Some(&mut answer.output), answer.finish_reason.as_mut()] {
            if let Some(text) = text
                && let Cow::Owned(scrubbed) = self.scrub(text)
            {
                *text = scrubbed;
            }
        }
        Ok(answer)
    }

    /// The body of a successful response.
    async fn read(&self, response: Response) -> Result<Vec<u8>, Failure> {
        let status = response.status();
        let wish = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|header| header.to_str().ok())
            .and_then(|header| retry::read_retry_after(header, self.clock.now()));
        let body = read_body(response).await;
        if status.is_success() {
            return body;
        }
        let said = body.map_or_else(|failure| failure.message, |body| wire::read_error(&body));
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(": {said}")
        };
        Err(Failure {
            message: format!("the server answered with status {}{said}", status.as_u16()),
            another_try: retry::is_worth_another_try(status.as_u16()),
            wish,
        })
    }

    /// The text without the key.
    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.key {
            Some(key) if key.len() >= SHORTEST_SECRET && text.contains(key.as_str()) => {
                Cow::Owned(text.replace(key.as_str(), "[key removed]"))
            }
            _ => Cow::Borrowed(text),
        }
    }
}

impl Provider for OpenAi<'_> {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(self.call(request))
    }
}

impl Failure {
    /// A failure that may pass.
    fn passing(message: String) -> Self {
        Self {
            message,
            another_try: true,
            wish: None,
        }
    }

    /// A failure that another try would meet again.
    fn lasting(message: String) -> Self {
        Self {
            message,
            another_try: false,
            wish: None,
        }
    }
}

/// Spaces the starts of calls evenly.
struct Pacer {
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pacer {
    fn new(requests_per_minute: u32) -> Self {
        Self {
            interval: Duration::from_mins(1) / requests_per_minute.max(1),
            next: Mutex::new(None),
        }
    }

    async fn wait(&self) {
        let start = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let start = next.map_or(now, |next| next.max(now));
            *next = Some(start + self.interval);
            start
        };
        tokio::time::sleep_until(start).await;
    }
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > LARGEST_RESPONSE {
            let message = format!("the answer is larger than {LARGEST_RESPONSE} bytes");
            return Err(Failure::lasting(message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: &reqwest::Error) -> Failure {
    Failure::passing(describe(error))
}

/// An error with its causes, without the address that it repeats.
fn describe(error: &reqwest::Error) -> String {
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

fn client(key: Option<&(String, String)>) -> Result<reqwest::ClientBuilder, SetupError> {
    let mut headers = HeaderMap::new();
    if let Some((variable, key)) = key {
        let value = HeaderValue::from_str(&format!("Bearer {key}"));
        let mut value = value.map_err(|_| SetupError::MalformedKey {
            variable: variable.clone(),
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(Client::builder()
        .default_headers(headers)
        .user_agent(concat!("pointsman/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .tcp_nodelay(true))
}

/// Checks where calls would go.
fn base_url(text: &str) -> Result<Url, String> {
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

fn completions(mut base: Url) -> Url {
    if let Ok(mut segments) = base.path_segments_mut() {
        segments.pop_if_empty().extend(["chat", "completions"]);
    }
    base
}

fn without_credentials(text: &str) -> String {
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
            assert!(base_url(right).is_ok(), "{right}");
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
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_path_is_extended_and_a_query_stays() {
        let address = |base: &str| completions(Url::parse(base).unwrap()).to_string();
        assert_eq!(address("https://h/v1"), "https://h/v1/chat/completions");
        assert_eq!(address("https://h/v1/"), "https://h/v1/chat/completions");
        assert_eq!(address("https://h"), "https://h/chat/completions");
        assert_eq!(
            address("https://h/d?api-version=1"),
            "https://h/d/chat/completions?api-version=1"
        );
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let settings = ProviderSettings {
            base_url: "https://user:hunter22@api.example.com/v1".to_owned(),
            key_env: None,
            concurrency: 1,
            requests_per_minute: None,
            timeout: Duration::from_secs(1),
            max_attempts: 1,
        };
        let clock = crate::adapters::clock::SystemClock;
        let Err(error) = OpenAi::new("x", &settings, None, BTreeMap::new(), &clock) else {
            panic!("an address with a password was accepted");
        };
        assert!(
            !format!("{error} {error:?}").contains("hunter22"),
            "{error}"
        );
    }
}
