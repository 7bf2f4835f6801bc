//! The columns of a span: what filters, groups, tables and the stored files call them.

use super::span::Span;

/// A column. Its name is the same in filters, in tables, in JSON lines and in the stored files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// When the span began.
    Time,
    /// How long it took.
    Duration,
    /// How it ended: see [`super::span::SpanStatus`].
    Status,
    /// The sort of error.
    ErrorType,
    /// What it was called.
    Name,
    /// What sort of step it is: see [`super::span::Operation`].
    Operation,
    /// The trace.
    Trace,
    /// The span.
    Span,
    /// The span that caused it.
    Parent,
    /// The prompt.
    Prompt,
    /// The version of the prompt, as its sender calls it.
    Version,
    /// The fingerprint of the prompt.
    Fingerprint,
    /// The lane.
    Lane,
    /// The deployment record.
    Deployment,
    /// Who answered.
    Provider,
    /// The model.
    Model,
    /// Tokens read.
    InputTokens,
    /// Tokens written.
    OutputTokens,
    /// Tokens read and written.
    TotalTokens,
    /// Tokens from the provider's cache.
    CacheReadTokens,
    /// Tokens put into the provider's cache.
    CacheWriteTokens,
    /// Tokens of reasoning.
    ReasoningTokens,
    /// US dollars.
    Cost,
    /// Time until the first piece of the answer.
    TimeToFirstChunk,
    /// Why the model stopped.
    FinishReason,
    /// The service.
    Service,
    /// The route.
    Route,
    /// The conversation.
    Session,
    /// The user.
    User,
    /// The tool.
    Tool,
    /// A label; a span has any number of them.
    Tag,
    /// The mean of all scores, whatever their names; otherwise as [`Self::Score`].
    AnyScore,
    /// Any other attribute, by its full name: `attribute.http.method`.
    Attribute(String),
    /// The mean of the scores of this name: `score.queue-matches`. At the level of spans those of the
    /// span, at the level of traces those of the trace and of all its spans.
    Score(String),
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// US dollars.
    Money,
    /// A length of time.
    Duration,
    /// A point in time.
    Time,
}

/// The start of the name of [`Column::Attribute`].
pub const ATTRIBUTE_PREFIX: &str = "attribute.";

/// The start of the name of [`Column::Score`].
pub const SCORE_PREFIX: &str = "score.";

/// The columns that have one name, in the order in which they are shown.
const PLAIN: [(Column, &str, ColumnKind); 32] = [
    (Column::Time, "time", ColumnKind::Time),
    (Column::Duration, "duration", ColumnKind::Duration),
    (Column::Status, "status", ColumnKind::Text),
    (Column::ErrorType, "error_type", ColumnKind::Text),
    (Column::Name, "name", ColumnKind::Text),
    (Column::Operation, "operation", ColumnKind::Text),
    (Column::Trace, "trace", ColumnKind::Text),
    (Column::Span, "span", ColumnKind::Text),
    (Column::Parent, "parent", ColumnKind::Text),
    (Column::Prompt, "prompt", ColumnKind::Text),
    (Column::Version, "version", ColumnKind::Text),
    (Column::Fingerprint, "fingerprint", ColumnKind::Text),
    (Column::Lane, "lane", ColumnKind::Text),
    (Column::Deployment, "deployment", ColumnKind::Text),
    (Column::Provider, "provider", ColumnKind::Text),
    (Column::Model, "model", ColumnKind::Text),
    (Column::InputTokens, "input_tokens", ColumnKind::Number),
    (Column::OutputTokens, "output_tokens", ColumnKind::Number),
    (Column::TotalTokens, "total_tokens", ColumnKind::Number),
    (
        Column::CacheReadTokens,
        "cache_read_tokens",
        ColumnKind::Number,
    ),
    (
        Column::CacheWriteTokens,
        "cache_write_tokens",
        ColumnKind::Number,
    ),
    (
        Column::ReasoningTokens,
        "reasoning_tokens",
        ColumnKind::Number,
    ),
    (Column::Cost, "cost", ColumnKind::Money),
    (
        Column::TimeToFirstChunk,
        "time_to_first_chunk",
        ColumnKind::Duration,
    ),
    (Column::FinishReason, "finish_reason", ColumnKind::Text),
    (Column::Service, "service", ColumnKind::Text),
    (Column::Route, "route", ColumnKind::Text),
    (Column::Session, "session", ColumnKind::Text),
    (Column::User, "user", ColumnKind::Text),
    (Column::Tool, "tool", ColumnKind::Text),
    (Column::Tag, "tag", ColumnKind::Text),
    (Column::AnyScore, "score", ColumnKind::Number),
];

impl Column {
    /// The columns that have one name, in the order in which they are shown.
    pub fn plain() -> impl Iterator<Item = Self> {
        PLAIN.iter().map(|(column, _, _)| column.clone())
    }

    /// The names of the columns that have one.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().map(|(_, name, _)| *name)
    }

    /// The column of this name.
    pub fn of(name: &str) -> Option<Self> {
        let rest = |prefix| name.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(attribute) = rest(ATTRIBUTE_PREFIX) {
            return Some(Self::Attribute(attribute.to_owned()));
        }
        if let Some(score) = rest(SCORE_PREFIX) {
            return Some(Self::Score(score.to_owned()));
        }
        let found = PLAIN.iter().find(|(_, known, _)| *known == name);
        found.map(|(column, _, _)| column.clone())
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Attribute(attribute) => format!("{ATTRIBUTE_PREFIX}{attribute}"),
            Self::Score(score) => format!("{SCORE_PREFIX}{score}"),
            plain => plain.entry().map_or("", |(_, name, _)| name).to_owned(),
        }
    }

    /// What its values are.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Attribute(_) => ColumnKind::Text,
            Self::Score(_) => ColumnKind::Number,
            plain => plain.entry().map_or(ColumnKind::Text, |(_, _, kind)| *kind),
        }
    }

    fn entry(&self) -> Option<&'static (Self, &'static str, ColumnKind)> {
        PLAIN.iter().find(|(column, _, _)| column == self)
    }
}

impl Span {
    /// The text in a column of texts; `None` where the span has none. A tag is not one text: see
    /// [`super::span::Origin::tags`].
    pub fn text(&self, column: &Column) -> Option<&str> {
        let Self {
            lineage,
            call,
            origin,
            ..
        } = self;
        match column {
            Column::Status => Some(self.status.name()),
            Column::ErrorType => self.error_type.as_deref(),
            Column::Name => Some(&self.name),
            Column::Operation => Some(self.operation.name()),
            Column::Trace => Some(&self.trace_id),
            Column::Span => Some(&self.span_id),
            Column::Parent => self.parent_span_id.as_deref(),
            Column::Prompt => lineage.prompt.as_deref(),
            Column::Version => lineage.version.as_deref(),
            Column::Fingerprint => lineage.fingerprint.as_deref(),
            Column::Lane => lineage.lane.as_deref(),
            Column::Deployment => lineage.deployment.as_deref(),
            Column::Provider => call.provider.as_deref(),
            Column::Model => call.model.as_deref(),
            Column::FinishReason => call.finish_reason.as_deref(),
            Column::Service => origin.service.as_deref(),
            Column::Route => origin.route.as_deref(),
            Column::Session => origin.session.as_deref(),
            Column::User => origin.user.as_deref(),
            Column::Tool => origin.tool.as_deref(),
            Column::Attribute(name) => self.attributes.get(name).map(String::as_str),
            _ => None,
        }
    }

    /// The number in a column of numbers, money or durations; durations are in nanoseconds. A score
    /// is not part of a span.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of tokens and nanoseconds below 104 days are exact"
    )]
    pub fn number(&self, column: &Column) -> Option<f64> {
        let call = &self.call;
        let whole = match column {
            Column::Duration => Some(self.duration_ns),
            Column::InputTokens => call.input_tokens,
            Column::OutputTokens => call.output_tokens,
            Column::TotalTokens => call.total_tokens(),
            Column::CacheReadTokens => call.cache_read_tokens,
            Column::CacheWriteTokens => call.cache_write_tokens,
            Column::ReasoningTokens => call.reasoning_tokens,
            Column::TimeToFirstChunk => call.time_to_first_chunk_ns,
            Column::Cost => return call.cost_usd,
            _ => None,
        };
        whole.map(|whole| whole as f64)
    }
}

impl super::span::ModelCall {
    /// Tokens read and written; absent where neither is known.
    pub fn total_tokens(&self) -> Option<u64> {
        match (self.input_tokens, self.output_tokens) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_name() {
        let named = [
            Column::Attribute("http.method".to_owned()),
            Column::Score("queue-matches".to_owned()),
        ];
        for column in Column::plain().chain(named) {
            assert_eq!(Column::of(&column.name()), Some(column));
        }
        for unknown in ["", "attribute.", "score.", "modle", "attribute"] {
            assert_eq!(Column::of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn tokens_are_added_up_where_any_are_known() {
        let mut span = Span::default();
        assert_eq!(span.number(&Column::TotalTokens), None);
        span.call.output_tokens = Some(3);
        assert_eq!(span.number(&Column::TotalTokens), Some(3.0));
        span.call.input_tokens = Some(4);
        assert_eq!(span.number(&Column::TotalTokens), Some(7.0));
    }
}
