//! Which attributes of a span fill which columns, and which are left over.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::trace::embedded;

use super::super::otlp::value::{Attributes, Value};
use super::table::{AttributeTable, Names, Read, SLOTS, Slot, Target};

/// A resource's attributes, looked up once for all its spans.
pub(super) struct Resource<'v> {
    columns: [Option<Found<'v>>; SLOTS.len()],
    rest: Vec<(&'v str, &'v Value<'v>)>,
}

/// What was found for the columns of one span.
pub(super) struct Filled<'v> {
    columns: [Option<Found<'v>>; SLOTS.len()],
    /// The span's own attributes.
    attributes: &'v Attributes<'v>,
    /// What each of them could fill.
    targets: Vec<&'static [Target]>,
    resource: &'v Resource<'v>,
}

/// The source that a column takes.
#[derive(Clone, Copy)]
struct Found<'v> {
    target: &'static Target,
    value: &'v Value<'v>,
}

impl<'v> Resource<'v> {
    /// Looks a resource's attributes up.
    pub(super) fn new(table: &'static AttributeTable, attributes: &'v Attributes<'v>) -> Self {
        let mut filled = [None; SLOTS.len()];
        let mut rest = Vec::new();
        let mut targets = Vec::new();
        for (name, value) in &attributes.0 {
            let of_name = table.targets(name);
            for target in of_name {
                offer(&mut filled, Found { target, value }, true);
            }
            targets.push(of_name);
        }
        for ((name, value), of_name) in attributes.0.iter().zip(targets) {
            if is_left_over(&filled, of_name, value) {
                rest.push((name.as_ref(), value));
            }
        }
        Self {
            columns: filled,
            rest,
        }
    }
}

impl<'v> Filled<'v> {
    /// Looks a span's attributes up.
    pub(super) fn new(
        names: &mut Names,
        attributes: &'v Attributes<'v>,
        resource: &'v Resource<'v>,
    ) -> Self {
        let mut filled = resource.columns;
        let mut targets = Vec::with_capacity(attributes.0.len());
        for (place, (name, value)) in attributes.0.iter().enumerate() {
            let of_name = names.targets(place, name);
            for target in of_name.iter().filter(|target| !target.resource_only) {
                offer(&mut filled, Found { target, value }, false);
            }
            targets.push(of_name);
        }
        Self {
            columns: filled,
            attributes,
            targets,
            resource,
        }
    }

    /// The value that a column takes, and how it is read.
    pub(super) fn value(&self, slot: Slot) -> Option<(&'v Value<'v>, Read)> {
        let found = self.columns[slot as usize]?;
        Some((found.value, found.target.read))
    }

    /// The text that a column takes.
    pub(super) fn text(&self, slot: Slot) -> Option<String> {
        let (value, _) = self.value(slot)?;
        value.to_text().map(std::borrow::Cow::into_owned)
    }

    /// The name of the source that a column takes begins with this, and goes on with paths.
    pub(super) fn prefix(&self, slot: Slot) -> Option<&'static str> {
        self.columns[slot as usize]?.target.prefix.as_deref()
    }

    /// The attributes whose names begin with a prefix, without it.
    pub(super) fn below(
        &self,
        prefix: &'static str,
    ) -> impl Iterator<Item = (&'v str, &'v Value<'v>)> {
        let attributes = self.attributes.0.iter();
        attributes.filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }

    /// Takes back what fills a column, so that its sources stay attributes.
    pub(super) fn leave(&mut self, slot: Slot) {
        self.columns[slot as usize] = None;
    }

    /// Every attribute that fills no column; a span's own before that of its resource.
    pub(super) fn rest(&self) -> BTreeMap<String, String> {
        let mut rest = BTreeMap::new();
        for (name, value) in &self.resource.rest {
            add(&mut rest, name, value);
        }
        for ((name, value), targets) in self.attributes.0.iter().zip(&self.targets) {
            if is_left_over(&self.columns, targets, value) {
                add(&mut rest, name, value);
            }
        }
        rest
    }
}

fn offer<'v>(filled: &mut [Option<Found<'v>>], found: Found<'v>, resource: bool) {
    let says_nothing = match found.value {
        Value::Nothing => true,
        Value::Text(text) => text.chars().all(char::is_whitespace),
        Value::List(items) => items.is_empty(),
        _ => false,
    };
    if says_nothing || (found.target.resource_only && !resource) {
        return;
    }
    let taken = &mut filled[found.target.slot as usize];
    if taken.is_none_or(|taken| found.target.rank <= taken.target.rank) {
        *taken = Some(found);
    }
}

/// Whether an attribute says something that no column says.
fn is_left_over(filled: &[Option<Found<'_>>], targets: &[Target], value: &Value<'_>) -> bool {
    !targets.iter().any(|target| {
        // Nearly always it is this very value that the column takes.
        let says_it = |taken: Found<'_>| std::ptr::eq(taken.value, value) || taken.value == value;
        target.slot.is_content() || filled[target.slot as usize].is_some_and(says_it)
    })
}

/// Adds an attribute. A list of names and values under `metadata` is one attribute each.
fn add(rest: &mut BTreeMap<String, String>, name: &str, value: &Value<'_>) {
    const METADATA: &str = "metadata";
    let Some(text) = value.to_text() else {
        return;
    };
    if name == METADATA
        && let Ok(Json::Object(entries)) = embedded::read(&text)
    {
        for (key, value) in entries {
            add(rest, &format!("{METADATA}.{key}"), &Value::from(value));
        }
        return;
    }
    rest.insert(name.to_owned(), text.into_owned());
}
