//! Reads and writes the settings at the top of a review, and the parts of it that come from data.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::domain::deployment::ReleaseName;
use crate::domain::finding::{Finding, Findings, Span};
use crate::domain::id::ReviewId;
use crate::domain::review::{LaunchDay, Review, Subject};
use crate::domain::trace::filter::TimeRange;

use super::decode::Decoder;
use super::document::{Node, Source, saturate};
use super::incident::{range, signed_alone, signed_json};
use super::kept;
use super::yaml::parse_yaml;

/// The word for a review of a release.
const LAUNCH: &str = "launch";

/// The word for a review of a week.
const WEEKLY: &str = "weekly";

/// How the line begins that stands above a part that comes from data.
const PART: &str = "<!-- data: ";

/// The line below such a part.
const END: &str = "<!-- end of data -->";

/// Reads one review.
pub fn read_review(id: &ReviewId, source: &Source) -> Result<Review, Findings> {
    let (settings, _) = kept::open(source)?;
    let node = parse_yaml(&settings)?;
    let mut decoder = Decoder::new(&settings);
    let review = review(id, &mut decoder, &node);
    decoder.finish(review)
}

fn review(id: &ReviewId, decoder: &mut Decoder<'_>, node: &Node) -> Option<Review> {
    let mut fields = decoder.fields(node)?;
    let title = fields.required(decoder, "title");
    let title = title.and_then(|node| decoder.text(node));
    let is_launch = fields.required(decoder, "review");
    let is_launch =
        is_launch.and_then(|node| decoder.word(node, &[(LAUNCH, true), (WEEKLY, false)]));
    let mut release: Option<ReleaseName> = None;
    let mut day: Option<LaunchDay> = None;
    if is_launch == Some(true) {
        let named = fields.required(decoder, "deployment");
        release = named.and_then(|node| decoder.parsed(node));
        let said = fields.required(decoder, "day");
        day = said.and_then(|node| launch_day(decoder, node));
    }
    let window = fields.required(decoder, "window");
    let window = window.and_then(|node| range(decoder, node));
    let updated = fields.required(decoder, "updated");
    let updated = updated.and_then(|node| signed_alone(decoder, node));
    fields.finish(decoder);
    Some(Review {
        id: id.clone(),
        title: title?,
        subject: if is_launch? {
            Subject::Launch(release?, day?)
        } else {
            Subject::Week
        },
        window: window?,
        updated: updated?,
    })
}

fn launch_day(decoder: &mut Decoder<'_>, node: &Node) -> Option<LaunchDay> {
    let days = decoder.integer_within(node, 0, 7)?;
    let day = LaunchDay::of(days);
    if day.is_none() {
        let message = format!("no release is reviewed on day {days}");
        let help = "write 0, 1, 3 or 7";
        decoder.error("out-of-range", node.span, message, help);
    }
    day
}

/// A new review, as a file with this text below its settings.
pub fn write_review(review: &Review, body: &str) -> String {
    let mut settings = vec![("title", json!(review.title))];
    match &review.subject {
        Subject::Week => settings.push(("review", json!(WEEKLY))),
        Subject::Launch(release, day) => settings.extend([
            ("review", json!(LAUNCH)),
            ("deployment", json!(release.to_string())),
            ("day", json!(day.days())),
        ]),
    }
    settings.extend(changing(review));
    kept::new_file(&settings, body)
}

/// The settings that are others each time.
fn changing(review: &Review) -> [(&'static str, Json); 2] {
    let TimeRange { from, until } = review.window;
    [
        ("window", json!({"from": from, "until": until})),
        ("updated", signed_json(&review.updated)),
    ]
}

/// A part of a review that comes from data, with the lines around it by which it is found again.
pub fn data_part(name: &str, text: &str) -> String {
    format!("{PART}{name} -->\n{}\n{END}\n", text.trim_end())
}

/// A review that is there, with new data: everything outside of the parts that come from data stays. What
/// it has no place for any more is named.
pub fn with_data<'p>(
    source: &Source,
    review: &Review,
    parts: &BTreeMap<&'p str, String>,
) -> Result<(String, Vec<&'p str>), Findings> {
    let text = kept::with_settings(source, &changing(review))?;
    let mut written = String::new();
    let mut found = Vec::new();
    let mut open_since: Option<usize> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let name = line.strip_prefix(PART);
        if let (Some(start), Some(_)) = (open_since, name) {
            return Err(unclosed(review, &text, start));
        }
        let name = name.and_then(|rest| rest.trim_end().strip_suffix(" -->"));
        if let Some((name, part)) = name.and_then(|name| parts.get_key_value(name)) {
            written.push_str(&data_part(name, part));
            found.push(*name);
            open_since = Some(index);
        } else if open_since.is_none() {
            written.push_str(line);
        } else if line.trim_end() == END {
            open_since = None;
        }
    }
    if let Some(start) = open_since {
        return Err(unclosed(review, &text, start));
    }
    let gone = parts.keys().filter(|name| !found.contains(*name));
    Ok((written, gone.copied().collect()))
}

/// A part whose end is gone: nobody knows what of the text below it is ours.
fn unclosed(review: &Review, text: &str, line_index: usize) -> Findings {
    let source = Source::new(review.id.path(), text);
    let span = Span {
        line: saturate(line_index + 1),
        column: 1,
        length: saturate(PART.trim_end().chars().count()),
    };
    let message = "the data that begins here does not end";
    Finding::error("unclosed-data", source.place(span), message)
        .with_help(format!("put a line `{END}` below it again"))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::Signed;
    use crate::domain::review::launch_id;

    fn day_one() -> Review {
        let release: ReleaseName = "production#2".parse().unwrap();
        Review {
            id: launch_id(&release, LaunchDay::One),
            title: "production#2, day 1".to_owned(),
            subject: Subject::Launch(release, LaunchDay::One),
            window: TimeRange {
                from: "2026-03-02T09:00:00Z".parse().unwrap(),
                until: "2026-03-03T09:00:00Z".parse().unwrap(),
            },
            updated: Signed {
                at: "2026-03-03T10:00:00Z".parse().unwrap(),
                by: "Ada".to_owned(),
            },
        }
    }

    #[test]
    fn reviews_read_back_as_they_were_written() {
        let week = Review {
            subject: Subject::Week,
            ..day_one()
        };
        for review in [day_one(), week] {
            let source = Source::new(review.id.path(), write_review(&review, "# Text\n"));
            assert_eq!(read_review(&review.id, &source), Ok(review));
        }
    }

    #[test]
    fn what_is_wrong_with_a_review_is_found() {
        let text = write_review(&day_one(), "");
        for (from, to, ident) in [
            ("day: 1", "day: 2", "out-of-range"),
            ("day: 1", "days: 1", "missing-key"),
            ("review: launch", "review: weekly", "unknown-key"),
            ("review: launch", "review: lunch", "unknown-word"),
            ("updated:", "updatd:", "missing-key"),
        ] {
            let source = Source::new("a.md", text.replace(from, to));
            let found = read_review(&day_one().id, &source).unwrap_err();
            assert_eq!(found.0[0].ident, ident, "{to}");
        }
    }

    #[test]
    fn data_changes_and_what_people_wrote_stays() {
        let parts = |numbers: &str| BTreeMap::from([("numbers", numbers.to_owned())]);
        let body = format!("# A\n\n{}\nOurs.\n", data_part("numbers", "1\n2\n"));
        let source = Source::new("a.md", write_review(&day_one(), &body));
        let later = Review {
            updated: Signed {
                at: "2026-03-04T10:00:00Z".parse().unwrap(),
                by: "Bea".to_owned(),
            },
            ..day_one()
        };
        let (text, gone) = with_data(&source, &later, &parts("3")).unwrap();
        assert!(gone.is_empty());
        assert_eq!(text, write_review(&later, &body.replace("1\n2\n", "3\n")));
        let (again, _) =
            with_data(&Source::new("a.md", text.as_str()), &later, &parts("3")).unwrap();
        assert_eq!(again, text);
        let torn = Source::new("a.md", source.text.replace("<!-- end of data -->\n", ""));
        let found = with_data(&torn, &later, &parts("3")).unwrap_err();
        assert_eq!(found.0[0].ident, "unclosed-data");
        assert_eq!(
            found.0[0].place.excerpt.as_deref(),
            Some("<!-- data: numbers -->")
        );
        let own = Source::new("a.md", write_review(&day_one(), "Only ours.\n"));
        let (text, gone) = with_data(&own, &day_one(), &parts("3")).unwrap();
        assert_eq!((text, gone), (own.text.clone(), vec!["numbers"]));
    }
}
