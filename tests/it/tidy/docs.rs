//! The book: what a link names is there, and every page has a place in the table of contents.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::source::{SourceFile, pages, root};

/// Pages beside those of the book.
const BESIDE: [&str; 5] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
];

fn all_pages() -> Vec<SourceFile> {
    let beside = BESIDE.iter().map(|path| {
        let text = std::fs::read_to_string(root().join(path)).expect("the page is there");
        SourceFile::imagined(path, &text)
    });
    beside.chain(pages()).collect()
}

/// The lines of a page that are no code, with their numbers.
fn prose(page: &SourceFile) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let lines = page.text.lines().enumerate().filter(|(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    });
    lines.map(|(index, line)| (index + 1, line)).collect()
}

/// What is linked to, with the number of the line.
fn links(page: &SourceFile) -> Vec<(usize, String)> {
    let link = regex::Regex::new(r"\]\(([^()\s]+)\)").expect("this is an expression");
    let mut found = Vec::new();
    for (number, line) in prose(page) {
        let targets = link.captures_iter(line);
        found.extend(targets.map(|it| (number, it[1].to_owned())));
    }
    found
}

/// The anchors of a page's headings, as git hosts and mdBook make them.
fn anchors(page: &SourceFile) -> BTreeSet<String> {
    let headings = prose(page).into_iter();
    let headings = headings.filter_map(|(_, line)| {
        let rest = line.trim_start_matches('#');
        (rest.len() < line.len())
            .then(|| rest.strip_prefix(' '))
            .flatten()
    });
    let anchor = |heading: &str| -> String {
        let lower = heading.trim().to_lowercase();
        let kept = lower
            .chars()
            .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
        kept.map(|it| if it == ' ' { '-' } else { it }).collect()
    };
    headings.map(anchor).collect()
}

/// The path below the root that a link of a page names.
fn named_by(page: &SourceFile, path: &str) -> String {
    if path.is_empty() {
        return page.path.clone();
    }
    let mut parts: Vec<&str> = page.path.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn broken_links(pages: &[SourceFile]) -> Vec<String> {
    let known: BTreeMap<&str, BTreeSet<String>> = pages
        .iter()
        .map(|page| (page.path.as_str(), anchors(page)))
        .collect();
    let mut broken = Vec::new();
    for page in pages {
        for (line, link) in links(page) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let named = named_by(page, path);
            let is_there = root().join(&named).exists() || known.contains_key(named.as_str());
            let heads = known.get(named.as_str());
            let has_anchor = anchor.is_empty() || heads.is_none_or(|all| all.contains(anchor));
            if !is_there || !has_anchor {
                broken.push(format!("{}:{line}: `{link}` leads nowhere", page.path));
            }
        }
    }
    broken
}

#[test]
fn every_link_leads_somewhere() {
    let planted = SourceFile::imagined(
        "docs/planted.md",
        "# One Two\n[a](#one-two) [b](#three) [c](none.md) [d](../README.md)\n```\n[e](none.md)\n```\n",
    );
    assert_eq!(broken_links(&[planted]).len(), 2);
    let broken = broken_links(&all_pages());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let pages = pages();
    let summary = pages.iter().find(|page| page.path == "docs/SUMMARY.md");
    let summary = summary.expect("the book has a table of contents");
    let named: BTreeSet<String> = links(summary)
        .into_iter()
        .map(|(_, link)| named_by(summary, &link))
        .collect();
    let others = pages.iter().filter(|page| page.path != summary.path);
    let missing: Vec<&str> = others
        .map(|page| page.path.as_str())
        .filter(|path| !named.contains(*path))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
