//! Traces in ClickHouse: its own engine answers every question as our own store does.

mod duckdb;
mod server;
mod telemetry;

use std::ops::{ControlFlow, Range};

use pointsman::adapters::clickhouse::{Access, ClickHouseStore, ddl};
use pointsman::adapters::traces::FileTraceStore;
use pointsman::domain::project::ClickHouseSettings;
use pointsman::domain::redaction::Redaction;
use pointsman::domain::trace::column::Column;
use pointsman::domain::trace::filter::{Filter, TimeRange};
use pointsman::domain::trace::query::{Level, Measure, Measured, TraceQuery};
use pointsman::domain::trace::span::Span;
use pointsman::engine::ports::traces::TraceStore;
use pointsman::engine::traces::import::{ImportFile, import};
use pointsman::engine::traces::intake::Intake;
use pointsman::engine::traces::map::Mapper;
use pointsman::engine::traces::map::cost::TracePrices;
use pointsman::engine::traces::redact::Redactor;

use crate::support::sandbox::Sandbox;
use crate::trace_store::Store;
use crate::trace_store::answers::{same_measured, same_table};
use crate::trace_store::generated::Dice;
use crate::trace_store::questions::Questions;
use server::{ClickHouse, PASSWORD};
use telemetry::Telemetry;

/// How many questions of each sort are asked.
const QUESTIONS: u64 = 25;

/// When the second half of it began and ended.
const WINDOW: &str = "2026-03-02T00:00:00Z..2026-03-02T02:00:00Z";

/// What both stores hold.
struct Both {
    telemetry: Telemetry,
    server: ClickHouse,
    files: Store,
}

impl Both {
    /// Two stores with the same telemetry, where the engine is installed.
    fn filled() -> Option<Self> {
        let server = ClickHouse::start()?;
        let telemetry = Telemetry::new(5, 500);
        server.insert("otel_traces", &telemetry.spans);
        server.insert("otel_logs", &telemetry.logs);
        let files = Store::new();
        import_into(&files, &telemetry.otlp);
        Some(Self {
            telemetry,
            server,
            files,
        })
    }

    fn clickhouse(&self) -> ClickHouseStore {
        let access = Access {
            url: self.server.url.clone(),
            user: None,
            password: Some(PASSWORD.to_owned()),
        };
        let store = ClickHouseStore::open(
            &ClickHouseSettings::default(),
            &access,
            TracePrices::default(),
            redactor(),
        );
        store.expect("the server answers")
    }

    fn files(&self) -> FileTraceStore {
        self.files.store()
    }
}

fn redactor() -> Redactor {
    Redactor::new(&Redaction::default(), None)
}

fn import_into(store: &Store, otlp: &str) {
    let bytes = otlp.as_bytes().to_vec();
    let file = ImportFile {
        name: "telemetry.jsonl".to_owned(),
        open: Box::new(move || Ok(Box::new(std::io::Cursor::new(bytes)))),
    };
    let intake = Intake::new(Mapper::new(TracePrices::default()), redactor());
    let mut sink = store.sink();
    let report = import([file].into_iter(), intake, false, &mut sink, &mut |_, _| {});
    report.expect("it is telemetry");
    sink.roll().expect("the disk has room");
}

#[track_caller]
fn assert_same_spans(found: &[Span], expected: &[Span]) {
    let ids = |spans: &[Span]| -> Vec<String> {
        let ids = spans
            .iter()
            .map(|it| format!("{}:{}", it.trace_id, it.span_id));
        ids.collect()
    };
    assert_eq!(ids(found), ids(expected));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected);
    }
}

/// Asks both stores the same questions, and compares what they say.
fn assert_same_answers(clickhouse: &dyn TraceStore, files: &dyn TraceStore, seeds: Range<u64>) {
    for seed in seeds {
        let query = Questions(Dice(seed)).query();
        let expected = files.aggregate(&query).expect("the store can be read");
        let found = clickhouse.aggregate(&query).expect("the server answers");
        assert!(
            same_table(&found, &expected),
            "{query:#?}\nfound {found:#?}\nexpected {expected:#?}"
        );
        let request = Questions(Dice(seed)).measure_request();
        let measured = |store: &dyn TraceStore| {
            let mut measured: Vec<Measured> = Vec::new();
            let read = store.measure(&request, &mut |one| {
                measured.push(one);
                ControlFlow::Continue(())
            });
            read.expect("the store can be read");
            measured
        };
        let (mut found, mut expected) = (measured(clickhouse), measured(files));
        assert!(
            same_measured(&mut found, &mut expected),
            "{request:#?}\nfound {found:#?}\nexpected {expected:#?}"
        );
        let request = Questions(Dice(seed)).span_request();
        let spans = |store: &dyn TraceStore| {
            let mut spans: Vec<Span> = Vec::new();
            let read = store.spans(&request, &mut |span| {
                spans.push(span);
                ControlFlow::Continue(())
            });
            read.expect("the store can be read");
            spans
        };
        assert_same_spans(&spans(clickhouse), &spans(files));
    }
}

#[test]
fn every_answer_is_that_of_our_own_store_with_and_without_columns_of_ours() {
    let Some(both) = Both::filled() else { return };
    assert_same_answers(&both.clickhouse(), &both.files(), 0..QUESTIONS);
    both.server
        .run(&ddl("otel_traces", &TracePrices::default()));
    assert_same_answers(&both.clickhouse(), &both.files(), QUESTIONS..2 * QUESTIONS);
    let before = both.server.asked().lines().count();
    let cost = TraceQuery {
        level: Level::Trace,
        range: TimeRange::ALWAYS,
        filter: Filter::is(Column::Lane, "canary"),
        group_by: vec![Column::Model],
        bucket: None,
        measures: vec![Measure::Sum(Column::Cost), Measure::ErrorRate],
        top: None,
    };
    both.clickhouse()
        .aggregate(&cost)
        .expect("the server answers");
    let asked = both.server.asked();
    let reads_maps = |line: &str| line.contains("SpanAttributes");
    assert!(
        !asked.lines().skip(before).any(reads_maps),
        "columns of ours are there to be used"
    );
}

#[test]
fn whole_traces_their_scores_and_what_there_is_are_the_same() {
    let Some(both) = Both::filled() else { return };
    let (clickhouse, files) = (both.clickhouse(), both.files());
    let mut request = Questions(Dice(0)).measure_request();
    request.level = Level::Trace;
    request.filter = Filter::Everything;
    request.range = TimeRange::ALWAYS;
    let mut traces = Vec::new();
    let read = files.measure(&request, &mut |one| {
        traces.push(one.trace);
        ControlFlow::Continue(())
    });
    read.expect("the store can be read");
    assert!(traces.len() > 50, "{}", traces.len());
    for trace in &traces {
        let spans = |store: &dyn TraceStore| store.trace(trace).expect("the store can be read");
        assert_same_spans(&spans(&clickhouse), &spans(&files));
    }
    let of_first = &traces[..7];
    let scores = |store: &dyn TraceStore| {
        let spans = of_first
            .iter()
            .flat_map(|trace| store.trace(trace).expect("it can be read"));
        let spans: Vec<Span> = spans.collect();
        let mut scores = store.scores_of(of_first).expect("the store can be read");
        scores.retain(|score| {
            of_first.contains(&score.trace_id) || spans.iter().any(|span| score.is_of(span))
        });
        scores.sort_by_cached_key(|score| format!("{score:?}"));
        scores
    };
    let (found, expected) = (scores(&clickhouse), scores(&files));
    assert!(expected.iter().any(|score| score.trace_id.is_empty()));
    assert_eq!(found, expected);
    let (found, expected) = (clickhouse.contents(), files.contents());
    let (found, expected) = (
        found.expect("it answers"),
        expected.expect("it can be read"),
    );
    assert_eq!(
        (
            found.spans,
            found.scores,
            found.first,
            found.last,
            &found.scored
        ),
        (
            expected.spans,
            expected.scores,
            expected.first,
            expected.last,
            &expected.scored
        )
    );
    for name in ["customer", "Größe"] {
        assert!(found.attributes.contains_key(name), "{name}");
    }
}

#[test]
fn commands_read_from_clickhouse_where_the_settings_say_so() {
    let Some(both) = Both::filled() else { return };
    let sandbox = Sandbox::new();
    sandbox.write("pointsman.toml", "[traces]\nstore = \"clickhouse\"\n");
    let asked = |args: &[&str], password: &str| {
        let command = sandbox.command(args);
        let command = command.env("CLICKHOUSE_URL", &both.server.url);
        command.env("CLICKHOUSE_PASSWORD", password).run()
    };
    let listed = asked(&["traces", "list", "-n", "3", "--json"], PASSWORD);
    assert_eq!(listed.succeeds().stdout.lines().count(), 3);
    let hostile = "user = \"it's\" and attribute.customer = \"'; DROP TABLE otel_traces; --\"";
    asked(&["traces", "list", "--where", hostile], PASSWORD).succeeds();
    let questions = both.server.asked();
    assert!(!questions.contains("DROP"), "values are bound, not written");
    let refused = asked(&["traces", "list"], "wrong-horse");
    refused.exits(9).tells("Authentication failed");
    assert!(!refused.stderr.contains("wrong-horse"));
    asked(&["traces", "import", "-"], PASSWORD)
        .exits(2)
        .tells("only read here");
}

#[test]
fn behaviors_are_the_same_that_our_own_store_shows() {
    let Some(both) = Both::filled() else { return };
    let scan = |sandbox: &Sandbox| {
        let args = [
            "behaviors",
            "scan",
            "--window",
            WINDOW,
            "--minimum",
            "2",
            "--json",
        ];
        let command = sandbox.command(&args);
        let command = command.env("CLICKHOUSE_URL", &both.server.url);
        let scan = command.env("CLICKHOUSE_PASSWORD", PASSWORD).run();
        scan.succeeds().json()
    };
    let own = Sandbox::new();
    own.write("pointsman.toml", "");
    own.imports_text(&both.telemetry.otlp);
    let other = Sandbox::new();
    other.write("pointsman.toml", "[traces]\nstore = \"clickhouse\"\n");
    let found = scan(&other);
    assert_eq!(found, scan(&own));
    let behaviors = found["behaviors"].as_array().map_or(0, Vec::len);
    assert!(behaviors > 2, "{found}");
}

#[test]
fn without_an_address_or_a_server_it_is_said_what_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.write("pointsman.toml", "[traces]\nstore = \"clickhouse\"\n");
    let list = || sandbox.command(&["traces", "list"]);
    list().run().exits(2).tells("CLICKHOUSE_URL");
    let to = |url| list().env("CLICKHOUSE_URL", url).run();
    to("http://127.0.0.1:9").exits(9).tells("cannot be asked");
    to("http://clickhouse.example.com")
        .exits(2)
        .tells("plain HTTP");
    to("https://user:hunter22@clickhouse.example.com")
        .exits(2)
        .tells("password");
}
