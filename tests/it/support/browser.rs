//! A real browser without a screen, where the machine has one, and a trap for what a page should not do.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::Sandbox;
use super::run::Running;

/// Browsers that can be driven without a screen.
const BROWSERS: &str = "chromium chromium-browser chromium-headless-shell google-chrome";

/// How long a browser may take for one step.
const PATIENCE: Duration = Duration::from_mins(1);

/// The document in the end: when what a page promised in `window.looked` is there, and when what it began
/// had a moment to be complained of.
const DOCUMENT: &str = "new Promise(done => setTimeout(done, 50)).then(() => window.looked) \
    .then(() => document.documentElement.outerHTML)";

/// A browser, which opens one page after the other. It is told what to do over pipes, in its own
/// protocol: JSON, each message with a zero behind it.
pub(crate) struct Browser {
    sandbox: Sandbox,
    _running: Running,
    to: File,
    from: Receiver<Value>,
    /// The number of the last command.
    last: u64,
    /// What happened while something else was waited for.
    happened: VecDeque<Value>,
}

/// What a browser made of a page.
pub(crate) struct Opened {
    /// The document in the end.
    pub(crate) document: String,
    /// What it complained of.
    pub(crate) console: String,
}

impl Browser {
    /// Starts a browser, or says that the test is skipped.
    #[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
    pub(crate) fn find(sandbox: &Sandbox) -> Option<Self> {
        let search = format!("for name in {BROWSERS}; do command -v $name && exit; done; true");
        let program = sandbox.shell(&search).run().stdout.trim().to_owned();
        if program.is_empty() {
            eprintln!("skipped: none of these browsers is on PATH: {BROWSERS}");
            return None;
        }
        Some(Self::start(&program))
    }

    fn start(program: &str) -> Self {
        let sandbox = Sandbox::without_git();
        sandbox.shell("mkfifo to from").run().succeeds();
        let line = format!(
            "exec '{program}' --headless --no-sandbox --disable-gpu --user-data-dir=profile --no-first-run \
             --remote-debugging-pipe 3<to 4>from >said.txt 2>&1"
        );
        let running = sandbox.shell(&line).start();
        let pipe = |name: &str| sandbox.path().join(name);
        let to = OpenOptions::new().write(true).open(pipe("to"));
        let to = to.expect("the browser reads");
        let from = File::open(pipe("from")).expect("the browser writes");
        let (send, receive) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(from).split(0) {
                let message = message.expect("a pipe can be read");
                let message = serde_json::from_slice(&message).expect("a browser speaks JSON");
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            sandbox,
            _running: running,
            to,
            from: receive,
            last: 0,
            happened: VecDeque::new(),
        }
    }

    /// Opens a page on a narrow screen.
    pub(crate) fn open(&mut self, address: &str) -> Opened {
        let target = self.asks("", "Target.createTarget", &json!({ "url": "about:blank" }));
        let target = &target["targetId"];
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.asks("", "Target.attachToTarget", &attach);
        let session = session["sessionId"].as_str().expect("a session has a name");
        self.happened.clear();
        for domain in ["Page", "Runtime", "Log"] {
            self.asks(session, &format!("{domain}.enable"), &json!({}));
        }
        let screen =
            json!({ "width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.asks(session, "Emulation.setDeviceMetricsOverride", &screen);
        let went = self.asks(session, "Page.navigate", &json!({ "url": address }));
        assert!(went["errorText"].is_null(), "{address}: {went}");
        while !self
            .happened
            .iter()
            .any(|it| it["method"] == "Page.loadEventFired")
        {
            let next = self.hears();
            self.happened.push_back(next);
        }
        let evaluate =
            json!({ "expression": DOCUMENT, "awaitPromise": true, "returnByValue": true });
        let document = self.asks(session, "Runtime.evaluate", &evaluate);
        let document = document["result"]["value"].as_str();
        let document = document.expect("a document is text").to_owned();
        let complaints = self.happened.iter().filter_map(|it| complaint(it, address));
        let console: Vec<String> = complaints.collect();
        self.asks("", "Target.closeTarget", &json!({ "targetId": target }));
        Opened {
            document,
            console: console.join("\n"),
        }
    }

    /// Opens a page that lies beside no other.
    pub(crate) fn open_text(&mut self, page: &str) -> Opened {
        self.sandbox.write("page.html", page);
        let page = self.sandbox.path().join("page.html");
        self.open(&format!("file://{}", page.display()))
    }

    /// Gives a command, to the browser itself or to a page, and waits for the answer.
    fn asks(&mut self, session: &str, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if !session.is_empty() {
            command["sessionId"] = session.into();
        }
        let sent = self.to.write_all(format!("{command}\0").as_bytes());
        sent.expect("the browser reads");
        loop {
            let heard = self.hears();
            if heard["id"] == self.last {
                assert!(heard["error"].is_null(), "{method}: {heard}");
                return heard["result"].clone();
            }
            self.happened.push_back(heard);
        }
    }

    fn hears(&self) -> Value {
        let heard = self.from.recv_timeout(PATIENCE);
        heard.unwrap_or_else(|_| panic!("the browser is silent: {}", self.sandbox.read("said.txt")))
    }
}

/// What the page at an address complained of, if what happened is a complaint. Its own status is none.
fn complaint(happened: &Value, address: &str) -> Option<String> {
    let entry = &happened["params"]["entry"];
    match happened["method"].as_str()? {
        "Log.entryAdded" if entry["source"] == "network" && entry["url"] == address => None,
        "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => {
            Some(happened["params"].to_string())
        }
        _ => None,
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
