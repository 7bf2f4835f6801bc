//! How much memory a request may come to when it is read. Two bytes (`{}`) can stand for a span of
//! hundreds, so that its length says little.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Error, SeqAccess, Visitor};

/// As much as a request of the longest length comes to, and more.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// Why a request is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it holds so much that it would take more than {MOST_BYTES} bytes of memory")]
pub struct NoRoom;

/// The room that is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const WHOLE: Self = Self(MOST_BYTES);

    /// Takes so many bytes of it.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.0 = self.0.checked_sub(bytes).ok_or(NoRoom)?;
        Ok(())
    }
}

thread_local! {
    /// The room for the JSON that this thread reads: serde hands nothing of ours on to the types that it
    /// reads.
    static LEFT: Cell<Room> = const { Cell::new(Room::WHOLE) };
}

/// Begins with a new request.
pub(super) fn begin() {
    LEFT.set(Room::WHOLE);
}

/// Adds an item to a list, which has room for `first` of them when it begins to grow.
pub(super) fn push<T, E: Error>(list: &mut Vec<T>, item: T, first: usize) -> Result<(), E> {
    if list.len() == list.capacity() {
        let more = list.capacity().max(first);
        let mut left = LEFT.get();
        left.take(more * size_of::<T>()).map_err(E::custom)?;
        LEFT.set(left);
        list.reserve_exact(more);
    }
    list.push(item);
    Ok(())
}

/// Reads the items of a list; `null` is an empty one.
pub(super) struct ItemsVisitor<T>(PhantomData<T>);

impl<T> Default for ItemsVisitor<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        const FEW: usize = 4;
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            push(&mut list, item, FEW)?;
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::super::from_json;

    /// A request with one list of the same item, so long that it has these many bytes.
    fn request(before: &str, item: &str, after: &str, bytes: usize) -> String {
        let items = vec![item; bytes / (item.len() + 1)].join(",");
        format!("{before}[{items}]{after}")
    }

    #[test]
    fn a_short_text_that_stands_for_much_is_refused_before_it_takes_its_memory() {
        const BYTES: usize = 16 * 1024 * 1024;
        let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":"#;
        let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":"#;
        for (before, item, after) in [
            (spans, "{}", "}]}]}"),
            (spans, r#"{"attributes":[{}]}"#, "}]}]}"),
            (span, "{}", "}]}]}]}"),
        ] {
            let text = request(before, item, after, BYTES);
            let error = from_json(text.as_bytes()).err();
            let told = error.map(|error| error.to_string());
            assert!(told.is_some_and(|it| it.contains("of memory")), "{item}");
        }
        // The next request begins anew.
        let fine = request(spans, "{}", "}]}]}", 1_000);
        assert!(from_json(fine.as_bytes()).is_ok());
    }
}
