//! What the pages say, and where they lead.

use super::{INCIDENT, everything, pages_of_everything};
use crate::support::Sandbox;
use crate::support::two_releases::{HOSTILE, Production};
use crate::support::viewing::{Viewing, decoded, links, sort};

#[test]
fn every_link_leads_somewhere_and_every_part_is_reached() {
    let pages = pages_of_everything();
    let reached: Vec<String> = pages.keys().map(|path| sort(path)).collect();
    for part in [
        "lanes 1",
        "lanes 2",
        "lanes 3",
        "diff 1",
        "runs 1",
        "runs 2",
        "traces 1",
        "traces 2",
        "traces 3",
        "monitor 1",
        "behaviors 1",
        "behaviors 2",
        "incidents 1",
        "incidents 2",
    ] {
        let is_reached = reached.iter().any(|it| it.starts_with(part));
        assert!(is_reached, "{part} in {reached:#?}");
    }
    for last in ["diff", "evidence", "compare"] {
        let is_reached = reached.iter().any(|it| it.contains(&format!("{last:?}")));
        assert!(is_reached, "{last} in {reached:#?}");
    }
    for (path, page) in pages {
        for outside in [
            "<script", "<img", "http:", "https:", "url(", "style=", "onclick", "onload",
        ] {
            assert!(!page.contains(outside), "{outside} in {path}");
        }
    }
}

#[test]
fn pages_say_what_commands_say() {
    let sandbox = everything();
    let viewing = Viewing::start(&sandbox);
    let page = |path: &str| decoded(&viewing.page(path));
    let overview = page("/");
    assert!(
        overview.contains(&format!("incident {INCIDENT} is open")),
        "{overview}"
    );
    let record = page("/lanes/production/2");
    let tip = sandbox.tip("production");
    for told in [
        tip.as_str(),
        "Ada",
        "Cleo",
        "~ triage",
        "href=\"/lanes/production/2/evidence\"",
    ] {
        assert!(record.contains(told), "{told} in {record}");
    }
    let difference = page("/lanes/production/diff?old=1&new=2");
    let removed = "<span class=\"removed\">- Answer with the queue";
    assert!(difference.contains(removed), "{difference}");
    let flips = {
        let runs = sandbox
            .pointsman(&["runs", "list", "--json"])
            .succeeds()
            .json();
        let id = |index: usize| {
            runs["runs"][index]["run"]
                .as_str()
                .expect("a run has a name")
                .to_owned()
        };
        page(&format!("/runs/compare?before={}&after={}", id(1), id(0)))
    };
    assert!(flips.contains("does not pass any more"), "{flips}");
    assert!(flips.contains("Please: bug: the app closes"), "{flips}");
    let incident = page(&format!("/incidents/{INCIDENT}"));
    for told in [
        "Refunds pile up",
        "<h2>Timeline</h2>",
        "href=\"/lanes/production/2\"",
        "href=\"/traces/",
    ] {
        assert!(incident.contains(told), "{told} in {incident}");
    }
    let monitor = page("/monitor?where=lane+%3D+production&by=deployment");
    assert!(monitor.contains("production #2, promote"), "{monitor}");
    assert!(
        monitor.contains("aria-label=\"latency over time"),
        "{monitor}"
    );
    viewing.stop("-TERM").succeeds();
}

#[test]
fn a_row_that_comes_from_production_leads_to_its_span() {
    let sandbox = everything();
    let viewing = Viewing::start(&sandbox);
    let run = viewing.page("/runs/latest");
    let origin = links(&run)
        .into_iter()
        .find(|link| link.starts_with("/traces/"));
    let span = decoded(&viewing.page(&origin.expect("the row has an origin")));
    assert!(
        span.contains("href=\"/lanes/production/"),
        "a span leads to what was live: {span}"
    );
    viewing.stop("-TERM").succeeds();
}

#[test]
fn long_lists_have_pages() {
    let production = Production::calm();
    let viewing = Viewing::start(&production.sandbox);
    let traces = |page: &str| -> Vec<String> {
        let links = links(page).into_iter();
        links.filter(|link| link.starts_with("/traces/")).collect()
    };
    let first = viewing.page("/traces?where=lane+%3D+production&by=trace");
    let next = links(&first)
        .into_iter()
        .find(|link| link.contains("from=50"));
    let next = next.expect("there are more");
    assert!(next.contains("where=lane%20%3D%20production"), "{next}");
    let second = viewing.page(&next);
    let (first, second) = (traces(&first), traces(&second));
    assert_eq!((first.len(), second.len()), (50, 50));
    assert!(first.iter().all(|trace| !second.contains(trace)));
    let last = viewing.page("/traces?from=100000");
    assert!(
        last.contains("from=900") && !last.contains("from=1000"),
        "{last}"
    );
    viewing.stop("-TERM").succeeds();
}

#[test]
fn a_page_shows_what_is_there_now() {
    let sandbox = Sandbox::without_gates();
    let viewing = Viewing::start(&sandbox);
    assert_eq!(viewing.get("/lanes/staging").status, 404);
    for (path, told) in [
        ("/", "Nothing waits."),
        ("/runs", "There are no runs"),
        ("/traces", "no traces are kept here"),
        ("/monitor", "no traces are kept here"),
        ("/behaviors", "There are no behaviors"),
        ("/incidents", "There are no incidents"),
    ] {
        let page = decoded(&viewing.page(path));
        assert!(page.contains(told), "{path}: {page}");
    }
    sandbox.promotes("staging");
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    let lane = viewing.page("/lanes/staging");
    assert!(
        lane.contains(">#2</a>") && lane.contains(">#1</a>"),
        "{lane}"
    );
    viewing.stop("-TERM").succeeds();
}

#[test]
fn hostile_texts_stay_texts_on_every_page() {
    let production = Production::new();
    let sandbox = &production.sandbox;
    let hostile = serde_json::to_string(HOSTILE).expect("a text is JSON");
    sandbox.imports_with(&production.first, "\"/tickets\"", &hostile);
    sandbox.imports_with(&production.second, "\"POST /tickets\"", &hostile);
    sandbox.reword("as ever");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", HOSTILE])
        .succeeds();
    sandbox
        .pointsman(&["incident", "open", HOSTILE, "--deployment", "production#2"])
        .succeeds();
    let rows = sandbox.read("datasets/tickets.jsonl");
    let row = format!(
        "{{\"id\": \"hostile\", \"vars\": {{\"ticket\": {hostile}}}, \"expected\": \"bug\"}}\n"
    );
    sandbox.write("datasets/tickets.jsonl", format!("{rows}{row}"));
    sandbox.pointsman(&["eval"]).exits(1);
    let viewing = Viewing::start(sandbox);
    let mut shown = 0;
    let pages = viewing.walk();
    for (path, page) in &pages {
        assert!(!page.contains("<script"), "{path}: {page}");
        assert!(
            !page.contains('\u{1b}') && !page.contains('\u{202e}'),
            "{path}"
        );
        shown += usize::from(page.contains("&lt;script&gt;alert(1)"));
    }
    assert!(
        shown >= 6,
        "it is shown on {shown} of {} pages",
        pages.len()
    );
    viewing.stop("-TERM").succeeds();
}
