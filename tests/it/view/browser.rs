//! The pages in a real browser, where the machine has one: nothing runs, nothing is fetched, nothing is
//! complained of, and whoever cannot see or has a narrow screen can use them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{everything, pages_of_everything};
use crate::support::Sandbox;
use crate::support::browser::{Browser, Trap};
use crate::support::tools::tools;
use crate::support::viewing::{Viewing, sort};

/// Says in the document what axe found, and by how much the page is too wide.
const LOOK: &str = "const page = document.documentElement; \
    page.dataset.over = page.scrollWidth - page.clientWidth; \
    window.looked = axe.run({ resultTypes: ['violations'] }).then(({ violations }) => { \
    const told = violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html) })); \
    page.dataset.axe = encodeURIComponent(JSON.stringify(told)); });";

/// One page of each sort, by its address.
fn one_of_each(pages: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (path, page) in pages {
        let sort = sort(path);
        let sort = sort.split('[').next().unwrap_or_default().to_owned();
        let known = found
            .entry(sort)
            .or_insert_with(|| (path.clone(), page.clone()));
        // The longest of a sort shows the most.
        if page.len() > known.1.len() {
            *known = (path.clone(), page.clone());
        }
    }
    found.into_values().collect()
}

#[test]
fn what_is_hostile_stays_text_in_a_browser() {
    let sandbox = everything();
    let Some(mut browser) = Browser::find(&sandbox) else {
        return;
    };
    let trap = Trap::new();
    let hostile = trap.markup();
    let answer = serde_json::json!(hostile).to_string();
    let ticket = "\"bug: the app closes when I open it\"";
    sandbox.edit("datasets/tickets.jsonl", ticket, &answer);
    sandbox.pointsman(&["eval"]).exits(1);
    sandbox.commit("What a customer says");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", &hostile])
        .succeeds();
    sandbox
        .pointsman(&[
            "incident",
            "open",
            &hostile[..120],
            "--deployment",
            "production#2",
        ])
        .succeeds();
    let viewing = Viewing::start(&sandbox);
    let mut shown = 0;
    for (path, page) in one_of_each(&viewing.walk()) {
        let opened = browser.open(&format!("{}{path}", viewing.origin));
        assert!(!opened.is_owned(), "{path}: {}", opened.document);
        assert_eq!(opened.console, "", "{path}");
        assert!(
            opened.document.contains("<h1>"),
            "{path}: {}",
            opened.document
        );
        shown += usize::from(page.contains("&lt;script&gt;"));
    }
    assert!(shown >= 3, "hostile texts are on {shown} pages");
    assert_eq!(trap.heard(), 0);
    viewing.stop("-TERM").succeeds();
}

#[test]
fn everybody_can_use_the_pages() {
    let sandbox = everything();
    let Some(mut browser) = Browser::find(&sandbox) else {
        return;
    };
    let Some(tools) = tools("axe/axe.min.js") else {
        return;
    };
    let axe = fs::read_to_string(format!("{tools}/axe/axe.min.js")).expect("it is there");
    let viewing = Viewing::start(&sandbox);
    let style = viewing.page("/style.css");
    let mut pages = one_of_each(pages_of_everything());
    pages.push((
        "the page of a run".to_owned(),
        alone(&sandbox, &["runs", "show"]),
    ));
    pages.push((
        "the page of Monitor".to_owned(),
        alone(&sandbox, &["monitor"]),
    ));
    for (path, page) in pages {
        let page = page
            .replace("http-equiv=\"Content-Security-Policy\"", "data-none")
            .replace(
                "<link rel=\"stylesheet\" href=\"/style.css\">",
                &format!("<style>{style}</style>"),
            )
            .replace(
                "</body>",
                &format!("<script>{axe}</script><script>{LOOK}</script></body>"),
            );
        let document = browser.open_text(&page).document;
        let told = |name: &str| {
            let value = document.split(&format!("data-{name}=\"")).nth(1);
            let value = value.and_then(|it| it.split('"').next());
            value
                .unwrap_or_else(|| panic!("{path}: nothing is said of {name}"))
                .to_owned()
        };
        assert_eq!(
            told("over"),
            "0",
            "{path} hangs over the edge of a narrow screen"
        );
        let faults: Value =
            serde_json::from_str(&percent_decoded(&told("axe"))).expect("it is JSON");
        let faults: Vec<&Value> = faults.as_array().expect("a list").iter().collect();
        let grave = |it: &&Value| it["impact"] == "serious" || it["impact"] == "critical";
        let grave: Vec<&Value> = faults.into_iter().filter(grave).collect();
        assert!(grave.is_empty(), "{path}: {grave:#?}");
    }
    viewing.stop("-TERM").succeeds();
}

/// A page that a command writes.
fn alone(sandbox: &Sandbox, args: &[&str]) -> String {
    let args = [args, &["-o", "html=-"]].concat();
    sandbox.pointsman(&args).succeeds().stdout.clone()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(&after[..2]).expect("digits are text");
            bytes.push(u8::from_str_radix(digits, 16).expect("digits are hexadecimal"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).expect("a browser encodes UTF-8")
}
