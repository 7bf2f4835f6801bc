//! `monitor -o page.html`: a page that needs nothing else, and in which nothing runs.

use crate::support::two_releases::{HOSTILE, Production};

#[test]
fn a_page_has_a_chart_for_each_metric_with_the_releases_in_it() {
    let production = Production::calm();
    let args = ["monitor", "--where", "lane = production", "-o", "page.html"];
    let output = production.sandbox.pointsman(&args);
    let table = &output.succeeds().stdout;
    assert!(
        table.contains("error_rate"),
        "the table is shown all the same: {table}"
    );
    let page = production.sandbox.read("page.html");
    for metric in [
        "traffic",
        "error_rate",
        "latency",
        "cost",
        "score",
        "unpriced",
    ] {
        let label = format!("aria-label=\"{metric} over time");
        assert!(page.contains(&label), "{metric}");
    }
    assert_eq!(
        page.matches("class=\"mark\" x1=").count(),
        2 * 8,
        "two releases in each of 8 charts"
    );
    assert!(page.contains("production #2, promote 2026-03-02 12:06:00Z"));
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    for outside in [
        "http:", "https:", "<script", "<link", "<img", "url(", "@import",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let again = ["monitor", "--where", "lane = production", "-o", "html=-"];
    let at = "2026-03-02T16:00:00Z";
    let run = || {
        let run = production
            .sandbox
            .command(&again)
            .env("POINTSMAN_CLOCK", at);
        run.run().succeeds().stdout.clone()
    };
    assert_eq!(run(), run(), "the same bytes for the same question");
}

#[test]
fn groups_are_lines_and_a_hostile_name_stays_text() {
    let production = Production::new();
    let hostile = serde_json::to_string(HOSTILE).expect("a text is JSON");
    let route = format!("\"{}\"", hostile.trim_matches('"'));
    production
        .sandbox
        .imports_with(&production.first, "\"/tickets\"", &route);
    let args = ["monitor", "--by", "route", "-o", "html=-"];
    let page = &production
        .sandbox
        .pointsman(&args)
        .succeeds()
        .stdout
        .clone();
    assert!(page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    assert!(page.contains("help</li>"), "{page}");
}

#[test]
fn stdout_takes_one_result() {
    let production = Production::calm();
    let args = ["monitor", "--json", "-o", "html=-"];
    production
        .sandbox
        .pointsman(&args)
        .exits(2)
        .has_no_result()
        .tells("stdout can take one result only");
    let args = ["monitor", "-o", "page.pdf"];
    production
        .sandbox
        .pointsman(&args)
        .exits(2)
        .tells(".html or .json");
}
