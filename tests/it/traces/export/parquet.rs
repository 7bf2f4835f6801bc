//! `traces export -o spans.parquet`: one file that other engines read.

use arrow_array::cast::AsArray as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::made::{sandbox, spans};
use crate::support::tools::tools;

const EXPORT: [&str; 4] = ["traces", "export", "-o", "spans.parquet"];

/// Asks `DuckDB` of a file with columns as `docs/traces-store.md` names them.
const ASK: &str = "
import duckdb
spans = duckdb.sql(\"\"\"
    select name, duration, attribute['http.request.method'] as method, tag, variables['ticket'] as ticket
    from 'spans.parquet' order by time, span\"\"\").fetchall()
print(len(spans), spans[0][1:4], spans[1][4])
print(duckdb.sql(\"select sum(input_tokens), count(cost) from 'spans.parquet' where lane = 'staging'\").fetchone())
";

#[test]
fn the_file_has_a_row_for_each_span_and_the_columns_of_the_store() {
    let sandbox = sandbox();
    sandbox
        .pointsman(&EXPORT)
        .succeeds()
        .has_no_result()
        .tells("exported 5 spans");
    let bytes = std::fs::read(sandbox.path().join("spans.parquet")).expect("it was written");
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes));
    let reader = reader
        .expect("it is Parquet")
        .build()
        .expect("it can be read");
    let mut ids = Vec::new();
    for batch in reader {
        let batch = batch.expect("it can be read");
        for name in [
            "time",
            "prompt",
            "lane",
            "cost",
            "tag",
            "attribute",
            "variables",
            "input",
        ] {
            assert!(batch.column_by_name(name).is_some(), "{name}");
        }
        let column = batch.column_by_name("span").expect("spans have ids");
        let texts = column.as_string::<i32>();
        ids.extend(texts.iter().flatten().map(str::to_owned));
    }
    let expected: Vec<String> = spans().into_iter().map(|span| span.span_id).collect();
    assert_eq!(ids, expected);
    let none = [
        "traces",
        "export",
        "--where",
        "user = nobody",
        "-o",
        "none.parquet",
    ];
    sandbox
        .pointsman(&none)
        .succeeds()
        .tells("exported 0 spans");
    let bytes = std::fs::read(sandbox.path().join("none.parquet")).expect("it was written");
    let empty = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes));
    assert_eq!(
        empty
            .expect("it is Parquet")
            .metadata()
            .file_metadata()
            .num_rows(),
        0
    );
    let columns = [&EXPORT[..], &["--columns", "name"]].concat();
    sandbox
        .pointsman(&columns)
        .exits(2)
        .tells("a Parquet file has all columns of the store");
}

#[test]
fn duckdb_reads_the_file() {
    let Some(tools) = tools("duckdb") else {
        return;
    };
    let sandbox = sandbox();
    sandbox.pointsman(&EXPORT).succeeds();
    sandbox.write("ask.py", ASK);
    let asked = sandbox
        .shell("python3 ask.py")
        .env("PYTHONPATH", &tools)
        .run();
    assert_eq!(
        asked.succeeds().stdout,
        "5 (2410000000, 'POST', ['eu', 'vip']) I was charged twice, please refund one of the payments.\n\
         (1308, 2)\n"
    );
}
