//! `pointsman serve`: what applications read while lanes move, fail, and come back.

mod recipes;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::Command;

use crate::support::Sandbox;
use crate::support::http::{Answer, get, open};
use crate::support::run::{RunOutput, Running};

const PROMPT: &str = "/v1/lanes/staging/prompts/triage";
const TOKEN: &str = "canary-0123456789abcdef";

/// A server that runs.
struct Serving {
    running: Running,
    origin: String,
}

impl Serving {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let args = [&["serve"][..], args].concat();
        let mut running = sandbox.command(&args).env("TOKEN", TOKEN).start();
        let origin = running.first_line();
        assert!(origin.starts_with("http://"), "{origin}");
        Self { running, origin }
    }

    fn get(&self, path: &str) -> Answer {
        get(&self.origin, path, &[])
    }

    /// Asks until the answer is as wanted.
    #[track_caller]
    fn wait_for(&self, path: &str, is_wanted: impl Fn(&Answer) -> bool) -> Answer {
        for _ in 0..400 {
            let answer = self.get(path);
            if is_wanted(&answer) {
                return answer;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("`{path}` never became as wanted: {:?}", self.get(path));
    }

    fn stop(self, signal: &str) -> RunOutput {
        let process = self.running.process_id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("the system can send signals").success());
        self.running.wait()
    }
}

/// A lane with one record.
fn released() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox
}

#[test]
fn an_application_reads_a_prompt_with_all_that_says_which_one_it_is() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &["--lane", "staging"]);
    let answer = serving.get(PROMPT);
    assert_eq!(answer.status, 200);
    let body = answer.json();
    let record = sandbox.tip("staging");
    assert_eq!(body["record"], record.as_str());
    let prompt = &body["prompt"];
    assert_eq!(prompt["model"], "echo/echo");
    assert_eq!(prompt["messages"][1]["content"], "{{ ticket }}");
    assert_eq!(prompt["variables"][0]["required"], true);
    let fingerprint = prompt["fingerprint"].as_str().expect("a digest");
    for (name, value) in [
        ("etag", format!("\"{fingerprint}-{record}\"").as_str()),
        ("cache-control", "private, no-cache, stale-if-error=86400"),
        ("content-type", "application/json"),
        ("pointsman-lane", "staging"),
        ("pointsman-sequence", "1"),
        ("pointsman-record", &record),
        ("pointsman-fingerprint", fingerprint),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.headers[name], value, "{name}");
    }
    let lane = serving.get("/v1/lanes/staging").json();
    assert_eq!(lane["prompts"]["triage"], fingerprint);
    let stopped = serving.stop("-TERM");
    stopped.succeeds().tells("serving staging").tells("stopped");
}

#[test]
fn a_script_is_told_where_to_ask() {
    let sandbox = released();
    let mut running = sandbox.command(&["serve", "--json"]).start();
    let mut text = running.first_line();
    while !text.ends_with('}') {
        text.push_str(&running.first_line());
    }
    let told: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let origin = told["url"].as_str().expect("an address").to_owned();
    assert_eq!(told["lanes"][0], "staging");
    let serving = Serving { running, origin };
    assert_eq!(serving.get(PROMPT).status, 200);
    serving.stop("-INT").succeeds();
}

#[test]
fn a_connection_that_says_nothing_does_not_keep_a_server_alive() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &[]);
    let address = serving.origin.trim_start_matches("http://");
    let _silent = TcpStream::connect(address).expect("the server listens");
    let (_, _stream) = open(&serving.origin, "/v1/lanes/staging/events", &[]);
    serving.stop("-TERM").succeeds();
}

#[test]
fn a_reader_that_has_the_newest_is_told_so_and_hears_of_the_next() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &[]);
    let first = serving.get(PROMPT);
    let known = [("If-None-Match", first.headers["etag"].as_str())];
    let again = get(&serving.origin, PROMPT, &known);
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(again.headers["etag"], first.headers["etag"]);
    sandbox.reword("better");
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    let second = serving.wait_for(PROMPT, |answer| answer.headers["pointsman-record"] == tip);
    assert_ne!(second.headers["etag"], first.headers["etag"]);
    assert!(second.body.contains("Answer better"));
    assert_eq!(get(&serving.origin, PROMPT, &known).status, 200);
    serving.stop("-INT").succeeds();
}

/// The next event of a stream: the values of its lines by name, `id` first.
fn next_event(reader: &mut BufReader<TcpStream>) -> (u64, serde_json::Value) {
    let mut id = None;
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).expect("the stream goes on");
        assert!(read > 0, "the stream ended");
        if let Some(number) = line.strip_prefix("id: ") {
            id = number.trim().parse().ok();
        }
        if let Some(data) = line.strip_prefix("data: ") {
            let data = serde_json::from_str(data).expect("data is JSON");
            // Fields of one event come in any order.
            while id.is_none() {
                let mut line = String::new();
                reader.read_line(&mut line).expect("the stream goes on");
                let number = line.strip_prefix("id: ");
                id = number.and_then(|number| number.trim().parse().ok());
            }
            return (id.expect("it was just read"), data);
        }
    }
}

#[test]
fn a_stream_tells_of_each_record_as_it_comes() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &[]);
    let events = "/v1/lanes/staging/events";
    let (answer, mut stream) = open(&serving.origin, events, &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert_eq!(next_event(&mut stream).0, 1);
    sandbox.reword("better");
    sandbox.promotes("staging");
    let (id, data) = next_event(&mut stream);
    assert_eq!((id, &data["record"]), (2, &sandbox.tip("staging").into()));
    let (_, mut late) = open(&serving.origin, events, &[("Last-Event-ID", "1")]);
    assert_eq!(next_event(&mut late).0, 2, "what was missed comes at once");
    let (_, mut knows) = open(&serving.origin, events, &[("Last-Event-ID", "2")]);
    sandbox.reword("best");
    sandbox.promotes("staging");
    assert_eq!(
        next_event(&mut knows).0,
        3,
        "what was seen does not come again"
    );
    let stopped = serving.stop("-TERM");
    stopped.succeeds();
}

#[test]
fn where_git_fails_the_last_known_good_is_served_and_its_age_shown() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &["--lane", "staging"]);
    let good = serving.get(PROMPT);
    let (git, away) = (sandbox.path().join(".git"), sandbox.path().join("away"));
    fs::rename(&git, &away).expect("the folder is ours");
    let aged = serving.wait_for(PROMPT, |answer| answer.headers["pointsman-age"] != "0");
    assert_eq!(aged.body, good.body);
    let health = serving.wait_for("/healthz", |answer| answer.json()["status"] == "stale");
    assert_eq!(health.status, 200);
    fs::rename(&away, &git).expect("the folder is ours");
    serving.wait_for("/healthz", |answer| answer.json()["status"] == "ok");
    sandbox.reword("better");
    sandbox.promotes("staging");
    serving.wait_for(PROMPT, |answer| answer.body.contains("Answer better"));
    let stopped = serving.stop("-TERM");
    stopped.succeeds().tells("the last known good is served");
    assert_eq!(
        stopped.stderr.matches("warning").count(),
        1,
        "{}",
        stopped.stderr
    );
}

#[test]
fn a_lane_that_is_gone_or_goes_back_is_not_believed() {
    let sandbox = released();
    let first = sandbox.tip("staging");
    sandbox.reword("better");
    sandbox.promotes("staging");
    let second = sandbox.tip("staging");
    let serving = Serving::start(&sandbox, &[]);
    sandbox.git(&["branch", "--force", "lanes/staging", &first]);
    let stale = |answer: &Answer| answer.json()["status"] == "stale";
    serving.wait_for("/healthz", stale);
    assert_eq!(serving.get(PROMPT).headers["pointsman-record"], second);
    sandbox.git(&["branch", "--force", "lanes/staging", &second]);
    serving.wait_for("/healthz", |answer| !stale(answer));
    sandbox.git(&["branch", "-D", "lanes/staging"]);
    serving.wait_for("/healthz", stale);
    assert_eq!(serving.get(PROMPT).headers["pointsman-record"], second);
    let stopped = serving.stop("-TERM");
    stopped
        .tells("went back from #2 to #1")
        .tells("there is no lane `staging` here");
}

#[test]
fn news_come_from_the_remote_where_they_are_asked_for() {
    let here = Sandbox::with_remote_lanes();
    here.promotes("staging");
    let there = here.clone_of_remote("there");
    let serving = Serving::start(&there, &["--fetch", "1s"]);
    here.reword("better");
    here.promotes("staging");
    let tip = here.tip("staging");
    serving.wait_for(PROMPT, |answer| answer.headers["pointsman-record"] == tip);
    serving.stop("-TERM").succeeds();
    assert_eq!(there.tip("staging"), "", "no branch is made or moved");
}

#[test]
fn what_is_not_served_is_not_found() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &["--lane", "staging"]);
    for path in [
        "/",
        "/v1/lanes",
        "/v1/lanes/production",
        "/v1/lanes/Staging",
        "/v1/lanes/production/prompts/triage",
        "/v1/lanes/staging/prompts/other",
        "/v1/lanes/staging/prompts/../../../../etc/passwd",
        "/v1/lanes/staging/prompts/%2e%2e/x",
        "/v1/lanes/none/events",
    ] {
        let answer = serving.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["error"].is_string(), "{path}");
    }
    serving.stop("-TERM").succeeds();
}

#[test]
fn on_loopback_no_web_page_reads_it_through_a_name_of_its_own() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &[]);
    let rebound = get(&serving.origin, PROMPT, &[("Host", "evil.example")]);
    assert_eq!(rebound.status, 403);
    assert!(!rebound.body.contains("ticket"));
    let named = get(&serving.origin, PROMPT, &[("Host", "localhost")]);
    assert_eq!(named.status, 200);
    assert!(!named.headers.contains_key("access-control-allow-origin"));
    serving.stop("-TERM").succeeds();
}

#[test]
fn off_this_machine_a_token_is_needed_and_shown() {
    let sandbox = released();
    let open_to_all = ["serve", "--listen", "0.0.0.0:0"];
    sandbox
        .pointsman(&open_to_all)
        .exits(2)
        .tells("--token-env");
    let with = |name| [&open_to_all[..], &["--token-env", name]].concat();
    let run = sandbox.pointsman(&with("TOKEN"));
    run.exits(2).tells("the variable `TOKEN` is not set");
    let run = sandbox.command(&with("TOKEN")).env("TOKEN", "canary").run();
    run.exits(2).tells("at least 16 characters");
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);

    let mut serving = Serving::start(&sandbox, &with("TOKEN")[1..]);
    serving.origin = serving.origin.replace("0.0.0.0", "127.0.0.1");
    let refused = serving.get(PROMPT);
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    let wrong = ("Authorization", "Bearer canary-0123456789abcdeF");
    assert_eq!(get(&serving.origin, PROMPT, &[wrong]).status, 401);
    let right = format!("Bearer {TOKEN}");
    let shown = [("Authorization", right.as_str()), ("Host", "lanes.example")];
    assert_eq!(get(&serving.origin, PROMPT, &shown).status, 200);
    assert_eq!(serving.get("/healthz").status, 200);
    let stopped = serving.stop("-TERM");
    assert!(
        !stopped.transcript().contains("canary"),
        "{}",
        stopped.stderr
    );
}

#[test]
fn a_server_without_anything_to_serve_does_not_start() {
    let sandbox = Sandbox::without_gates();
    sandbox
        .pointsman(&["serve"])
        .exits(2)
        .tells("pointsman promote");
    let run = sandbox.pointsman(&["serve", "--lane", "staging"]);
    run.exits(2).tells("there is no lane `staging` here");
    sandbox.promotes("staging");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken
        .local_addr()
        .expect("the listener is bound")
        .to_string();
    let run = sandbox.pointsman(&["serve", "--listen", &address]);
    run.exits(2).tells("cannot listen at");
}
