//! The types of the stored columns, and how they are written.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::columns::{ATTRIBUTE, COST, COUNTS, Sort, TAG, TEXTS, TIME, TRACE, VARIABLES};

/// The version of this layout. A file with a higher one was written by a newer pointsman.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// The most rows of one file, which has one row group.
pub(super) const MOST_ROWS: usize = 131_072;

/// The share of ids that a file seems to hold and does not.
const FALSE_HITS: f64 = 1e-5;

/// What a score is known by: the digest of all that it says.
pub(super) const IDENTITY: &str = "identity";

/// The schema of the files of spans.
pub(super) static SPANS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let texts = |content: bool| {
        let wanted = TEXTS
            .iter()
            .filter(move |column| (column.sort == Sort::Content) == content);
        wanted.map(|column| text(column.name, column.sort))
    };
    let counts = COUNTS.iter().map(|column| {
        let required = column.name == "duration";
        Field::new(column.name, DataType::UInt64, !required)
    });
    let mut fields = vec![Field::new(TIME, time(), false)];
    fields.extend(texts(false));
    fields.extend(counts);
    fields.push(Field::new(COST, DataType::Float64, true));
    fields.push(Field::new(TAG, labels(), false));
    fields.push(Field::new(ATTRIBUTE, pairs(), false));
    fields.push(Field::new(VARIABLES, pairs(), false));
    fields.extend(texts(true));
    Arc::new(Schema::new(fields))
});

/// The schema of the files of scores.
pub(super) static SCORES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new(TIME, time(), false),
        Field::new(TRACE, DataType::Utf8, false),
        Field::new("span", DataType::Utf8, true),
        Field::new("response_id", DataType::Utf8, true),
        Field::new("name", repeated(), false),
        Field::new("value", DataType::Float64, true),
        Field::new("label", repeated(), true),
        Field::new("explanation", DataType::Utf8, true),
        Field::new("error_type", repeated(), true),
        Field::new("source", repeated(), true),
        Field::new(IDENTITY, DataType::Utf8, false),
    ]))
});

fn text(name: &str, sort: Sort) -> Field {
    match sort {
        Sort::Id => Field::new(name, DataType::Utf8, false),
        Sort::Rare | Sort::Content => Field::new(name, DataType::Utf8, true),
        Sort::Repeated => {
            let required = ["name", "operation", "status"].contains(&name);
            Field::new(name, repeated(), !required)
        }
    }
}

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// Texts of which many are the same.
pub(super) fn repeated() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The items of a list of texts.
pub(super) fn item() -> Field {
    Field::new("element", repeated(), false)
}

/// The keys of a map of texts.
pub(super) fn key() -> Field {
    Field::new("key", repeated(), false)
}

/// The values of a map of texts.
pub(super) fn value() -> Field {
    Field::new("value", DataType::Utf8, false)
}

fn labels() -> DataType {
    DataType::List(Arc::new(item()))
}

fn pairs() -> DataType {
    let entry = DataType::Struct(vec![key(), value()].into());
    DataType::Map(Arc::new(Field::new("key_value", entry, false)), false)
}

/// How files are written.
pub(super) fn properties() -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(3).unwrap_or_default();
    let plain = |properties: WriterPropertiesBuilder, name: &str| {
        properties.set_column_dictionary_enabled(ColumnPath::from(name), false)
    };
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("pointsman ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(MOST_ROWS))
        .set_column_statistics_enabled(ColumnPath::from(TIME), EnabledStatistics::Chunk)
        .set_column_encoding(ColumnPath::from(TIME), Encoding::DELTA_BINARY_PACKED);
    for name in [TIME, TRACE, "span", "duration", "time_to_first_chunk", COST] {
        properties = plain(properties, name);
    }
    let contents = TEXTS.iter().filter(|column| column.sort == Sort::Content);
    for column in contents {
        properties = plain(properties, column.name);
    }
    properties
}

/// How files are written in which one may look up texts of this column.
pub(super) fn findable(column: &str) -> WriterProperties {
    properties()
        .set_column_bloom_filter_enabled(ColumnPath::from(column), true)
        .set_column_bloom_filter_fpp(ColumnPath::from(column), FALSE_HITS)
        .set_column_bloom_filter_max_ndv(ColumnPath::from(column), MOST_ROWS as u64)
        .build()
}
