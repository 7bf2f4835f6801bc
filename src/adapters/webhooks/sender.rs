//! Sends one message to one receiver, once.
//!
//! Addresses, secrets and tokens come from the environment at this moment and go nowhere else.
//! What the receiver says beyond its status is not read: it is nobody's business here, and could be
//! large.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Url};

use crate::adapters::hosts::Hosts;
use crate::adapters::{address, http};
use crate::domain::webhook::delivery::{Answer, Delivery};
use crate::domain::webhook::signature::{
    ID_HEADER, SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, sign,
};
use crate::domain::webhook::{Webhook, WebhookFormat};
use crate::engine::ports::Clock;

use super::reach::Reachable;

/// The version of GitHub's interface that `repository_dispatch` is sent to.
const GITHUB_VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");

/// Variables of the environment, by name.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What sending needs of its surroundings.
pub struct Surroundings<'a> {
    /// Looks up a variable of the environment.
    pub variable: Box<Variables<'a>>,
    /// Receivers off the public internet that may be called.
    pub allowed: Hosts,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// A receiver that can be sent to.
pub(super) struct Receiver {
    client: Client,
    url: Url,
    key: Key,
}

enum Key {
    Secrets(Vec<SigningSecret>),
    Token(HeaderValue),
}

impl Receiver {
    /// The receiver that a webhook names. The error says which variable is missing or wrong, and
    /// never what it holds.
    pub(super) fn of(webhook: &Webhook, around: &Surroundings<'_>) -> Result<Self, String> {
        let name = &webhook.url_env;
        let missing = |name: &str| format!("the variable `{name}` is not set here");
        let text = (around.variable)(name).ok_or_else(|| missing(name))?;
        let reachable = Reachable::check(&text, &around.allowed)
            .map_err(|why| format!("the variable `{name}` cannot be used: {why}"))?;
        let key = match &webhook.format {
            WebhookFormat::Standard { secret_env } => Key::Secrets(secrets(secret_env, around)?),
            WebhookFormat::Github { token_env } => {
                let token = (around.variable)(token_env).ok_or_else(|| missing(token_env))?;
                let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
                    .map_err(|_| format!("the variable `{token_env}` does not hold a token"))?;
                value.set_sensitive(true);
                Key::Token(value)
            }
        };
        let client = http::client()
            .dns_resolver(reachable.resolver())
            .build()
            .map_err(|error| http::describe(&error))?;
        Ok(Self {
            client,
            url: reachable.url,
            key,
        })
    }

    /// The receiver's address as it may be shown.
    pub(super) fn origin(&self) -> String {
        address::origin(&self.url)
    }

    /// Tries once to send a message.
    pub(super) async fn send(
        &self,
        delivery: &Delivery,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> (Timestamp, Answer) {
        let at = clock.now();
        let request = self
            .client
            .post(self.url.clone())
            .timeout(timeout)
            .headers(self.headers(delivery, at))
            .body(delivery.body.clone());
        let answer = match request.send().await {
            Err(error) if error.is_timeout() => Answer::Failed {
                reason: format!("no answer within {} s", timeout.as_secs()),
            },
            Err(error) => Answer::Failed {
                reason: http::describe(&error),
            },
            Ok(response) => {
                let header = response.headers().get(RETRY_AFTER);
                let wish = header
                    .and_then(|header| header.to_str().ok())
                    .and_then(|header| http::read_retry_after(header, clock.now()));
                Answer::of_status(response.status().as_u16(), wish)
            }
        };
        (at, answer)
    }

    fn headers(&self, delivery: &Delivery, at: Timestamp) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = |text: String| {
            HeaderValue::from_str(&text).expect("our ids, numbers and base64 are plain text")
        };
        match &self.key {
            Key::Secrets(secrets) => {
                let signature = sign(secrets, &delivery.message, at, delivery.body.as_bytes());
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(ID_HEADER, value(delivery.message.clone()));
                headers.insert(TIMESTAMP_HEADER, value(at.as_second().to_string()));
                headers.insert(SIGNATURE_HEADER, value(signature));
            }
            Key::Token(token) => {
                let json = HeaderValue::from_static("application/vnd.github+json");
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(ACCEPT, json);
                headers.insert(GITHUB_VERSION.0, HeaderValue::from_static(GITHUB_VERSION.1));
                headers.insert(AUTHORIZATION, token.clone());
            }
        }
        headers
    }
}

/// The secrets that are set here: while they rotate, one of them is enough.
fn secrets(names: &[String], around: &Surroundings<'_>) -> Result<Vec<SigningSecret>, String> {
    let mut secrets = Vec::new();
    for name in names {
        if let Some(text) = (around.variable)(name) {
            let secret = SigningSecret::parse(&text)
                .map_err(|error| format!("the variable `{name}` cannot be used: {error}"))?;
            secrets.push(secret);
        }
    }
    if secrets.is_empty() {
        return Err(format!(
            "no signing secret is set here: `{}`",
            names.join("`, `")
        ));
    }
    Ok(secrets)
}
