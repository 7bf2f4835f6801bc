//! A model server over HTTP, whichever wire format it speaks.
//!
//! Calls go to the configured address and nowhere else: redirects and proxies are off, and plain
//! HTTP leaves the machine for nobody. The key is sent, and kept nowhere here.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use serde_json::Value;
use tokio::time::Instant;

use crate::adapters::hosts::Hosts;
use crate::adapters::resolver::CheckedResolver;
use crate::adapters::{address, http};
use crate::domain::digest::Digest;
use crate::domain::project::{Price, ServerSettings, WireFormat};
use crate::domain::query::Query;
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Clock, Provider, ProviderError, ProviderProfile};

use super::SetupError;
use super::pace::{Pacer, Throttle, TokenPacer};
use super::prices::Prices;
use super::retry::{self, Failure};
use super::wire::{self, Wire};

/// The largest response that is read, in bytes.
const LARGEST_RESPONSE: usize = 16 * 1024 * 1024;

/// A model server.
pub struct Server<'a> {
    profile: ProviderProfile,
    client: Client,
    base: Url,
    wire: Box<dyn Wire>,
    prices: Prices,
    timeout: Duration,
    max_attempts: u32,
    requests: Option<Pacer>,
    tokens: Option<TokenPacer>,
    throttle: Throttle,
    clock: &'a dyn Clock,
}

/// One question to the server, whoever asks it.
struct Exchange<'e> {
    url: Url,
    body: Value,
    digest: Digest,
    model: &'e str,
    read: &'e (dyn Fn(&[u8]) -> Result<Answer, Failure> + Sync),
}

/// What a server is made from, beside its settings.
pub(super) struct ServerSetup<'a> {
    /// The provider's name.
    pub(super) name: &'a str,
    /// The key.
    pub(super) key: Option<Key>,
    /// The only servers that may be asked; absent: any.
    pub(super) hosts: Option<&'a Hosts>,
    /// What its models cost.
    pub(super) prices: Prices,
}

/// A key, and the variable that it comes from.
pub(super) struct Key {
    pub(super) variable: String,
    pub(super) value: String,
}

impl<'a> Server<'a> {
    /// A server.
    pub(super) fn new(
        setup: ServerSetup<'_>,
        settings: &ServerSettings,
        clock: &'a dyn Clock,
    ) -> Result<Self, SetupError> {
        let address = |reason: String| SetupError::Address {
            name: setup.name.to_owned(),
            url: address::without_credentials(&settings.url),
            reason,
        };
        let base = address::parse(&settings.url).map_err(address)?;
        if setup.hosts.is_some_and(|hosts| !hosts.contains(&base)) {
            return Err(SetupError::HostNotAllowed {
                name: setup.name.to_owned(),
                origin: address::origin(&base),
            });
        }
        // Private networks have model servers, too; no network has one where clouds keep their credentials.
        let resolver = CheckedResolver::new(true);
        let admitted = resolver.admit_literal(&base);
        admitted.map_err(|why| address(format!("it {why}")))?;
        let wire = wire::of(&settings.wire).map_err(|reason| SetupError::Template {
            name: setup.name.to_owned(),
            reason,
        })?;
        let headers = headers(wire.as_ref(), settings, setup.key.as_ref())?;
        let client = http::client()
            .default_headers(headers)
            .dns_resolver(Arc::new(resolver))
            .build();
        let client = client.map_err(|error| address(http::describe(&error)))?;
        Ok(Self {
            profile: ProviderProfile {
                name: setup.name.to_owned(),
                endpoint: base.to_string(),
                concurrency: settings.concurrency,
                // A server that grades is its owner's, and may grade otherwise tomorrow.
                keep_answers: settings.wire != WireFormat::Grader,
            },
            client,
            base,
            wire,
            prices: setup.prices,
            timeout: settings.timeout,
            max_attempts: settings.max_attempts.max(1),
            requests: settings.requests_per_minute.map(Pacer::per_minute),
            tokens: settings.tokens_per_minute.map(TokenPacer::per_minute),
            throttle: Throttle::new(settings.concurrency),
            clock,
        })
    }

    async fn call(&self, request: &ModelRequest) -> Result<Answer, ProviderError> {
        let body = self.wire.body(request);
        self.exchange(&Exchange {
            url: self.wire.address(&self.base, request),
            body: body.map_err(|message| failed(message, 0))?,
            digest: request.digest(),
            model: &request.model.model,
            read: &|body| self.wire.read(body),
        })
        .await
    }

    async fn ask(&self, query: &Query) -> Result<Answer, ProviderError> {
        let (url, body) = self
            .wire
            .query(&self.base, &query.task)
            .map_err(|message| failed(message, 0))?;
        self.exchange(&Exchange {
            url,
            body,
            digest: query.digest(),
            model: query.task.model(),
            read: &|body| self.wire.read_query(&query.task, body),
        })
        .await
    }

    /// Asks until there is an answer, or no further try may succeed.
    async fn exchange(&self, exchange: &Exchange<'_>) -> Result<Answer, ProviderError> {
        let mut attempt = 1;
        loop {
            let failure = match self.paced_try(exchange).await {
                Ok(answer) => return Ok(self.finished(exchange.model, answer)),
                Err(failure) => failure,
            };
            if !failure.another_try || attempt == self.max_attempts {
                return Err(failed(failure.message, attempt));
            }
            tokio::time::sleep(retry::wait(attempt, &exchange.digest, failure.wish)).await;
            attempt += 1;
        }
    }

    fn finished(&self, model: &str, mut answer: Answer) -> Answer {
        if answer.cost_usd.is_none() {
            let price = self.prices.of(model);
            answer.cost_usd = price.and_then(|price| price.cost_usd((&answer).into()));
        }
        answer
    }

    /// One try, when the limits let it start.
    async fn paced_try(&self, exchange: &Exchange<'_>) -> Result<Answer, Failure> {
        let permit = self.throttle.enter().await;
        if let Some(requests) = &self.requests {
            requests.wait(1).await;
        }
        let mut thought = 0;
        if let Some(tokens) = &self.tokens {
            thought = tokens.wait(exchange.body.to_string().len()).await;
        }
        let answer = self.try_once(exchange).await;
        match &answer {
            Ok(answer) => {
                permit.succeeded();
                if let (Some(tokens), Some(took)) = (&self.tokens, tokens_of(answer)) {
                    tokens.took(thought, took);
                }
            }
            Err(failure) if failure.too_much => permit.was_too_much(),
            Err(_) => {}
        }
        answer
    }

    async fn try_once(&self, exchange: &Exchange<'_>) -> Result<Answer, Failure> {
        let started = Instant::now();
        let call = async {
            let request = self.client.post(exchange.url.clone()).json(&exchange.body);
            let response = request.send().await.map_err(|error| broken(&error))?;
            self.read(response).await
        };
        let Ok(body) = tokio::time::timeout(self.timeout, call).await else {
            let seconds = self.timeout.as_secs_f64();
            return Err(Failure::passing(format!("no answer within {seconds} s")));
        };
        let body = body?;
        let latency = started.elapsed();
        let mut answer = (exchange.read)(&body)?;
        answer.latency_ms = Some((latency.as_secs_f64() * 1e6).round() / 1e3);
        Ok(answer)
    }

    /// The body of a successful response.
    async fn read(&self, response: Response) -> Result<Vec<u8>, Failure> {
        let status = response.status();
        let wish = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|header| header.to_str().ok())
            .and_then(|header| http::read_retry_after(header, self.clock.now()));
        let body = read_body(response).await;
        if status.is_success() {
            return body;
        }
        let said = body.map_or_else(|failure| failure.message, |body| wire::read_error(&body));
        Err(Failure::of_status(status.as_u16(), &said, wish))
    }
}

impl Provider for Server<'_> {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.prices.of(model)
    }

    fn accepts(&self, request: &ModelRequest) -> Result<(), String> {
        self.wire.body(request).map(|_| ())
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(self.call(request))
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        self.wire.query(&self.base, &query.task).map(|_| ())
    }

    fn consult<'q>(&'q self, query: &'q Query) -> BoxFuture<'q, Result<Answer, ProviderError>> {
        Box::pin(self.ask(query))
    }
}

fn failed(message: String, attempts: u32) -> ProviderError {
    ProviderError::Failed { message, attempts }
}

fn tokens_of(answer: &Answer) -> Option<u64> {
    let output = answer.output_tokens.unwrap_or(0);
    Some(answer.input_tokens?.saturating_add(output))
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let too_large = || {
        Failure::lasting(format!(
            "the answer is larger than {LARGEST_RESPONSE} bytes"
        ))
    };
    if response
        .content_length()
        .is_some_and(|length| length > LARGEST_RESPONSE as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > LARGEST_RESPONSE {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: &reqwest::Error) -> Failure {
    Failure::passing(http::describe(error))
}

/// The headers of every request: the wire format's own, and the one with the key.
fn headers(
    wire: &dyn Wire,
    settings: &ServerSettings,
    key: Option<&Key>,
) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    for (name, value) in wire.headers() {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    let Some(key) = key else {
        return Ok(headers);
    };
    let malformed = || SetupError::MalformedKey {
        variable: key.variable.clone(),
    };
    let (name, prefix) = match &settings.key_header {
        Some(name) => (name.as_str(), ""),
        None => wire.key_header(),
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed())?;
    let value = HeaderValue::from_str(&format!("{prefix}{}", key.value));
    let mut value = value.map_err(|_| malformed())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(headers)
}
