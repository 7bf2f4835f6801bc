//! The HTML page in a real browser, where the machine has one: what answers hold stays text.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::Sandbox;

/// Browsers that can open a page without a screen and print what became of it.
const BROWSERS: &str = "chromium chromium-browser chromium-headless-shell google-chrome";

/// What the page opens with.
const OPENING: &str = "<body>\n<main id=\"content\" tabindex=\"-1\">\n<h1>";

/// A repository with a browser.
struct Desk {
    sandbox: Sandbox,
    browser: String,
    /// Where hostile answers call.
    trap: SocketAddr,
    /// How many of them said something there.
    heard: Arc<AtomicUsize>,
}

/// What a browser made of a page.
struct Opened {
    /// The document in the end.
    document: String,
    /// What it complained of.
    console: String,
}

impl Desk {
    /// Finds a browser, or says that the test is skipped.
    #[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
    fn new() -> Option<Self> {
        let sandbox = Sandbox::with_workspace();
        let search = format!("for name in {BROWSERS}; do command -v $name && exit; done; true");
        let browser = sandbox.shell(&search).run().stdout.trim().to_owned();
        if browser.is_empty() {
            eprintln!("skipped: none of these browsers is on PATH: {BROWSERS}");
            return None;
        }
        let trap = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let heard = Arc::new(AtomicUsize::new(0));
        let desk = Self {
            sandbox,
            browser,
            trap: trap.local_addr().expect("the listener is bound"),
            heard: Arc::clone(&heard),
        };
        std::thread::spawn(move || {
            for mut caller in trap.incoming().flatten() {
                let heard = Arc::clone(&heard);
                // A browser may connect for a frame before it looks whether the page allows one, and
                // hangs up without a word when it does not.
                std::thread::spawn(move || {
                    let said = caller.read(&mut [0]).unwrap_or(0);
                    heard.fetch_add(said, Ordering::SeqCst);
                });
            }
        });
        Some(desk)
    }

    /// Markup that marks the document if any of its scripts runs, and that calls the trap.
    fn hostile(&self) -> String {
        let trap = self.trap;
        let own = "document.documentElement.id='owned'";
        format!(
            "</pre></details><script>{own}</script><img src=x onerror={own}><svg onload={own}></svg>\
             <img src=http://{trap}/i><link rel=stylesheet href=http://{trap}/s>\
             <iframe src=http://{trap}/f></iframe><style>@import 'http://{trap}/c';</style>"
        )
    }

    /// The page of an evaluation in which one answer is hostile, and wide.
    fn report(&self) -> String {
        let wide = "w".repeat(400);
        let answer = serde_json::json!(format!("{}{wide}", self.hostile())).to_string();
        let ticket = "\"bug: the app closes when I open it\"";
        self.sandbox.edit("datasets/tickets.jsonl", ticket, &answer);
        let args = ["eval", "-o", "report.html", "--slice", "column:ticket"];
        self.sandbox.pointsman(&args).exits(1);
        self.sandbox.read("report.html")
    }

    fn open(&self, page: &str) -> Opened {
        self.sandbox.write("page.html", page);
        let line = format!(
            "'{}' --headless --no-sandbox --disable-gpu --user-data-dir=profile --no-first-run \
             --window-size=360,800 --virtual-time-budget=2000 \
             --enable-logging=stderr --dump-dom \"file://$PWD/page.html\" 2>console.txt",
            self.browser
        );
        let run = self.sandbox.shell(&line).run();
        let document = run.succeeds().stdout.clone();
        let log = self.sandbox.read("console.txt");
        let console = log.lines().filter(|line| line.contains(":CONSOLE"));
        Opened {
            document,
            console: console.collect::<Vec<_>>().join("\n"),
        }
    }
}

impl Opened {
    fn is_owned(&self) -> bool {
        self.document.contains("id=\"owned\"")
    }
}

#[test]
fn a_hostile_answer_is_text_in_a_browser() {
    let Some(desk) = Desk::new() else { return };
    let opened = desk.open(&desk.report());
    assert!(opened.document.contains("&lt;script&gt;"), "it is shown");
    assert!(!opened.is_owned(), "{}", opened.document);
    assert_eq!(desk.heard.load(Ordering::SeqCst), 0);
    assert_eq!(opened.console, "");
}

#[test]
fn the_page_forbids_what_escaping_should_ever_let_through() {
    let Some(desk) = Desk::new() else { return };
    let page = desk.report();
    assert_eq!(page.matches(OPENING).count(), 1);
    let leaky = page.replace(OPENING, &format!("<body>{}<main><h1>", desk.hostile()));
    let opened = desk.open(&leaky);
    assert!(!opened.is_owned(), "{}", opened.document);
    assert_eq!(desk.heard.load(Ordering::SeqCst), 0);
    // Without the page's policy the same markup does both, so that the test would notice.
    let open_page = leaky.replace("http-equiv", "data-none");
    assert!(desk.open(&open_page).is_owned());
    assert!(desk.heard.load(Ordering::SeqCst) > 0);
}

#[test]
fn nothing_hangs_over_the_edge_of_a_narrow_screen() {
    let Some(desk) = Desk::new() else { return };
    let measure = "<script>const page = document.documentElement; \
                   page.id = `over-${page.scrollWidth - page.clientWidth}-`;</script></body>";
    let page = desk.report().replace("http-equiv", "data-none");
    let opened = desk.open(&page.replace("</body>", measure));
    let over = opened.document.split("id=\"over-").nth(1);
    assert!(over.is_some_and(|over| over.starts_with("0-")), "{over:?}");
}
