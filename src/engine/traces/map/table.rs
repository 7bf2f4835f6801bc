//! The table that says which attributes of which convention fill our columns: `attributes.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use serde::Deserialize;

use crate::domain::trace::span::Operation;

/// The table as a file.
const TABLE: &str = include_str!("attributes.toml");

/// What a source fills: a column of a span, or a part of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the table's keys")]
pub enum Slot {
    Prompt,
    Version,
    Fingerprint,
    Lane,
    Deployment,
    Variables,
    Operation,
    Provider,
    Model,
    InputTokens,
    OutputTokens,
    CacheReadTokens,
    CacheWriteTokens,
    ReasoningTokens,
    Cost,
    TimeToFirstChunk,
    FinishReason,
    ResponseId,
    Service,
    Route,
    Session,
    User,
    Tool,
    Tags,
    ErrorType,
    Level,
    StatusMessage,
    SystemInstructions,
    Input,
    Output,
    ToolDefinitions,
}

/// The slots with their names in the table, in the order of their numbers.
pub const SLOTS: [(Slot, &str); 31] = [
    (Slot::Prompt, "prompt"),
    (Slot::Version, "version"),
    (Slot::Fingerprint, "fingerprint"),
    (Slot::Lane, "lane"),
    (Slot::Deployment, "deployment"),
    (Slot::Variables, "variables"),
    (Slot::Operation, "operation"),
    (Slot::Provider, "provider"),
    (Slot::Model, "model"),
    (Slot::InputTokens, "input_tokens"),
    (Slot::OutputTokens, "output_tokens"),
    (Slot::CacheReadTokens, "cache_read_tokens"),
    (Slot::CacheWriteTokens, "cache_write_tokens"),
    (Slot::ReasoningTokens, "reasoning_tokens"),
    (Slot::Cost, "cost"),
    (Slot::TimeToFirstChunk, "time_to_first_chunk"),
    (Slot::FinishReason, "finish_reason"),
    (Slot::ResponseId, "response_id"),
    (Slot::Service, "service"),
    (Slot::Route, "route"),
    (Slot::Session, "session"),
    (Slot::User, "user"),
    (Slot::Tool, "tool"),
    (Slot::Tags, "tags"),
    (Slot::ErrorType, "error_type"),
    (Slot::Level, "level"),
    (Slot::StatusMessage, "status_message"),
    (Slot::SystemInstructions, "system_instructions"),
    (Slot::Input, "input"),
    (Slot::Output, "output"),
    (Slot::ToolDefinitions, "tool_definitions"),
];

impl Slot {
    /// Whether it holds what was said rather than what is measured. Of content, one source is kept
    /// and the others are not: they say the same at length.
    pub fn is_content(self) -> bool {
        matches!(
            self,
            Self::Variables
                | Self::SystemInstructions
                | Self::Input
                | Self::Output
                | Self::ToolDefinitions
        )
    }

    /// Whether it holds what a call to a model used up.
    pub fn is_usage(self) -> bool {
        matches!(
            self,
            Self::InputTokens
                | Self::OutputTokens
                | Self::CacheReadTokens
                | Self::CacheWriteTokens
                | Self::ReasoningTokens
                | Self::Cost
        )
    }
}

/// How the value of a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Read {
    /// As the column reads values.
    #[default]
    Plain,
    /// An object of names and values.
    Json,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// A point in time.
    Time,
    /// Counts of tokens by their sort.
    Usage,
    /// US dollars by the sort of token.
    Cost,
}

/// The words for it in the table.
const READINGS: [(&str, Read); 6] = [
    ("json", Read::Json),
    ("seconds", Read::Seconds),
    ("milliseconds", Read::Milliseconds),
    ("time", Read::Time),
    ("usage", Read::Usage),
    ("cost", Read::Cost),
];

/// The word in the table for what counts on a resource only.
const RESOURCE: &str = "resource";

/// A use of a source: the column that it fills, and how early it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it fills.
    pub slot: Slot,
    /// 0 for the column's first source.
    pub rank: usize,
    /// How it is read.
    pub read: Read,
    /// Whether only a resource's attribute counts.
    pub resource_only: bool,
    /// Where the source ends with `.*`: what stands before the `*`.
    pub prefix: Option<String>,
}

/// The table.
#[derive(Debug)]
pub struct AttributeTable {
    /// Changes with any line of the table.
    pub version: u32,
    /// The first source of each slot.
    names: Vec<String>,
    exact: HashMap<String, Vec<Target>, RandomState>,
    prefixes: Vec<Target>,
    operations: HashMap<String, Operation, RandomState>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    columns: BTreeMap<String, Vec<String>>,
    operations: BTreeMap<String, Vec<String>>,
}

impl AttributeTable {
    /// The table that is built in.
    pub fn built_in() -> &'static Self {
        static PARSED: OnceLock<AttributeTable> = OnceLock::new();
        PARSED.get_or_init(|| Self::read().expect("a test reads the table as it is built in"))
    }

    fn read() -> Result<Self, String> {
        let file: File = toml::from_str(TABLE).map_err(|error| error.to_string())?;
        let mut table = Self {
            version: file.version,
            names: vec![String::new(); SLOTS.len()],
            exact: HashMap::default(),
            prefixes: Vec::new(),
            operations: HashMap::default(),
        };
        for (column, sources) in &file.columns {
            let slot = SLOTS.iter().find(|(_, name)| name == column);
            let (slot, _) = slot.ok_or_else(|| format!("there is no column `{column}`"))?;
            for (rank, source) in sources.iter().enumerate() {
                table.add(*slot, rank, source)?;
            }
        }
        for (name, words) in file.operations {
            let operation = Operation::of(&name);
            let operation = operation.ok_or_else(|| format!("there is no operation `{name}`"))?;
            let words = words.into_iter().map(|word| (word, operation));
            table.operations.extend(words);
        }
        Ok(table)
    }

    fn add(&mut self, slot: Slot, rank: usize, source: &str) -> Result<(), String> {
        let (name, word) = match source.split_once(" (") {
            Some((name, word)) => (name, word.trim_end_matches(')')),
            None => (source, ""),
        };
        let resource_only = word == RESOURCE;
        let reading = READINGS.iter().find(|(known, _)| *known == word);
        if reading.is_none() && !resource_only && !word.is_empty() {
            return Err(format!("`{word}` is no way to read `{name}`"));
        }
        let target = Target {
            slot,
            rank,
            read: reading.map_or(Read::Plain, |(_, read)| *read),
            resource_only,
            prefix: name.strip_suffix('*').map(str::to_owned),
        };
        if rank == 0 {
            name.clone_into(&mut self.names[slot as usize]);
        }
        if target.prefix.is_some() {
            self.prefixes.push(target);
        } else {
            self.exact.entry(name.to_owned()).or_default().push(target);
        }
        Ok(())
    }

    /// What an attribute fills; empty: nothing, so that it stays an attribute.
    pub fn targets(&self, name: &str) -> &[Target] {
        if let Some(targets) = self.exact.get(name) {
            return targets;
        }
        let found = self.prefixes.iter().find(|target| target.covers(name));
        found.map_or(&[], std::slice::from_ref)
    }

    /// The sources of a column that are one attribute each, in the order in which they count.
    pub fn sources(&self, slot: Slot) -> Vec<(&str, &Target)> {
        let targets = self.exact.iter().flat_map(|(name, targets)| {
            let targets = targets.iter().filter(|target| target.slot == slot);
            targets.map(|target| (name.as_str(), target))
        });
        let mut sources: Vec<(&str, &Target)> = targets.collect();
        sources.sort_by_key(|(_, target)| target.rank);
        sources
    }

    /// The names of the attributes that hold what was said, in alphabetic order.
    pub fn content(&self) -> Vec<&str> {
        let exact = self.exact.iter();
        let exact = exact.filter(|(_, targets)| targets.iter().any(|it| it.slot.is_content()));
        let mut names: Vec<&str> = exact.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// What stands before the names and numbers of more of them, and whether a digit must follow.
    pub fn content_prefixes(&self) -> impl Iterator<Item = (&str, bool)> {
        let content = self.prefixes.iter().filter(|it| it.slot.is_content());
        content.filter_map(|it| Some((it.prefix.as_deref()?, it.slot != Slot::Variables)))
    }

    /// The words for operations, in lower case, in alphabetic order.
    pub fn words_of_operations(&self) -> Vec<(&str, Operation)> {
        let words = self.operations.iter();
        let mut words: Vec<_> = words.map(|(word, it)| (word.as_str(), *it)).collect();
        words.sort_unstable();
        words
    }

    /// The first of a column's sources: the name under which we would say it ourselves.
    pub fn name_of(&self, slot: Slot) -> &str {
        &self.names[slot as usize]
    }

    /// The operation that a source means by a word.
    pub fn operation(&self, word: &str) -> Option<Operation> {
        let found = self.operations.get(word);
        found
            .or_else(|| self.operations.get(&word.to_lowercase()))
            .copied()
    }
}

/// What the names of attributes fill, as the last span had them: one span after the other has the same
/// names in the same places.
pub(super) struct Names {
    table: &'static AttributeTable,
    last: Vec<(String, &'static [Target])>,
}

impl Names {
    /// None yet.
    pub(super) fn new(table: &'static AttributeTable) -> Self {
        Self {
            table,
            last: Vec::new(),
        }
    }

    /// The table.
    pub(super) fn table(&self) -> &'static AttributeTable {
        self.table
    }

    /// What an attribute fills that stands in a place.
    pub(super) fn targets(&mut self, place: usize, name: &str) -> &'static [Target] {
        const MOST_PLACES: usize = 64;
        const LONGEST: usize = 128;
        if let Some((known, targets)) = self.last.get(place)
            && is_same(known.as_bytes(), name.as_bytes())
        {
            return targets;
        }
        let targets = self.table.targets(name);
        let is_next = place == self.last.len() && place < MOST_PLACES;
        if name.len() > LONGEST {
            return targets;
        }
        if let Some(last) = self.last.get_mut(place) {
            name.clone_into(&mut last.0);
            last.1 = targets;
        } else if is_next {
            self.last.push((name.to_owned(), targets));
        }
        targets
    }
}

/// Whether two names are the same, eight bytes at a time: they nearly always are, and are too short to be
/// worth a call.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let (one_words, one_rest) = one.as_chunks::<8>();
    let (other_words, other_rest) = other.as_chunks::<8>();
    let words = one_words.iter().zip(other_words);
    let rest = one_rest.iter().zip(other_rest);
    one.len() == other.len()
        && words.fold(0, |differ, (one, other)| {
            differ | (u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other))
        }) == 0
        && rest.fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

impl Target {
    /// Whether a name begins with the prefix and goes on with what it may go on with: the name of a
    /// variable, or the number of a message.
    fn covers(&self, name: &str) -> bool {
        let rest = self.prefix.as_deref().and_then(|it| name.strip_prefix(it));
        rest.is_some_and(|rest| match self.slot {
            Slot::Variables => !rest.is_empty(),
            _ => rest.starts_with(|first: char| first.is_ascii_digit()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_sources_and_its_own_number() {
        AttributeTable::read().unwrap();
        let file: File = toml::from_str(TABLE).unwrap();
        for (index, (slot, name)) in SLOTS.iter().enumerate() {
            assert_eq!(*slot as usize, index, "{name}");
            assert!(!file.columns[*name].is_empty(), "{name}");
        }
    }

    #[test]
    fn an_attribute_may_fill_several_columns() {
        let table = AttributeTable::built_in();
        let slots = |name| {
            let targets = table.targets(name).iter();
            targets.map(|target| target.slot).collect::<Vec<_>>()
        };
        assert_eq!(
            slots("traceloop.prompt.version_hash"),
            [Slot::Fingerprint, Slot::Version]
        );
        assert_eq!(slots("gen_ai.prompt.variable.city"), [Slot::Variables]);
        assert_eq!(slots("gen_ai.prompt.0.content"), [Slot::Input]);
        assert_eq!(slots("llm.input_messages.12.message.role"), [Slot::Input]);
        assert_eq!(slots("gen_ai.prompt.later"), []);
        assert_eq!(slots("http.request.method"), []);
    }

    #[test]
    fn operations_are_known_by_any_convention_in_any_case() {
        let table = AttributeTable::built_in();
        for (word, operation) in [
            ("chat", Operation::Chat),
            ("LLM", Operation::Chat),
            ("GENERATION", Operation::Chat),
            ("ai.streamText.doStream", Operation::Chat),
            ("RETRIEVER", Operation::Retrieval),
            ("ai.toolCall", Operation::ExecuteTool),
        ] {
            assert_eq!(table.operation(word), Some(operation), "{word}");
        }
        assert_eq!(table.operation("realtime"), None);
    }
}
