//! A real browser without a screen, where the machine has one, and a trap for what a page should not do.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Sandbox;

/// Browsers that can open a page without a screen and print what became of it.
const BROWSERS: &str = "chromium chromium-browser chromium-headless-shell google-chrome";

/// A browser.
pub(crate) struct Browser {
    sandbox: Sandbox,
    program: String,
}

/// What a browser made of a page.
pub(crate) struct Opened {
    /// The document in the end.
    pub(crate) document: String,
    /// What it complained of.
    pub(crate) console: String,
}

impl Browser {
    /// Finds a browser, or says that the test is skipped.
    #[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
    pub(crate) fn find(sandbox: &Sandbox) -> Option<Self> {
        let search = format!("for name in {BROWSERS}; do command -v $name && exit; done; true");
        let program = sandbox.shell(&search).run().stdout.trim().to_owned();
        if program.is_empty() {
            eprintln!("skipped: none of these browsers is on PATH: {BROWSERS}");
            return None;
        }
        let sandbox = Sandbox::without_git();
        Some(Self { sandbox, program })
    }

    /// Opens a page on a narrow screen.
    pub(crate) fn open(&self, address: &str) -> Opened {
        let line = format!(
            "'{}' --headless --no-sandbox --disable-gpu --user-data-dir=profile --no-first-run \
             --window-size=360,800 --virtual-time-budget=4000 \
             --enable-logging=stderr --dump-dom '{address}' 2>console.txt",
            self.program
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

    /// Opens a page that lies beside no other.
    pub(crate) fn open_text(&self, page: &str) -> Opened {
        self.sandbox.write("page.html", page);
        let page = self.sandbox.path().join("page.html");
        self.open(&format!("file://{}", page.display()))
    }
}

impl Opened {
    /// Whether a script of [`Trap::markup`] ran.
    pub(crate) fn is_owned(&self) -> bool {
        self.document.contains("id=\"owned\"")
    }
}

/// A place where hostile markup calls, if a page lets it.
pub(crate) struct Trap {
    address: SocketAddr,
    heard: Arc<AtomicUsize>,
}

impl Trap {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let trap = Self {
            address: listener.local_addr().expect("the listener is bound"),
            heard: Arc::new(AtomicUsize::new(0)),
        };
        let heard = Arc::clone(&trap.heard);
        std::thread::spawn(move || {
            for mut caller in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                // A browser may connect for a frame before it looks whether the page allows one, and
                // hangs up without a word when it does not.
                std::thread::spawn(move || {
                    let said = caller.read(&mut [0]).unwrap_or(0);
                    heard.fetch_add(said, Ordering::SeqCst);
                });
            }
        });
        trap
    }

    /// Markup that marks the document if any of its scripts runs, and that calls here.
    pub(crate) fn markup(&self) -> String {
        let trap = self.address;
        let own = "document.documentElement.id='owned'";
        format!(
            "</pre></details><script>{own}</script><img src=x onerror={own}><svg onload={own}></svg>\
             <img src=http://{trap}/i><link rel=stylesheet href=http://{trap}/s>\
             <iframe src=http://{trap}/f></iframe><style>@import 'http://{trap}/c';</style>"
        )
    }

    /// How often somebody called and said something.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}
