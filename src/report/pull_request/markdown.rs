//! The report about a pull request as a comment that is updated in place, or as a step summary.
//!
//! The first line marks the comment, one for each lane: whoever posts it looks for that line and
//! replaces what it posted before. Everything else that may come from outside stands in code.

use std::fmt::Write as _;

use crate::report::markdown::{block, code};

use super::PullRequestReport;
use super::page::{Block, Page};

/// Renders the report.
pub fn render_markdown(report: &PullRequestReport<'_>) -> String {
    let marker = format!("<!-- pointsman:gate lane={} -->", report.lane);
    format!("{marker}\n{}", render_page(&Page::new(report)))
}

fn render_page(page: &Page) -> String {
    let mut text = format!("## pointsman: {}\n", page.headline);
    for section in &page.sections {
        let _ = writeln!(text, "\n### {}\n", section.title);
        for piece in &section.blocks {
            match piece {
                Block::Line(line) => {
                    let _ = writeln!(text, "- {}", code(line));
                }
                Block::Table(titles, rows) => table(titles, rows, &mut text),
                Block::Output(name, said) => {
                    let _ = writeln!(text, "\n{name}:\n\n{}\n", block(said));
                }
            }
        }
    }
    text
}

fn table(titles: &[&str], rows: &[Vec<String>], text: &mut String) {
    let _ = writeln!(text, "| {} |", titles.join(" | ").to_lowercase());
    let _ = writeln!(text, "|{}", "---|".repeat(titles.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| code(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::pull_request::page::Section;

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
