//! The operating loop from end to end, as one team goes through it: a release turns out bad, is
//! noticed, rolled back and understood; what it did wrong becomes a test; the prompt is mended,
//! released again and watched; and the packet of that release tells it all, to whoever has a clone.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::calls::ModelCall;
use crate::support::run::RunOutput;

const PROMPT: &str = "prompts/triage.prompt.yml";

/// The bad edit: parcels get an apology first, which no row of the dataset asks about.
const PLAIN: &str = "\"{{ ticket }}\"";
const APOLOGETIC: &str = "\"{% if \\\"parcel\\\" in ticket %}Sorry! {% endif %}{{ ticket }}\"";

/// The cure: a kind word comes after the queue.
const MENDED: &str = "\"{{ ticket }} - we are on it.\"";

/// How long each release is live before anybody looks, and how many calls come in that time.
const LIVE: i64 = 3_600;
const CALLS: u64 = 120;

const POLICY: &str = r#"order = 2
from = "staging"

[gate]
floors = { queue-matches = 1.0 }

[watch]
checkpoints = ["1h"]
max_error_rate_increase = 0.1
"#;

const ALERT: &str = r#"owner = "support-platform"
runbook = "docs/runbooks/triage.md"
user_impact = "Tickets reach nobody."
where = 'lane = production'
metric = "error_rate"
window = "1h"
above = 0.2
"#;

/// The team's repository, and how many calls production has had.
struct Team {
    sandbox: Sandbox,
    calls: u64,
}

impl Team {
    /// A repository with a watched production, an alert rule, and a first release that works.
    fn new() -> Self {
        let sandbox = Sandbox::with_workspace();
        sandbox.write("environments/production.toml", POLICY);
        sandbox.write("operations/alerts/failing.toml", ALERT);
        sandbox.commit("Watch production");
        Self { sandbox, calls: 0 }
    }

    #[track_caller]
    fn runs(&self, line: &str) -> RunOutput {
        let args: Vec<&str> = line.split(' ').collect();
        self.sandbox.pointsman(&args)
    }

    /// Releases what is committed through both lanes; then time passes in which production is asked.
    /// The prompt is answered as the model of this workspace answers: with the ticket as the prompt
    /// words it. The application takes an answer that begins with a queue, and fails on any other.
    fn releases(&mut self, words: fn(&str) -> String) {
        self.runs("promote staging --yes").succeeds();
        self.runs("promote production --yes --reason=release")
            .succeeds();
        self.is_asked(words);
    }

    /// Production is asked, and answers with what is live.
    fn is_asked(&mut self, words: fn(&str) -> String) {
        let record = self.sandbox.tip("production");
        let began = self.sandbox.now().as_second();
        let start = 1_772_438_400;
        let calls: Vec<ModelCall> = (0..CALLS)
            .map(|number| {
                let ticket = match number % 3 {
                    0 => format!("delivery: my parcel {number} is late"),
                    1 => format!("billing: invoice {number} is wrong"),
                    _ => format!("bug: screen {number} stays black"),
                };
                let answer = words(&ticket);
                let failed = answer.starts_with("Sorry");
                let mut call = ModelCall::of("triage", 1_000 + self.calls + number)
                    .with("pointsman.lane", json!("production"))
                    .with("pointsman.deployment", json!(record))
                    .variable("ticket", &ticket)
                    .said(&[("user", &ticket)])
                    .answers(&answer);
                if failed {
                    let reason = format!("no queue in the answer to ticket {number}");
                    call = call
                        .with("error.type", json!("UnknownQueue"))
                        .with("error.message", json!(reason));
                }
                let seconds = began - start + i64::try_from(number * 29).expect("it is small");
                call.second = u64::try_from(seconds).expect("time goes on");
                call
            })
            .collect();
        self.calls += CALLS;
        self.sandbox.imports_calls(&calls);
        self.sandbox.wait_seconds(LIVE);
    }
}

#[test]
fn a_bad_release_becomes_a_test_a_mended_prompt_and_a_release_that_is_watched() {
    let mut team = Team::new();
    team.releases(str::to_owned);
    team.runs("monitor check").succeeds();
    team.releases_what_fails();
    team.goes_back();
    let behavior = team.finds_what_comes_back();
    let row = team.keeps_what_failed(&behavior);
    team.mends_the_prompt(&row);
    team.is_asked(str::to_owned);
    team.releases(|ticket| format!("{ticket} - we are on it."));
    team.runs("monitor check --deployment production#4")
        .succeeds()
        .says("watch production #4: holds");
    team.closes(&behavior, &row);
    team.shows_what_happened(&behavior, &row);
}

impl Team {
    /// Monitor: a release passes its gate, and production fails.
    fn releases_what_fails(&mut self) {
        self.sandbox.edit(PROMPT, PLAIN, APOLOGETIC);
        self.sandbox.commit("triage: be kind about parcels");
        self.releases(|ticket| {
            let is_late = ticket.contains("parcel");
            let sorry = if is_late { "Sorry! " } else { "" };
            format!("{sorry}{ticket}")
        });
        self.runs("monitor check")
            .exits(1)
            .says("alert failing: fires")
            .says("watch production #2: fires");
        self.runs("status")
            .succeeds()
            .says("pointsman incident open");
    }

    /// Deploy: what was live before goes live again, before anybody knows why.
    fn goes_back(&self) {
        let open = "incident open Parcels --deployment production#2 --id parcels";
        self.runs(open).succeeds();
        self.runs("incident contain parcels --yes")
            .succeeds()
            .says("production#3 is live");
        assert_eq!(self.sandbox.record("production")["kind"], "rollback");
    }

    /// Traces and behaviors: what the failures have in common, and since when.
    fn finds_what_comes_back(&self) -> String {
        self.runs("behaviors scan --since 2h").succeeds();
        let found = self.runs("behaviors list --kind issue --role assistant --json");
        let found = found.succeeds().json();
        let behaviors = found["behaviors"].as_array().expect("it is a list");
        let [behavior] = behaviors.as_slice() else {
            panic!("one issue was expected: {found}");
        };
        let behavior = behavior["behavior"].as_str().expect("it has a name");
        self.runs(&format!("behaviors show {behavior}"))
            .succeeds()
            .says("production#2");
        behavior.to_owned()
    }

    /// Datasets: failed calls become rows, which count when a person said what is right.
    fn keeps_what_failed(&self, behavior: &str) -> String {
        self.runs(&format!(
            "dataset add-span --behavior {behavior} --to tickets"
        ))
        .succeeds();
        self.runs("incident preserve parcels --to tickets")
            .succeeds();
        let rows = self.sandbox.read("datasets/tickets.jsonl");
        let rows = rows.lines().filter(|line| line.contains("\"pending\""));
        let rows: Vec<String> = rows
            .map(|line| {
                let row: Value = serde_json::from_str(line).expect("a row is JSON");
                row["id"].as_str().expect("a row has an id").to_owned()
            })
            .collect();
        let (kept, others) = rows.split_first().expect("failed calls are kept");
        for other in others {
            self.runs(&format!("dataset review tickets --row {other} --drop"))
                .succeeds();
        }
        let review = format!("dataset review tickets --row {kept} --expected delivery");
        self.runs(&review).succeeds();
        self.sandbox.commit("tickets: a parcel that reached nobody");
        self.runs("eval").exits(1).says(kept);
        kept.clone()
    }

    /// Improve: a candidate that mends it and breaks nothing. Approving it releases nothing.
    fn mends_the_prompt(&self, row: &str) {
        let bad = self.sandbox.read(PROMPT);
        let mended = bad.replace(APOLOGETIC, MENDED);
        self.sandbox.write("../mended.yml", mended);
        self.runs("improve start --prompt triage --from ../mended.yml")
            .succeeds();
        let prove = format!("dataset prove tickets {row} --before HEAD --after improve/triage/1");
        self.runs(&prove).succeeds().says("proved");
        self.sandbox
            .commit("tickets: the row failed before and passes after");
        self.runs("improve check triage/1").succeeds();
        let base = self.sandbox.git(&["rev-parse", "HEAD"]);
        self.runs("improve approve triage/1 --yes --reason=read")
            .succeeds();
        assert_eq!(self.sandbox.record("production")["sequence"], 3);
        self.runs(&format!("gate --base {base}")).succeeds();
    }

    /// What is over is closed, with what it leaves behind.
    fn closes(&self, behavior: &str, row: &str) {
        self.runs("incident classify parcels --layer prompt")
            .succeeds();
        self.runs(&format!("incident close parcels --row tickets:{row}"))
            .succeeds();
        self.runs(&format!("behaviors resolve {behavior} --reason=mended"))
            .succeeds();
        self.runs("check").succeeds();
    }

    /// The packet has all parts, and the lanes hold where nobody has anything but a clone.
    fn shows_what_happened(self, behavior: &str, row: &str) {
        let packet = self.runs("evidence show production#4 --json");
        let packet = packet.succeeds().json();
        let parts = packet.as_object().expect("a packet is an object").iter();
        let absent = parts.filter(|(_, part)| part["state"] == "absent");
        let absent: Vec<&String> = absent.map(|(name, _)| name).collect();
        assert_eq!(absent, ["acceptedFailures"], "{packet}");
        assert_eq!(packet["behavior"]["value"][0]["id"], behavior);
        assert_eq!(packet["traces"]["value"][0]["row"], row);
        assert_eq!(packet["attempts"][0]["candidate"], "triage/1");
        assert_eq!(packet["attempts"][0]["state"], "approved");
        assert_eq!(packet["attempts"][0]["checked"]["regressions"], 0);
        assert_eq!(packet["attempts"][0]["decision"]["reason"], "read");
        assert_eq!(packet["proofs"][0]["row"], row);
        let [failed, passes] = [0, 1].map(|at| &packet["proofs"][0]["fingerprints"][at]);
        assert_ne!(failed, passes);
        self.runs("evidence show production#4")
            .succeeds()
            .says("triage/1 by a person: approved at ")
            .says(&format!("tickets {row}: triage "));
        let shared = self.sandbox.with_remote();
        let lanes = ["lanes/staging", "lanes/production"];
        shared.git(&["push", "--quiet", "origin", lanes[0], lanes[1]]);
        let auditor = shared.clone_of_remote("auditor");
        for lane in lanes {
            auditor.git(&["branch", "--quiet", lane, &format!("origin/{lane}")]);
        }
        auditor
            .pointsman(&["evidence", "verify"])
            .succeeds()
            .says("lane production holds up to #4");
    }
}
