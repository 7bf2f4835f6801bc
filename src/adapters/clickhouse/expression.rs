//! What our columns are, in SQL over the table of OpenTelemetry's collector.
//!
//! The table of attributes that imports go by is the one source of these expressions, so that a span
//! means the same wherever it is kept. Where the columns of `traces clickhouse-ddl` exist, they stand
//! for the expressions, and no map of attributes is read.

use crate::domain::trace::column::Column;
use crate::domain::trace::span::{KIND_ATTRIBUTE, KINDS, Operation, SpanStatus};
use crate::engine::traces::map::cost::TracePrices;
use crate::engine::traces::map::table::{AttributeTable, Read, Slot};
use crate::engine::traces::map::usage::words_of_tokens;

use super::parameters::{Parameters, literal, literals};
use super::prices::{Call, computed};
use super::schema::Schema;

/// What stands before the name of a column that holds what an expression gives.
pub(super) const READY_PREFIX: &str = "pointsman_";

/// The columns that are in the collector's table as they are.
pub(super) const STORED: [Column; 6] = [
    Column::Time,
    Column::Duration,
    Column::Name,
    Column::Trace,
    Column::Span,
    Column::Parent,
];

/// The kind and the status of a span in small letters: exporters have written `Client`, and
/// `SPAN_KIND_CLIENT`.
const KIND: &str = "lower(replaceOne(SpanKind, 'SPAN_KIND_', ''))";
const STATUS: &str = "lower(replaceOne(StatusCode, 'STATUS_CODE_', ''))";

/// What is one of a span's columns, or of those that it needs beside them.
pub(super) struct Expressions<'a> {
    /// What is there.
    pub(super) schema: &'a Schema,
    prices: &'a TracePrices,
    table: &'static AttributeTable,
}

impl<'a> Expressions<'a> {
    /// The expressions over a table.
    pub(super) fn new(schema: &'a Schema, prices: &'a TracePrices) -> Self {
        Self {
            schema,
            prices,
            table: AttributeTable::built_in(),
        }
    }

    /// A column; null where a span has no value. Labels are an array. A score is no part of a span.
    /// What it names besides the collector's columns is among [`Self::definitions`].
    pub(super) fn column(&self, column: &Column, parameters: &mut Parameters) -> String {
        match column {
            Column::Attribute(name) => self.attribute(name, parameters),
            stored if STORED.contains(stored) => self.computed(stored),
            other => ready_name(other),
        }
    }

    /// The names that columns go by which are not in the table, each with what it stands for and after
    /// those that it names itself.
    pub(super) fn definitions<'c>(
        &self,
        columns: impl IntoIterator<Item = &'c Column>,
    ) -> Vec<(String, String)> {
        let mut ordered = Vec::new();
        for column in columns {
            with_those_before(column, &mut ordered);
        }
        let missing = ordered.into_iter().filter_map(|column| {
            let name = ready_name(&column);
            let computed = || self.computed(&column);
            (!self.schema.ready.contains(&name)).then(|| (name.clone(), computed()))
        });
        missing.collect()
    }

    /// A column that has one name, from what the collector wrote.
    pub(super) fn computed(&self, column: &Column) -> String {
        match column {
            Column::Time => "toUnixTimestamp64Nano(Timestamp)".to_owned(),
            Column::Duration => "toNullable(Duration)".to_owned(),
            Column::Name => "toNullable(SpanName)".to_owned(),
            Column::Trace => "toNullable(TraceId)".to_owned(),
            Column::Span => "toNullable(SpanId)".to_owned(),
            Column::Parent => "if(match(ParentSpanId, '^0*$'), NULL, ParentSpanId)".to_owned(),
            Column::Status => self.status(),
            Column::ErrorType => self.error_type(),
            Column::Operation => self.operation(),
            Column::Route => self.route(),
            Column::FinishReason => {
                let labels = self.first(Slot::FinishReason, |value, _| labels(value));
                format!("nullIf({labels}, '')")
            }
            Column::Tag => {
                let tags = self.first_of(Slot::Tags, |value, _| list(value), "[]");
                format!("arraySort(arrayDistinct({tags}))")
            }
            Column::InputTokens => self.input_tokens(),
            Column::TotalTokens => total_tokens(),
            Column::Cost => self.cost(),
            Column::TimeToFirstChunk => self.first_chunk(),
            other => match slot_of(other) {
                Some(slot) if slot.is_usage() => self.tokens(slot),
                Some(slot) => self.text(slot),
                None => "NULL".to_owned(),
            },
        }
    }

    /// The id of the answer, which scores may name instead of the span.
    pub(super) fn response(&self) -> String {
        self.text(Slot::ResponseId)
    }

    /// The text of the first source that says something.
    fn text(&self, slot: Slot) -> String {
        self.first(slot, |value, _| value.to_owned())
    }

    fn first(&self, slot: Slot, read: impl Fn(&str, Read) -> String) -> String {
        self.first_of(slot, read, "NULL")
    }

    /// What the first source gives that says something; a span's own attribute comes before that of
    /// its resource.
    fn first_of(&self, slot: Slot, read: impl Fn(&str, Read) -> String, otherwise: &str) -> String {
        let mut arms = Vec::new();
        for (name, target) in self.table.sources(slot) {
            let maps = ["SpanAttributes", "ResourceAttributes"];
            for map in maps.into_iter().skip(usize::from(target.resource_only)) {
                let value = format!("{map}[{}]", literal(name));
                let says_something = format!("trimBoth({value}) NOT IN ('', '[]')");
                arms.push(format!("{says_something}, {}", read(&value, target.read)));
            }
        }
        format!("multiIf({}, {otherwise})", arms.join(", "))
    }

    fn operation(&self) -> String {
        let words = self.table.words_of_operations();
        let names = words.iter().map(|(_, operation)| operation.name());
        let word = format!(
            "nullIf(transform(lowerUTF8(ifNull({}, '')), {}, {}, ''), '')",
            self.text(Slot::Operation),
            literals(words.iter().map(|(word, _)| *word)),
            literals(names),
        );
        let has = |slot| format!("isNotNull({})", self.text(slot));
        format!(
            "coalesce({word}, multiIf({}, {}, {} AND ({} OR {}), {}, {}))",
            has(Slot::Tool),
            literal(Operation::ExecuteTool.name()),
            has(Slot::Model),
            has(Slot::OutputTokens),
            has(Slot::Provider),
            literal(Operation::Chat.name()),
            literal(Operation::Other.name()),
        )
    }

    fn tokens(&self, slot: Slot) -> String {
        let count = self.first(slot, |value, read| match read {
            Read::Usage => {
                let words = words_of_tokens(slot).iter();
                let named = words.map(|word| format!("position(pair.1, {}) > 0", literal(word)));
                let named = named.collect::<Vec<_>>().join(" OR ");
                format!(
                    "arrayReduce('sumOrNull', arrayMap(pair -> if({named}, \
                     toUInt64OrNull(trim(BOTH '\"' FROM pair.2)), NULL), \
                     JSONExtractKeysAndValuesRaw({value})))"
                )
            }
            _ => format!("toUInt64OrNull(trimBoth({value}))"),
        });
        used(&count)
    }

    /// Some senders count the tokens of the cache beside the input, not in it.
    fn input_tokens(&self) -> String {
        let input = self.tokens(Slot::InputTokens);
        let cached = format!(
            "(ifNull({}, 0) + ifNull({}, 0))",
            ready_name(&Column::CacheReadTokens),
            ready_name(&Column::CacheWriteTokens),
        );
        format!("arrayMap(it -> if(it < {cached}, it + {cached}, it), [{input}])[1]")
    }

    fn cost(&self) -> String {
        let reported = self.first(Slot::Cost, |value, read| match read {
            Read::Cost => {
                let number = |text: &str| format!("toFloat64OrNull(trim(BOTH '\"' FROM {text}))");
                format!(
                    "coalesce({}, arrayReduce('sumOrNull', arrayMap(pair -> {}, \
                     JSONExtractKeysAndValuesRaw({value}))))",
                    number(&format!("JSONExtractRaw({value}, 'total')")),
                    number("pair.2"),
                )
            }
            _ => format!("toFloat64OrNull(trimBoth({value}))"),
        });
        let reported = format!(
            "arrayMap(usd -> if(usd >= 0 AND isFinite(usd), usd, NULL), [{}])[1]",
            used(&reported)
        );
        let call = Call {
            provider: &ready_name(&Column::Provider),
            model: &ready_name(&Column::Model),
            input: &ready_name(&Column::InputTokens),
            cached: &ready_name(&Column::CacheReadTokens),
            written: &ready_name(&Column::CacheWriteTokens),
            output: &ready_name(&Column::OutputTokens),
        };
        format!("coalesce({reported}, {})", computed(self.prices, &call))
    }

    fn first_chunk(&self) -> String {
        let nanoseconds = self.first(Slot::TimeToFirstChunk, |value, read| {
            let scaled =
                |factor: &str| format!("round(toFloat64OrNull(trimBoth({value})) * {factor})");
            match read {
                Read::Milliseconds => scaled("1e6"),
                Read::Time => format!(
                    "toFloat64(toUnixTimestamp64Nano(parseDateTime64BestEffortOrNull(\
                     trim(BOTH '\"' FROM {value}), 9, 'UTC')) - toUnixTimestamp64Nano(Timestamp))"
                ),
                _ => scaled("1e9"),
            }
        });
        format!("arrayMap(it -> if(it >= 0 AND it < 9e18, it, NULL), [{nanoseconds}])[1]")
    }

    fn route(&self) -> String {
        let route = self.text(Slot::Route);
        let method = "multiIf(mapContains(SpanAttributes, 'http.request.method'), \
                      SpanAttributes['http.request.method'], SpanAttributes['http.method'])";
        format!(
            "if({method} != '' AND position({route}, ' ') = 0, concat({method}, ' ', {route}), {route})"
        )
    }

    fn failed(&self) -> String {
        format!(
            "({STATUS} = {error} OR ({STATUS} != {ok} AND isNotNull({kind})) \
             OR ifNull(lowerUTF8({level}) = 'error', 0))",
            error = literal(SpanStatus::Error.name()),
            ok = literal(SpanStatus::Ok.name()),
            kind = self.text(Slot::ErrorType),
            level = self.text(Slot::Level),
        )
    }

    fn status(&self) -> String {
        format!(
            "toNullable(multiIf({}, {error}, {STATUS} = {ok}, {ok}, {unset}))",
            self.failed(),
            error = literal(SpanStatus::Error.name()),
            ok = literal(SpanStatus::Ok.name()),
            unset = literal(SpanStatus::Unset.name()),
        )
    }

    /// What the span says, or else the type of its last exception.
    fn error_type(&self) -> String {
        let exception = "arrayMap(thrown -> if(mapContains(thrown, 'exception.type'), \
                         toNullable(thrown['exception.type']), NULL), arrayFilter((thrown, name) -> \
                         name = 'exception', Events.Attributes, Events.Name))[-1]";
        format!(
            "coalesce({}, if({}, {exception}, NULL))",
            self.text(Slot::ErrorType),
            self.failed()
        )
    }

    /// Any other attribute: one that fills a column is none.
    fn attribute(&self, name: &str, parameters: &mut Parameters) -> String {
        let key = parameters.text(name);
        let mut value = format!(
            "multiIf(mapContains(SpanAttributes, {key}), SpanAttributes[{key}], \
             mapContains(ResourceAttributes, {key}), ResourceAttributes[{key}], NULL)"
        );
        for target in self.table.targets(name) {
            if target.slot.is_content() {
                return "CAST(NULL, 'Nullable(String)')".to_owned();
            }
            let mut taken = self.text(target.slot);
            if target.slot.is_usage() {
                taken = used(&taken);
            }
            value = format!("nullIf({value}, {taken})");
        }
        if name == KIND_ATTRIBUTE {
            let kinds = literals(KINDS.map(|(_, kind)| kind));
            value = format!("coalesce({value}, if(has({kinds}, {KIND}), {KIND}, NULL))");
        }
        value
    }
}

/// What a call used up: not where an agent or a workflow repeats what the calls below it say.
fn used(expression: &str) -> String {
    let operation = ready_name(&Column::Operation);
    let [workflow, tool, agent] = [
        Operation::InvokeWorkflow,
        Operation::ExecuteTool,
        Operation::InvokeAgent,
    ]
    .map(|operation| literal(operation.name()));
    format!(
        "if({operation} IN ({workflow}, {tool}) OR ({operation} = {agent} \
         AND {KIND} != 'client'), NULL, {expression})"
    )
}

fn total_tokens() -> String {
    let input = ready_name(&Column::InputTokens);
    let output = ready_name(&Column::OutputTokens);
    format!(
        "if(isNull({input}) AND isNull({output}), NULL, ifNull({input}, 0) + ifNull({output}, 0))"
    )
}

/// The name that a column goes by, which it has in the table where `traces clickhouse-ddl` was run.
pub(super) fn ready_name(column: &Column) -> String {
    format!("{READY_PREFIX}{}", column.name())
}

/// Adds a column behind those that its expression names.
fn with_those_before(column: &Column, ordered: &mut Vec<Column>) {
    if STORED.contains(column) || ordered.contains(column) {
        return;
    }
    let before: &[Column] = match column {
        Column::OutputTokens
        | Column::CacheReadTokens
        | Column::CacheWriteTokens
        | Column::ReasoningTokens
        | Column::Attribute(_) => &[Column::Operation],
        Column::InputTokens => &[Column::CacheReadTokens, Column::CacheWriteTokens],
        Column::TotalTokens => &[Column::InputTokens, Column::OutputTokens],
        Column::Cost => &[
            Column::Provider,
            Column::Model,
            Column::InputTokens,
            Column::OutputTokens,
        ],
        _ => &[],
    };
    for needed in before {
        with_those_before(needed, ordered);
    }
    if !matches!(column, Column::Attribute(_)) {
        ordered.push(column.clone());
    }
}

/// The words in a JSON list or in a text with commas, as an array.
fn list(value: &str) -> String {
    format!(
        "arrayFilter(word -> word != '', arrayMap(word -> trimBoth(word), \
         if(startsWith(trimBoth({value}), '['), JSONExtract({value}, 'Array(String)'), \
         splitByChar(',', {value}))))"
    )
}

/// The same words, joined by commas.
fn labels(value: &str) -> String {
    format!("arrayStringConcat({}, ',')", list(value))
}

/// The slot that fills a column as it is.
fn slot_of(column: &Column) -> Option<Slot> {
    Some(match column {
        Column::Prompt => Slot::Prompt,
        Column::Version => Slot::Version,
        Column::Fingerprint => Slot::Fingerprint,
        Column::Lane => Slot::Lane,
        Column::Deployment => Slot::Deployment,
        Column::Provider => Slot::Provider,
        Column::Model => Slot::Model,
        Column::OutputTokens => Slot::OutputTokens,
        Column::CacheReadTokens => Slot::CacheReadTokens,
        Column::CacheWriteTokens => Slot::CacheWriteTokens,
        Column::ReasoningTokens => Slot::ReasoningTokens,
        Column::Service => Slot::Service,
        Column::Session => Slot::Session,
        Column::User => Slot::User,
        Column::Tool => Slot::Tool,
        _ => return None,
    })
}
