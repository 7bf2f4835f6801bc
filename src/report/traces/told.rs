//! What several pages about traces say in the same words.

use std::fmt::Write as _;

use crate::domain::trace::score::Score;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::traces::explore::lineage::Live;
use crate::report::release::seconds;

use super::list::short_id;

/// How much of a text stands in a line, in characters.
const SHOWN: usize = 160;

/// Tokens read and written, where any are known.
pub(super) fn tokens(input: Option<u64>, output: Option<u64>) -> Option<String> {
    match (input, output) {
        (None, None) => None,
        (input, output) => {
            let count = |count: Option<u64>| count.map_or("?".to_owned(), |it| it.to_string());
            Some(format!("{} in, {} out", count(input), count(output)))
        }
    }
}

/// A record that was live.
pub(in crate::report) fn live_line(live: &Live) -> String {
    let stay = &live.stay;
    let since = &stay.since.deployment;
    let until = match &stay.until {
        None => "live now".to_owned(),
        Some(next) => format!("until {}", seconds(next.deployment.recorded_at)),
    };
    let how = if live.is_named { "" } else { ", by its time" };
    format!(
        "{} #{} ({}), {} by {}, since {}, {until}{how}",
        stay.lane,
        since.sequence,
        stay.since.id.short(),
        since.kind.name(),
        Untrusted(&since.actor),
        seconds(since.recorded_at),
    )
}

/// A score with its reason.
pub(in crate::report) fn score_line(score: &Score) -> String {
    let mut line = shorten(&score.name, SHOWN).into_owned();
    if let Some(value) = score.value {
        let _ = write!(line, " {value}");
    }
    if let Some(label) = &score.label {
        let _ = write!(line, " {}", shorten(label, SHOWN));
    }
    if let Some(error) = &score.error_type {
        let _ = write!(line, " failed with {}", shorten(error, SHOWN));
    }
    if let Some(span) = &score.span_id {
        let _ = write!(line, " (span {})", shorten(&short_id(span), SHOWN));
    }
    if let Some(source) = &score.source {
        let _ = write!(line, " by {}", shorten(source, SHOWN));
    }
    if let Some(explanation) = &score.explanation {
        let _ = write!(line, ": {}", shorten(explanation, SHOWN));
    }
    Untrusted(&line).to_string()
}
