//! `pointsman view` as it runs, and what its pages lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use regex::Regex;

use super::Sandbox;
use super::http::{Answer, get};
use super::run::{RunOutput, Running};

/// How many pages of one sort are followed.
const OF_A_SORT: usize = 3;

/// Pages that are served.
pub(crate) struct Viewing {
    running: Running,
    pub(crate) origin: String,
}

impl Viewing {
    /// Serves the pages of a sandbox.
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        let mut running = sandbox.command(&["view"]).start();
        let origin = running.first_line();
        assert!(origin.starts_with("http://127.0.0.1:"), "{origin}");
        Self { running, origin }
    }

    /// Asks for a page.
    pub(crate) fn get(&self, path: &str) -> Answer {
        get(&self.origin, path, &[])
    }

    /// A page that is there.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends a signal, and waits for the end.
    pub(crate) fn stop(self, signal: &str) -> RunOutput {
        let process = self.running.process_id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("the system can send signals").success());
        self.running.wait()
    }

    /// Follows every link from the first page on, some of each sort, and every form as it stands. What is
    /// found is there; the pages by their addresses.
    pub(crate) fn walk(&self) -> BTreeMap<String, String> {
        let mut waiting = vec!["/".to_owned()];
        let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
        let mut sorts: BTreeMap<String, usize> = BTreeMap::new();
        let mut pages = BTreeMap::new();
        while let Some(path) = waiting.pop() {
            let answer = self.get(&path);
            // Of any two runs that stand beside each other, not all can be compared.
            let is_told = path.starts_with("/runs/compare") && answer.status == 400;
            let is_there = answer.status == 200 || is_told;
            assert!(is_there, "{path}: {}", answer.body);
            let page = answer.body;
            if !page.starts_with("<!DOCTYPE html>") {
                continue;
            }
            for link in links(&page).into_iter().chain(forms(&page)) {
                if let Some(place) = link.strip_prefix('#') {
                    assert!(page.contains(&format!("id=\"{place}\"")), "{link}");
                    continue;
                }
                assert!(link.starts_with('/') && !link.starts_with("//"), "{link}");
                if !seen.insert(link.clone()) {
                    continue;
                }
                let count = sorts.entry(sort(&link)).or_default();
                *count += 1;
                if *count <= OF_A_SORT {
                    waiting.push(link);
                }
            }
            pages.insert(path, page);
        }
        pages
    }
}

/// What sort of page an address is of: its first word, how many follow, the last of them if it is a word
/// of ours, and what is asked.
pub(crate) fn sort(link: &str) -> String {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.last().copied().unwrap_or_default();
    let last = ["diff", "evidence", "compare"]
        .iter()
        .find(|it| **it == last);
    let names: Vec<&str> = query
        .split('&')
        .filter_map(|pair| Some(pair.split_once('=')?.0))
        .collect();
    format!("{} {} {last:?} {names:?}", segments[0], segments.len())
}

/// Where a page leads to.
pub(crate) fn links(page: &str) -> Vec<String> {
    let link = Regex::new("href=\"([^\"]*)\"").expect("the pattern is right");
    let found = link.captures_iter(page).map(|found| decoded(&found[1]));
    found.collect()
}

/// What the forms of a page ask for as they stand.
fn forms(page: &str) -> Vec<String> {
    let form = Regex::new("(?s)<form method=\"get\" action=\"([^\"]*)\">(.*?)</form>");
    let field = Regex::new(
        "(?s)<input name=\"([^\"]*)\" value=\"([^\"]*)\"|<select name=\"([^\"]*)\">(.*?)</select>",
    );
    let chosen = Regex::new("value=\"([^\"]*)\" selected");
    let right = "the pattern is right";
    let (form, field, chosen) = (
        form.expect(right),
        field.expect(right),
        chosen.expect(right),
    );
    let found = form.captures_iter(page).map(|form| {
        let pairs = field.captures_iter(&form[2]).map(|field| {
            let text = |index| {
                field
                    .get(index)
                    .map_or("", |it: regex::Match<'_>| it.as_str())
            };
            let (name, value) = if let Some(name) = field.get(1) {
                (name.as_str(), text(2))
            } else {
                let value = chosen.captures(text(4));
                let value = value.and_then(|it| it.get(1));
                (text(3), value.map_or("", |it| it.as_str()))
            };
            format!("{name}={}", encoded(&decoded(value)))
        });
        let pairs: Vec<String> = pairs.collect();
        format!("{}?{}", decoded(&form[1]), pairs.join("&"))
    });
    found.collect()
}

/// A text of HTML as it is meant.
pub(crate) fn decoded(text: &str) -> String {
    let entities = [
        ("&#x2f;", "/"),
        ("&#x27;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let start = text.to_owned();
    entities
        .iter()
        .fold(start, |text, (entity, meant)| text.replace(entity, meant))
}

/// A text as a value in an address.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
