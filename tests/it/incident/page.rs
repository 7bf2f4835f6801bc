//! `incident show -o page.html`: an incident as a page that needs nothing else.

use super::{REFUNDS, opened};

#[test]
fn an_incident_is_a_page_that_needs_nothing_else() {
    let sandbox = opened();
    let shown = sandbox.pointsman(&["incident", "show", REFUNDS, "-o", "page.html"]);
    shown.succeeds().says("title: Refunds pile up");
    let page = sandbox.read("page.html");
    for told in [
        "<h1>Refunds pile up",
        "production#2",
        "<h2>Timeline</h2>",
        "default-src 'none'",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    for outside in [
        "http:", "https:", "<script", "<link", "<img", "<a ", "<form", "url(",
    ] {
        assert!(!page.contains(outside), "{outside} in {page}");
    }
    let again = sandbox.pointsman(&["incident", "show", REFUNDS, "-o", "html=-"]);
    assert_eq!(
        again.succeeds().stdout,
        page,
        "the same bytes, wherever they go"
    );
}

#[test]
fn a_hostile_title_stays_text_and_a_format_must_be_known() {
    let sandbox = opened();
    let file = super::FILE;
    sandbox.edit(
        file,
        "title: Refunds pile up",
        "title: \"<script>alert(1)</script>\\e[2J\"",
    );
    let page = sandbox.pointsman(&["incident", "show", REFUNDS, "-o", "html=-"]);
    let page = &page.succeeds().stdout;
    assert!(
        page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"),
        "{page}"
    );
    assert!(!page.contains('\u{1b}'), "{page}");
    sandbox
        .pointsman(&["incident", "show", REFUNDS, "-o", "page.pdf"])
        .exits(2)
        .tells(".html or .json");
    sandbox
        .pointsman(&["incident", "show", REFUNDS, "--json", "-o", "html=-"])
        .exits(2)
        .has_no_result()
        .tells("stdout can take one result only");
}
