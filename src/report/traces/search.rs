//! What a search has found: for people with the words marked, and as JSON lines for programs.

use std::fmt::Write as _;
use std::ops::Range;

use anstyle::AnsiColor;
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::trace::span::SpanStatus;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::traces::search::{Hit, Leg, Snippet};
use crate::report::json;
use crate::report::release::seconds;

use super::list::short_id;

/// How much of a name is shown, in characters.
const SHOWN: usize = 80;

/// The results for people. Words that were looked for stand between `*`, or in colour where that is
/// wanted.
pub fn hits(hits: &[Hit], color: bool) -> String {
    let mut text = String::new();
    for (hit, rank) in hits.iter().zip(1..) {
        if rank > 1 {
            text.push('\n');
        }
        head(hit, rank, &mut text);
        if let Some(snippet) = &hit.snippet {
            let shown = marked(snippet, color);
            let _ = writeln!(text, "   {}: {shown}", snippet.source.name());
        }
    }
    text
}

fn head(hit: &Hit, rank: usize, text: &mut String) {
    let span = &hit.span;
    let id = format!("{}/{}", short_id(&span.trace_id), short_id(&span.span_id));
    let _ = write!(
        text,
        "{rank}. {}  {}  {}",
        Untrusted(&shorten(&id, SHOWN)),
        seconds(span.started_at),
        Untrusted(&shorten(&span.name, SHOWN))
    );
    if let Some(prompt) = &span.lineage.prompt {
        let _ = write!(text, " [{}]", Untrusted(&shorten(prompt, SHOWN)));
    }
    if span.status == SpanStatus::Error {
        text.push_str("  error");
    }
    let legs = [
        hit.by_words.map(|leg| ("words", leg)),
        hit.by_meaning.map(|leg| ("meaning", leg)),
    ];
    let legs: Vec<String> = legs
        .into_iter()
        .flatten()
        .map(|(name, leg)| format!("{name} {:.3} (#{})", leg.score, leg.rank))
        .collect();
    let _ = writeln!(text, "  by {}", legs.join(", "));
}

/// A piece of text in one line, with what was looked for marked.
fn marked(snippet: &Snippet, color: bool) -> String {
    let style = AnsiColor::Yellow.on_default().bold();
    let (before, after) = if color {
        (style.render().to_string(), style.render_reset().to_string())
    } else {
        ("*".to_owned(), "*".to_owned())
    };
    let mut shown = String::new();
    let mut last = 0;
    for range in &snippet.highlights {
        shown.push_str(&plain(&snippet.text, last..range.start));
        let _ = write!(
            shown,
            "{before}{}{after}",
            plain(&snippet.text, range.clone())
        );
        last = range.end;
    }
    shown.push_str(&plain(&snippet.text, last..snippet.text.len()));
    shown
}

/// A part of a text that is safe to show, with white space as it is between words.
fn plain(text: &str, range: Range<usize>) -> String {
    let part: String = text[range]
        .chars()
        .map(|character| {
            if character.is_whitespace() {
                ' '
            } else {
                character
            }
        })
        .collect();
    Untrusted(&part).to_string()
}

/// A result: `pointsman/trace-hit/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HitV1<'h> {
    schema: &'static str,
    rank: usize,
    trace: &'h str,
    span: &'h str,
    time: Timestamp,
    name: &'h str,
    operation: &'static str,
    status: &'static str,
    prompt: Option<&'h str>,
    lane: Option<&'h str>,
    model: Option<&'h str>,
    score: f64,
    words: Option<LegV1>,
    meaning: Option<LegV1>,
    snippet: Option<SnippetV1<'h>>,
}

/// How a leg has found it: its place there, from 1, and what decided that.
#[derive(Serialize)]
struct LegV1 {
    rank: usize,
    score: f64,
}

/// A piece of a text. `highlights`: from which character to which, the end not included.
#[derive(Serialize)]
struct SnippetV1<'h> {
    source: &'static str,
    text: &'h str,
    highlights: Vec<[usize; 2]>,
}

/// A result as a line of JSON.
pub fn hit_line(hit: &Hit, rank: usize) -> String {
    let span = &hit.span;
    let leg = |leg: Leg| LegV1 {
        rank: leg.rank,
        score: leg.score,
    };
    let line = HitV1 {
        schema: "pointsman/trace-hit/v1",
        rank,
        trace: &span.trace_id,
        span: &span.span_id,
        time: span.started_at,
        name: &span.name,
        operation: span.operation.name(),
        status: span.status.name(),
        prompt: span.lineage.prompt.as_deref(),
        lane: span.lineage.lane.as_deref(),
        model: span.call.model.as_deref(),
        score: hit.score,
        words: hit.by_words.map(leg),
        meaning: hit.by_meaning.map(leg),
        snippet: hit.snippet.as_ref().map(Into::into),
    };
    json::line(&line)
}

impl<'h> From<&'h Snippet> for SnippetV1<'h> {
    fn from(snippet: &'h Snippet) -> Self {
        let character = |byte: usize| snippet.text[..byte].chars().count();
        let ranges = snippet.highlights.iter();
        Self {
            source: snippet.source.name(),
            text: &snippet.text,
            highlights: ranges
                .map(|range| [character(range.start), character(range.end)])
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::traces::search::passages::Source;

    #[test]
    fn what_was_looked_for_is_marked_and_nothing_drives_the_terminal() {
        let text = "…ein Rückgeld\u{1b}[2J\nbitte Rückgeld";
        let places = text.match_indices("Rückgeld");
        let snippet = Snippet {
            source: Source::User,
            text: text.to_owned(),
            highlights: places
                .map(|(start, word)| start..start + word.len())
                .collect(),
        };
        let shown = marked(&snippet, false);
        assert_eq!(shown, "…ein *Rückgeld*\\u{1b}[2J bitte *Rückgeld*");
        let colored = marked(&snippet, true);
        assert!(colored.contains("Rückgeld\u{1b}[0m"), "{colored:?}");
        let json = SnippetV1::from(&snippet);
        assert_eq!(json.highlights, [[5, 13], [24, 32]]);
    }
}
