//! A third opinion: `DuckDB` reads the files of our own store, and finds what both others found.

use std::process::Command;

use pointsman::domain::trace::column::Column;
use pointsman::domain::trace::filter::{Filter, TimeRange};
use pointsman::domain::trace::query::{Level, Measure, TraceQuery, TraceRow};
use pointsman::engine::ports::traces::TraceStore as _;
use serde_json::Value as Json;

use crate::support::source::root;
use crate::support::tools::tools;

use super::Both;

/// What `DuckDB` finds, as rows of ours.
fn asked(both: &Both) -> Option<Vec<Vec<TraceRow>>> {
    let package = tools("duckdb")?;
    let output = Command::new("python3")
        .arg(root().join("tests/clickhouse/duckdb.py"))
        .arg(package)
        .arg(both.files.path())
        .output()
        .expect("python3 is there: `.ci/run` installed the package with it");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let lines = String::from_utf8(output.stdout).expect("it is text");
    let answers = lines.lines().map(|line| {
        let answer: Json = serde_json::from_str(line).expect("it is JSON");
        let rows = answer["rows"].as_array().expect("they are a list");
        let mut rows: Vec<TraceRow> = rows.iter().map(row).collect();
        rows.sort_by(|one, other| (one.bucket, &one.keys).cmp(&(other.bucket, &other.keys)));
        rows
    });
    Some(answers.collect())
}

fn row(row: &Json) -> TraceRow {
    let second = row[0].as_i64();
    TraceRow {
        bucket: second.and_then(|second| jiff::Timestamp::from_second(second).ok()),
        keys: vec![row[1].as_str().map(str::to_owned)],
        values: (2..5).map(|place| row[place].as_f64()).collect(),
    }
}

#[test]
fn three_engines_say_the_same() {
    let Some(both) = Both::filled() else { return };
    let Some(answers) = asked(&both) else { return };
    let question = |key: Column, bucket: Option<&str>, filter, measures: [Measure; 2]| TraceQuery {
        level: Level::Span,
        range: TimeRange::ALWAYS,
        filter,
        group_by: vec![key],
        bucket: bucket.map(|bucket| bucket.parse().expect("it is a period")),
        measures: [vec![Measure::Count], measures.to_vec()].concat(),
        top: None,
    };
    let rank = |share| Measure::Quantile(Column::Duration, share);
    let customer = Column::Attribute("customer".to_owned());
    let questions = [
        question(
            Column::Lane,
            Some("1h"),
            Filter::Everything,
            [rank(0.5), rank(0.95)],
        ),
        question(
            Column::Model,
            None,
            Filter::Everything,
            [
                Measure::Sum(Column::Cost),
                Measure::Sum(Column::OutputTokens),
            ],
        ),
        question(
            customer,
            None,
            Filter::is(Column::Route, "POST /tickets"),
            [Measure::ErrorRate, Measure::Distinct(Column::User)],
        ),
    ];
    assert_eq!(questions.len(), answers.len());
    for (query, duckdb) in questions.iter().zip(answers) {
        let duckdb = pointsman::domain::trace::query::TraceTable { rows: duckdb };
        let files = both.files().aggregate(query).expect("it can be read");
        let clickhouse = both.clickhouse().aggregate(query).expect("it answers");
        assert!(files.rows.len() > 1, "{files:#?}");
        assert!(
            super::same_table(&duckdb, &files),
            "DuckDB {duckdb:#?}\nfiles {files:#?}"
        );
        assert!(
            super::same_table(&clickhouse, &files),
            "ClickHouse {clickhouse:#?}\nfiles {files:#?}"
        );
    }
}
