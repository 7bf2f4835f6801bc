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

    fn commits(&self, message: &str) {
        self.sandbox.commit(message);
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

fn ids(json: &Value, list: &str) -> Vec<String> {
    let items = json[list].as_array().expect("it is a list").iter();
    items
        .map(|item| item["id"].as_str().expect("it has an id").to_owned())
        .collect()
}

#[test]
fn a_bad_release_becomes_a_test_a_mended_prompt_and_a_release_that_is_watched() {
    let mut team = Team::new();
    team.releases(str::to_owned);
    team.runs("monitor check").succeeds();

    // Monitor: a release passes its gate, and production fails.
    team.sandbox.edit(PROMPT, PLAIN, APOLOGETIC);
    team.commits("triage: be kind about parcels");
    team.releases(|ticket| {
        let sorry = if ticket.contains("parcel") {
            "Sorry! "
        } else {
            ""
        };
        format!("{sorry}{ticket}")
    });
    let alarm = team.runs("monitor check");
    alarm
        .exits(1)
        .says("alert failing: fires")
        .says("watch production #2: fires");

    // Deploy: what is live goes back first.
    team.sandbox
        .pointsman(&[
            "incident",
            "open",
            "Parcels reach nobody",
            "--deployment",
            "production#2",
            "--id",
            "parcels",
        ])
        .succeeds();
    team.runs("incident contain parcels --yes")
        .succeeds()
        .says("production#3 is live");
    assert_eq!(team.sandbox.record("production")["kind"], "rollback");

    // Traces and behaviors: what the failures have in common, and since when.
    team.runs("behaviors scan --since 2h").succeeds();
    let found = team.runs("behaviors list --kind issue --json");
    let found = found.succeeds().json();
    let behaviors = ids(&found, "behaviors");
    let [behavior] = behaviors.as_slice() else {
        panic!("one issue was expected: {found}");
    };
    team.runs(&format!("behaviors show {behavior}"))
        .succeeds()
        .says("production#2");

    // Datasets: failed calls become rows, which count when a person said what is right.
    team.runs("incident preserve parcels --to tickets")
        .succeeds();
    let rows = team.sandbox.read("datasets/tickets.jsonl");
    let rows = rows.lines().filter(|line| line.contains("\"pending\""));
    let rows: Vec<Value> = rows
        .map(|line| serde_json::from_str(line).expect("a row is JSON"))
        .collect();
    let row = rows[0]["id"].as_str().expect("a row has an id").to_owned();
    for other in &rows[1..] {
        let other = other["id"].as_str().expect("a row has an id");
        team.runs(&format!("dataset review tickets --row {other} --drop"))
            .succeeds();
    }
    team.runs(&format!(
        "dataset review tickets --row {row} --expected delivery"
    ))
    .succeeds();
    team.commits("tickets: a parcel that reached nobody");
    team.runs("eval").exits(1).says(&row);

    // Improve: a candidate that mends it and breaks nothing; approving it releases nothing.
    let bad = team.sandbox.read(PROMPT);
    let mended = bad.replace(
        "Sorry! {% endif %}{{ ticket }}",
        "{% endif %}{{ ticket }} Sorry!",
    );
    team.sandbox.write("../mended.yml", mended);
    team.runs("improve start --prompt triage --from ../mended.yml")
        .succeeds();
    team.runs(&format!(
        "dataset prove tickets {row} --before HEAD --after improve/triage/1"
    ))
    .succeeds()
    .says("proved");
    team.commits("tickets: the row failed before and passes after");
    team.runs("improve check triage/1").succeeds();
    let base = team.sandbox.git(&["rev-parse", "HEAD"]);
    team.runs("improve approve triage/1 --yes --reason=read")
        .succeeds();
    assert_eq!(team.sandbox.record("production")["sequence"], 3);

    // Deploy: through the gate, watched, and calm.
    team.runs(&format!("gate --base {base}")).succeeds();
    team.releases(|ticket| format!("{ticket} Sorry!"));
    team.runs("monitor check --deployment production#4")
        .succeeds()
        .says("watch production #4: holds");
    team.runs("incident classify parcels --layer prompt")
        .succeeds();
    team.runs(&format!("incident close parcels --row tickets:{row}"))
        .succeeds();
    team.runs(&format!("behaviors resolve {behavior} --reason=mended"))
        .succeeds();
    team.runs("check").succeeds();

    // The packet tells it all, and holds where nobody has anything but a clone.
    let packet = team.runs("evidence show production#4 --json");
    let packet = packet.succeeds().json();
    for part in [
        "monitor",
        "traceView",
        "traces",
        "behavior",
        "rows",
        "evaluation",
        "comparison",
        "rollback",
        "watch",
    ] {
        assert_eq!(packet[part]["state"], "present", "{part}: {}", packet[part]);
    }
    assert_eq!(packet["behavior"]["value"][0]["id"], behavior.as_str());
    assert_eq!(packet["traces"]["value"][0]["row"], row.as_str());
    let Team { sandbox, .. } = team;
    let shared = sandbox.with_remote();
    shared.git(&[
        "push",
        "--quiet",
        "origin",
        "lanes/staging",
        "lanes/production",
    ]);
    let auditor = shared.clone_of_remote("auditor");
    for lane in ["staging", "production"] {
        auditor.git(&[
            "branch",
            "--quiet",
            &format!("lanes/{lane}"),
            &format!("origin/lanes/{lane}"),
        ]);
    }
    auditor
        .pointsman(&["evidence", "verify"])
        .succeeds()
        .says("lane production holds up to #4");
}
