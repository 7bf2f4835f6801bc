//! The types of the stored columns, and how they are written.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
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

/// The schema of the files of spans, as whoever reads them gets it.
pub(super) static SPANS: LazyLock<SchemaRef> = LazyLock::new(|| spans(&repeated()));

/// The schema of spans as they are written: texts one by one, of which the file makes dictionaries.
pub(super) static SPANS_AS_MADE: LazyLock<SchemaRef> = LazyLock::new(|| spans(&DataType::Utf8));

/// The schema of the files of scores, alike.
pub(super) static SCORES: LazyLock<SchemaRef> = LazyLock::new(|| scores(&repeated()));

/// The schema of scores as they are written.
pub(super) static SCORES_AS_MADE: LazyLock<SchemaRef> = LazyLock::new(|| scores(&DataType::Utf8));

fn spans(repeated: &DataType) -> SchemaRef {
    let texts = |content: bool| {
        let wanted = TEXTS
            .iter()
            .filter(move |column| (column.sort == Sort::Content) == content);
        wanted.map(|column| text(column.name, column.sort, repeated))
    };
    let counts = COUNTS.iter().map(|column| {
        let required = column.name == "duration";
        Field::new(column.name, DataType::UInt64, !required)
    });
    let mut fields = vec![Field::new(TIME, time(), false)];
    fields.extend(texts(false));
    fields.extend(counts);
    fields.push(Field::new(COST, DataType::Float64, true));
    fields.push(Field::new(TAG, labels(repeated), false));
    fields.push(Field::new(ATTRIBUTE, pairs(repeated), false));
    fields.push(Field::new(VARIABLES, pairs(repeated), false));
    fields.extend(texts(true));
    Arc::new(Schema::new(fields))
}

fn scores(repeated: &DataType) -> SchemaRef {
    let repeated = |name: &str, nullable| Field::new(name, repeated.clone(), nullable);
    Arc::new(Schema::new(vec![
        Field::new(TIME, time(), false),
        Field::new(TRACE, DataType::Utf8, false),
        Field::new("span", DataType::Utf8, true),
        Field::new("response_id", DataType::Utf8, true),
        repeated("name", false),
        Field::new("value", DataType::Float64, true),
        repeated("label", true),
        Field::new("explanation", DataType::Utf8, true),
        repeated("error_type", true),
        repeated("source", true),
        Field::new(IDENTITY, DataType::Utf8, false),
    ]))
}

fn text(name: &str, sort: Sort, repeated: &DataType) -> Field {
    match sort {
        Sort::Id => Field::new(name, DataType::Utf8, false),
        Sort::Rare | Sort::Content => Field::new(name, DataType::Utf8, true),
        Sort::Repeated => {
            let required = ["name", "operation", "status"].contains(&name);
            Field::new(name, repeated.clone(), !required)
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

/// The items of a list of texts of this type.
pub(super) fn item(text: DataType) -> Field {
    Field::new("element", text, false)
}

/// The keys of a map of texts, of this type.
pub(super) fn key(text: DataType) -> Field {
    Field::new("key", text, false)
}

/// The values of a map of texts.
pub(super) fn value() -> Field {
    Field::new("value", DataType::Utf8, false)
}

fn labels(repeated: &DataType) -> DataType {
    DataType::List(Arc::new(item(repeated.clone())))
}

fn pairs(repeated: &DataType) -> DataType {
    let entry = DataType::Struct(vec![key(repeated.clone()), value()].into());
    DataType::Map(Arc::new(Field::new("key_value", entry, false)), false)
}

/// How files are written whose rows whoever reads them gets by this schema.
pub(super) fn properties(schema: &Schema) -> WriterPropertiesBuilder {
    let zstd = |level| Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default());
    let told = KeyValue::new(
        ARROW_SCHEMA_META_KEY.to_owned(),
        encode_arrow_schema(schema),
    );
    let plain = |properties: WriterPropertiesBuilder, name: &str| {
        properties.set_column_dictionary_enabled(ColumnPath::from(name), false)
    };
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("pointsman ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![told]))
        .set_compression(zstd(1))
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
        // Prose is what a higher level makes smaller: ids and numbers it does not.
        properties = plain(properties, column.name)
            .set_column_compression(ColumnPath::from(column.name), zstd(3));
    }
    properties
}

/// How such files are written in which one may look up texts of this column.
pub(super) fn findable(schema: &Schema, column: &str) -> WriterProperties {
    properties(schema)
        .set_column_bloom_filter_enabled(ColumnPath::from(column), true)
        .set_column_bloom_filter_fpp(ColumnPath::from(column), FALSE_HITS)
        .set_column_bloom_filter_max_ndv(ColumnPath::from(column), MOST_ROWS as u64)
        .build()
}
