//! Asks ClickHouse over its HTTP interface, and reads its answer line by line.

use std::ops::ControlFlow;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::adapters::{address, http};
use crate::domain::project::ClickHouseSettings;
use crate::engine::ports::traces::TraceStoreError;

use super::parameters::Parameters;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest line of an answer: one span with all that was said in it.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// The most of an error's text that is repeated, in characters, and that is read, in bytes.
const LONGEST_MESSAGE: usize = 400;
const LONGEST_ERROR: usize = 64 * 1024;

/// Where the server is and who asks: from the environment, at the moment of asking.
#[derive(Clone)]
pub struct Access {
    /// The address of the HTTP interface.
    pub url: String,
    /// The user; absent: the server's default.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
}

/// A connection to a server.
pub(super) struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    url: Url,
    password: Option<String>,
    timeout: Duration,
}

impl Client {
    /// A connection. Nothing is sent yet.
    pub(super) fn new(
        settings: &ClickHouseSettings,
        access: &Access,
    ) -> Result<Self, TraceStoreError> {
        let variable = &settings.url_env;
        let mut url = address::parse(&access.url).map_err(|why| TraceStoreError {
            message: format!("the variable `{variable}` cannot be used: {why}"),
            hint: Some(format!(
                "set `{variable}` to the HTTP interface of ClickHouse, such as \
                 `https://clickhouse.example.com:8443`"
            )),
            remote: false,
        })?;
        url.query_pairs_mut()
            .append_pair("database", &settings.database);
        let headers = headers(settings, access)?;
        let http = http::client()
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .build();
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            runtime: runtime.map_err(|error| failed(&error.to_string()))?,
            http: http.map_err(|error| failed(&http::describe(&error)))?,
            url,
            password: access.password.clone(),
            timeout: settings.timeout,
        })
    }

    /// Asks a question, and hands over each row of the answer: a list of values.
    pub(super) fn rows(
        &self,
        sql: &str,
        parameters: &Parameters,
        each: &mut dyn FnMut(Vec<Json>) -> Result<ControlFlow<()>, TraceStoreError>,
    ) -> Result<(), TraceStoreError> {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(parameters.pairs());
        let body = format!("{sql}\nFORMAT JSONCompactEachRow");
        self.runtime.block_on(async {
            let sent = self.in_time(self.http.post(url).body(body).send()).await;
            let mut response = sent?;
            if !response.status().is_success() {
                let status = response.status();
                let text = self.in_time(error_text(&mut response)).await?;
                return Err(self.refused(status.as_u16(), &text));
            }
            let mut rest: Vec<u8> = Vec::new();
            let mut since = Instant::now();
            while let Some(chunk) = self.in_time_since(since, response.chunk()).await? {
                let mut chunk = &chunk[..];
                while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
                    rest.extend_from_slice(&chunk[..end]);
                    chunk = &chunk[end + 1..];
                    if each(self.row(&rest)?)?.is_break() {
                        return Ok(());
                    }
                    rest.clear();
                    since = Instant::now();
                }
                rest.extend_from_slice(chunk);
                if rest.len() > LONGEST_LINE {
                    return Err(failed("ClickHouse sent a row of more than 64 MiB"));
                }
            }
            if rest.is_empty() {
                return Ok(());
            }
            each(self.row(&rest)?).map(|_| ())
        })
    }

    /// What a server does, if it does it in time.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, TraceStoreError> {
        self.in_time_since(Instant::now(), work).await
    }

    /// The same, where the time has begun already: a byte now and then is no answer.
    async fn in_time_since<T>(
        &self,
        since: Instant,
        work: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, TraceStoreError> {
        match tokio::time::timeout_at(since + self.timeout, work).await {
            Ok(done) => done.map_err(|error| self.broken(&http::describe(&error))),
            Err(_) => Err(self.broken(&format!("no answer within {} s", self.timeout.as_secs()))),
        }
    }

    /// The rows of an answer that is known to be short.
    pub(super) fn all(
        &self,
        sql: &str,
        parameters: &Parameters,
    ) -> Result<Vec<Vec<Json>>, TraceStoreError> {
        let mut rows = Vec::new();
        self.rows(sql, parameters, &mut |row| {
            rows.push(row);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// A line is a list, or what ClickHouse says when it gives up in the middle of an answer.
    fn row(&self, line: &[u8]) -> Result<Vec<Json>, TraceStoreError> {
        let text = String::from_utf8_lossy(line);
        serde_json::from_str(&text).map_err(|_| self.refused(200, &text))
    }

    fn broken(&self, why: &str) -> TraceStoreError {
        TraceStoreError {
            message: format!(
                "ClickHouse at {} cannot be asked: {why}",
                address::origin(&self.url)
            ),
            hint: Some(
                "check that it runs and can be reached from here; `timeout` of `[traces]` says how \
                 long it is waited for"
                    .to_owned(),
            ),
            remote: true,
        }
    }

    fn refused(&self, status: u16, text: &str) -> TraceStoreError {
        let mut text = text.trim().to_owned();
        if let Some(password) = self.password.as_deref().filter(|it| !it.is_empty()) {
            text = text.replace(password, "***");
        }
        if let Some((cut, _)) = text.char_indices().nth(LONGEST_MESSAGE) {
            text.truncate(cut);
            text.push('…');
        }
        let hint = match status {
            401 | 403 => "check the user and the password in the environment",
            404 => "check `database`, `table` and `logs_table` of `[traces]`",
            _ => "the message is ClickHouse's own; `docs/clickhouse.md` says what is asked of it",
        };
        TraceStoreError {
            message: format!(
                "ClickHouse at {} refused the question ({status}): {text}",
                address::origin(&self.url)
            ),
            hint: Some(hint.to_owned()),
            remote: true,
        }
    }
}

/// The beginning of what a server says about an error.
async fn error_text(response: &mut reqwest::Response) -> reqwest::Result<String> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        text.extend_from_slice(&chunk);
        if text.len() >= LONGEST_ERROR {
            text.truncate(LONGEST_ERROR);
            break;
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn headers(settings: &ClickHouseSettings, access: &Access) -> Result<HeaderMap, TraceStoreError> {
    let mut headers = HeaderMap::new();
    let named = [
        ("x-clickhouse-user", &access.user, &settings.user_env),
        ("x-clickhouse-key", &access.password, &settings.password_env),
    ];
    for (header, value, variable) in named {
        let Some(value) = value else { continue };
        let mut value = HeaderValue::from_str(value).map_err(|_| TraceStoreError {
            message: format!("the variable `{variable}` holds what no header can carry"),
            hint: None,
            remote: false,
        })?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// An error that is nobody's fault but the answer's.
pub(super) fn failed(message: &str) -> TraceStoreError {
    TraceStoreError {
        message: message.to_owned(),
        hint: None,
        remote: true,
    }
}
