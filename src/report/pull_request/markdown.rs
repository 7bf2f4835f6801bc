//! The report about a pull request as a comment that is updated in place, or as a step summary.
//!
//! The first line marks the comment, one for each lane: whoever posts it looks for that line and
//! replaces what it posted before. Everything else that may come from outside stands in code.

use crate::domain::untrusted::shorten;
use crate::report::bounded::{Bounded, LONGEST};
use crate::report::markdown::{block, code};

use super::PullRequestReport;
use super::page::{Block, NEXT, Page, Section};

/// How much of a line is shown, in characters.
const SHOWN_LINE: usize = 1_000;

/// How much room is kept for what to do next, in bytes.
const NEXT_ROOM: usize = 8_000;

/// Renders the report.
pub fn render_markdown(report: &PullRequestReport<'_>) -> String {
    let marker = format!("<!-- pointsman:gate lane={} -->", report.lane);
    format!("{marker}\n{}", render_page(&Page::new(report)))
}

fn render_page(page: &Page) -> String {
    let (next, rest): (Vec<&Section>, Vec<&Section>) = page
        .sections
        .iter()
        .partition(|section| section.title == NEXT);
    let mut text = Bounded::new(LONGEST - NEXT_ROOM);
    text.add(&format!("## pointsman: {}\n", page.headline));
    for section in rest {
        add(section, &mut text);
    }
    let mut end = Bounded::new(NEXT_ROOM);
    for section in next {
        add(section, &mut end);
    }
    text.finish() + &end.finish()
}

fn add(section: &Section, text: &mut Bounded) {
    text.add(&format!("\n### {}\n\n", section.title));
    for piece in &section.blocks {
        match piece {
            Block::Line(line) => text.add(&format!("- {}\n", code(&shorten(line, SHOWN_LINE)))),
            Block::Table(titles, rows) => table(titles, rows, text),
            Block::Output(name, said) => text.add(&format!("\n{name}:\n\n{}\n\n", block(said))),
        }
    }
}

fn table(titles: &[&str], rows: &[Vec<String>], text: &mut Bounded) {
    let head = titles.join(" | ").to_lowercase();
    text.add(&format!("| {head} |\n|{}\n", "---|".repeat(titles.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| code(cell)).collect();
        text.add(&format!("| {} |\n", cells.join(" | ")));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is left of a Markdown text when its code is taken out, read as a host reads it: a
    /// fence ends at a line of as many backticks, inline code at a run of exactly as many.
    fn outside_of_code(text: &str) -> String {
        let mut rest = String::new();
        let mut fence: Option<String> = None;
        for line in text.lines() {
            let ticks: String = line.chars().take_while(|it| *it == '`').collect();
            match &fence {
                Some(open)
                    if ticks.len() >= open.len() && line[ticks.len()..].trim().is_empty() =>
                {
                    fence = None;
                }
                Some(_) => {}
                None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => {
                    fence = Some(ticks);
                }
                None => rest.push_str(&without_inline_code(line)),
            }
        }
        assert!(fence.is_none(), "a block stays open:\n{text}");
        rest
    }

    fn without_inline_code(line: &str) -> String {
        let mut rest = String::new();
        let mut left = line;
        while let Some(start) = left.find('`') {
            rest.push_str(&left[..start]);
            left = &left[start..];
            let length = left.len() - left.trim_start_matches('`').len();
            left = &left[length..];
            let mut end = 0;
            loop {
                let next = left[end..].find('`').expect("inline code stays open");
                let run = left[end + next..]
                    .chars()
                    .take_while(|it| *it == '`')
                    .count();
                end += next + run;
                if run == length {
                    break;
                }
            }
            left = &left[end..];
        }
        rest.push_str(left);
        rest
    }

    fn hostile() -> impl Strategy<Value = String> {
        let parts = prop::sample::select(vec![
            "`",
            "```",
            "\n",
            "\r",
            "@all",
            "![](//x)",
            "[a](b)",
            "<img>",
            "</details>",
            "|",
            "~~~",
            "<!--",
            "-->",
            " ",
            "\u{202e}",
            "\\",
            "#",
            "a",
            "\t",
            "http://x.y",
        ]);
        prop::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
    }

    #[test]
    fn a_report_fits_into_a_comment_and_always_says_what_to_do_next() {
        let hostile = "\u{202e}".repeat(400);
        let flip = || Block::Output("head", hostile.clone());
        let rows = (0..3_000).map(|_| vec![hostile[..30].to_owned(), "b".to_owned()]);
        let page = Page {
            headline: "gate".to_owned(),
            sections: vec![
                Section {
                    title: "Title",
                    blocks: vec![
                        Block::Line(hostile.repeat(100)),
                        Block::Table(&["A", "B"], rows.collect()),
                    ],
                },
                Section {
                    title: "Outputs",
                    blocks: (0..40).map(|_| flip()).collect(),
                },
                Section {
                    title: NEXT,
                    blocks: vec![Block::Line("merge the base into the head".to_owned())],
                },
            ],
        };
        let text = render_page(&page);
        assert!(text.len() <= LONGEST, "{} bytes", text.len());
        assert!(
            text.contains("\nParts left out"),
            "{}",
            &text[text.len() - 500..]
        );
        assert!(text.ends_with("### What to do next\n\n- `merge the base into the head`\n"));
        assert_eq!(outside_of_code(&text).matches('\u{202e}').count(), 0);
    }

    proptest! {
        #[test]
        fn nothing_from_outside_leaves_its_code(
            line in hostile(), cell in hostile(), said in hostile()
        ) {
            let page = |line: &str, cell: &str, said: &str| render_page(&Page {
                headline: "gate".to_owned(),
                sections: vec![Section {
                    title: "Title",
                    blocks: vec![
                        Block::Line(line.to_owned()),
                        Block::Table(&["A", "B"], vec![vec![cell.to_owned(), "b".to_owned()]]),
                        Block::Output("head", said.to_owned()),
                    ],
                }],
            });
            let shown = outside_of_code(&page(&line, &cell, &said)).replace("(empty)", "");
            prop_assert_eq!(shown, outside_of_code(&page("a", "a", "a")));
        }
    }
}
