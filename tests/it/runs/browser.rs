//! The HTML page in a real browser, where the machine has one: what answers hold stays text.

use crate::support::Sandbox;
use crate::support::browser::{Browser, Opened, Trap};

/// What the page opens with.
const OPENING: &str = "<body>\n<main id=\"content\" tabindex=\"-1\">\n<h1>";

/// A repository with a browser, and a place where hostile answers call.
struct Desk {
    sandbox: Sandbox,
    browser: Browser,
    trap: Trap,
}

impl Desk {
    /// Finds a browser, or says that the test is skipped.
    fn new() -> Option<Self> {
        let sandbox = Sandbox::with_workspace();
        Some(Self {
            browser: Browser::find(&sandbox)?,
            sandbox,
            trap: Trap::new(),
        })
    }

    /// The page of an evaluation in which one answer is hostile, and wide.
    fn report(&self) -> String {
        let wide = "w".repeat(400);
        let answer = serde_json::json!(format!("{}{wide}", self.trap.markup())).to_string();
        let ticket = "\"bug: the app closes when I open it\"";
        self.sandbox.edit("datasets/tickets.jsonl", ticket, &answer);
        let args = ["eval", "-o", "report.html", "--slice", "column:ticket"];
        self.sandbox.pointsman(&args).exits(1);
        self.sandbox.read("report.html")
    }

    fn open(&mut self, page: &str) -> Opened {
        self.browser.open_text(page)
    }
}

#[test]
fn a_hostile_answer_is_text_in_a_browser() {
    let Some(mut desk) = Desk::new() else { return };
    let opened = {
        let page = desk.report();
        desk.open(&page)
    };
    assert!(opened.document.contains("&lt;script&gt;"), "it is shown");
    assert!(!opened.is_owned(), "{}", opened.document);
    assert_eq!(desk.trap.heard(), 0);
    assert_eq!(opened.console, "");
}

#[test]
fn the_page_forbids_what_escaping_should_ever_let_through() {
    let Some(mut desk) = Desk::new() else { return };
    let page = desk.report();
    assert_eq!(page.matches(OPENING).count(), 1);
    let leaky = page.replace(OPENING, &format!("<body>{}<main><h1>", desk.trap.markup()));
    let opened = desk.open(&leaky);
    assert!(!opened.is_owned(), "{}", opened.document);
    assert_eq!(desk.trap.heard(), 0);
    // Without the page's policy the same markup does both, so that the test would notice.
    let open_page = leaky.replace("http-equiv", "data-none");
    assert!(desk.open(&open_page).is_owned());
    assert!(desk.trap.heard() > 0);
}

#[test]
fn nothing_hangs_over_the_edge_of_a_narrow_screen() {
    let Some(mut desk) = Desk::new() else { return };
    let measure = "<script>const page = document.documentElement; \
                   page.id = `over-${page.scrollWidth - page.clientWidth}-`;</script></body>";
    let page = desk.report().replace("http-equiv", "data-none");
    let opened = desk.open(&page.replace("</body>", measure));
    let over = opened.document.split("id=\"over-").nth(1);
    assert!(over.is_some_and(|over| over.starts_with("0-")), "{over:?}");
}
