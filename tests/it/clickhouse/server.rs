//! ClickHouse's engine behind HTTP.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use pointsman::adapters::http::client;

use crate::support::source::root;
use crate::support::tools::tools;

/// The password that the server asks for.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// A server, ended when dropped.
pub(crate) struct ClickHouse {
    process: Child,
    pub(crate) url: String,
}

impl ClickHouse {
    /// A server with the collector's tables, where the engine is installed.
    pub(crate) fn start() -> Option<Self> {
        let engine = tools("clickhouse/chdb")? + "/clickhouse";
        let script = root().join("tests/clickhouse/server.py");
        let mut process = Command::new("python3")
            .arg(script)
            .args([engine.as_str(), PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there: `.ci/run` installed the engine with it");
        let output = process.stdout.take().expect("it is piped");
        let mut port = String::new();
        let read = BufReader::new(output).read_line(&mut port);
        read.expect("the server says where it listens");
        let server = Self {
            url: format!("http://127.0.0.1:{}", port.trim()),
            process,
        };
        let tables = std::fs::read_to_string(root().join("tests/clickhouse/tables.sql"));
        server.run(&tables.expect("it is ours"));
        Some(server)
    }

    /// Runs statements, each of which must succeed.
    pub(crate) fn run(&self, statements: &str) {
        for statement in statements.split(";\n").map(str::trim) {
            if !statement.is_empty() {
                self.post("/", statement);
            }
        }
    }

    /// Adds rows to a table.
    pub(crate) fn insert(&self, table: &str, rows: &[serde_json::Value]) {
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        self.post(
            "/",
            &format!(
                "INSERT INTO {table} FORMAT JSONEachRow\n{}",
                rows.join("\n")
            ),
        );
    }

    /// Every question that was asked so far.
    pub(crate) fn asked(&self) -> String {
        self.post("/asked", "")
    }

    fn post(&self, path: &str, body: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has threads");
        runtime.block_on(async {
            let client = client().build().expect("it needs nothing");
            let request = client
                .post(format!("{}{path}", self.url))
                .header("x-clickhouse-key", PASSWORD)
                .body(body.to_owned());
            let response = request.send().await.expect("the server listens");
            let ok = response.status().is_success();
            let text = response.text().await.expect("it is text");
            assert!(ok, "{text}\n{}", &body[..body.len().min(4_000)]);
            text
        })
    }
}

impl Drop for ClickHouse {
    fn drop(&mut self) {
        // What has ended needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
