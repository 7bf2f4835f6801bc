//! What importers, and the way back, say about the files that they read.

use std::ops::Range;

use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::engine::workspace::document::Source;

/// How many remarks on one file are kept: a hostile file could ask for millions.
const MAX_REMARKS: usize = 200;

/// Where something is that a remark is about. Looking the line up takes time, so that it is done for
/// remarks that are kept only.
#[derive(Debug, Clone)]
pub(crate) enum At<'s> {
    /// A stretch of text.
    Span(&'s Source, Span),
    /// The same, whose line is not repeated: it may hold a secret.
    Secret(&'s Source, Span),
    /// A range of bytes.
    Bytes(&'s Source, Range<usize>),
    /// A place that was looked up before.
    Place(&'s Place),
}

impl At<'_> {
    /// The place itself.
    pub(crate) fn place(self) -> Place {
        match self {
            Self::Span(source, span) => source.place(span),
            Self::Secret(source, span) => Place {
                excerpt: None,
                ..source.place(span)
            },
            Self::Bytes(source, range) => source.place(source.span_of_bytes(range)),
            Self::Place(place) => place.clone(),
        }
    }
}

/// Remarks on one file, and whether the file can be imported in spite of them.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    list: Vec<Finding>,
    refused: bool,
    not_kept: usize,
}

impl Remarks {
    /// Something did not come along.
    pub(crate) fn left_out(
        &mut self,
        ident: &str,
        at: At<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.has_room() {
            let finding = Finding::error(ident, at.place(), message).with_help(help);
            self.list.push(finding);
        }
    }

    /// Something came along a little different.
    pub(crate) fn changed(
        &mut self,
        ident: &str,
        at: At<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.has_room() {
            let finding = Finding::warning(ident, at.place(), message).with_help(help);
            self.list.push(finding);
        }
    }

    /// The file cannot be imported: without this, what is written would say something else.
    pub(crate) fn refuse(
        &mut self,
        ident: &str,
        at: At<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.left_out(ident, at, message, help);
        self.refused = true;
    }

    /// The file cannot be read.
    pub(crate) fn unreadable(&mut self, Findings(findings): Findings) {
        self.list.extend(findings);
        self.refused = true;
    }

    /// Whether the file cannot be imported.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused
    }

    /// All of them. A file that is not `done` with (`imported`, `converted`) is named as such, and nothing
    /// is said about differences.
    pub(crate) fn finish(mut self, path: &str, done: &str) -> Vec<Finding> {
        let place = Place::file(path);
        if self.not_kept > 0 {
            let message = format!("{} more remarks are not shown", self.not_kept);
            let last = self.list.last().map_or(&place, |last| &last.place);
            let finding = Finding::error("more-remarks", last.clone(), message);
            self.list.push(finding);
        }
        if self.refused {
            // What would have been a little different is not there at all.
            self.list.retain(Finding::is_error);
            let message = format!("this file is not {done}, because of what is listed with it");
            let ident = format!("not-{done}");
            self.list.push(Finding::error(&ident, place, message));
        }
        self.list
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.list.len() < MAX_REMARKS;
        self.not_kept += usize::from(!has_room);
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_asks_for_many_remarks_gets_a_bounded_number_and_the_count_of_the_others() {
        let source = Source::new("a", "x\n");
        let mut remarks = Remarks::default();
        for _ in 0..1_000 {
            remarks.refuse("i", At::Bytes(&source, 0..1), "m", "h");
        }
        let all = remarks.finish("a", "imported");
        assert_eq!(all.len(), MAX_REMARKS + 2);
        assert_eq!(all[MAX_REMARKS].message, "800 more remarks are not shown");
    }
}
