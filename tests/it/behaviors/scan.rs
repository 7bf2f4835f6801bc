//! `behaviors scan`: three detectors, states that tests of rates decide, and the same bytes every time.

use serde_json::{Value, json};

use super::made::{Step, Told};
use crate::support::Sandbox;
use crate::support::two_releases::Production;

/// Traces before and in a window of 10 hours that begins at 10:00: one every minute, with these steps.
fn traces(steps: impl Fn(u64) -> Vec<Step>) -> Vec<Told> {
    (0..1_200_u32)
        .step_by(5)
        .map(|minute| Told::new(minute.into(), minute.into(), steps(minute.into())))
        .collect()
}

const WINDOW: [&str; 2] = ["--window", "2026-03-01T10:00:00Z..2026-03-01T20:00:00Z"];

fn find(order: u64) -> Step {
    Step::Tool(
        "find_order",
        json!({ "order": order }),
        json!({ "state": "sent" }),
    )
}

fn is_in_window(minute: u64) -> bool {
    minute >= 600
}

#[test]
fn an_error_that_begins_with_a_release_says_with_which() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    sandbox.imports(&first);
    sandbox.imports_with(
        &second,
        "no answer after 30 s",
        "queue 'delivery' is closed since 9",
    );
    let found = sandbox.scans(&["--since", "3h"]);
    let began = found.of("queue <text> is closed since <n>");
    assert_eq!(
        (&began["state"], &began["kind"], &began["detector"]),
        (&"new".into(), &"issue".into(), &"error".into())
    );
    let release = &began["releases"][0];
    assert_eq!(
        (&release["deployment"], &release["change"]),
        (&"production#2".into(), &"began".into())
    );
    assert_eq!(release["before"][0], 0);
    let ended = found.of("no answer after <n> s");
    assert_eq!(
        (&ended["state"], &ended["releases"][0]["change"]),
        (&"vanishing".into(), &"ended".into())
    );
    let tool = found.of("find_order");
    assert_eq!(
        (&tool["state"], &tool["kind"], &tool["releases"]),
        (&"ongoing".into(), &"healthy".into(), &json!([]))
    );
    let id = began["behavior"].as_str().expect("it has a name");
    let shown = sandbox.pointsman(&["behaviors", "show", id, "-n", "1"]);
    shown
        .succeeds()
        .says("began with production#2")
        .says("error: queue 'delivery' is closed since 9")
        .tells("pointsman monitor compare --around production#2");
}

#[test]
fn a_loop_of_one_tool_is_found_with_the_traces_that_show_it() {
    let sandbox = Sandbox::with_workspace();
    sandbox.imports_told(&traces(|minute| {
        let loops = is_in_window(minute) && minute.is_multiple_of(20);
        let calls = if loops { 5 } else { 1 };
        (0..calls).map(|call| find(minute + call)).collect()
    }));
    let found = sandbox.scans(&WINDOW);
    let looping = found.of("find_order: called over and over");
    assert_eq!(
        (&looping["state"], &looping["role"], &looping["traces"]),
        (&"new".into(), &"tool".into(), &json!([30, 120]))
    );
    assert_eq!(looping["subjects"], json!(["find_order"]));
    let evidence = looping["evidence"].as_array().expect("it is a list");
    assert_eq!(evidence.len(), 5);
    for span in evidence {
        let minute = span["traceId"].as_str().expect("it is text");
        let minute = u64::from_str_radix(minute, 16).expect("it is a number");
        assert!(
            is_in_window(minute) && minute.is_multiple_of(20),
            "{minute}"
        );
        // The root is the first span, the fourth call the fifth.
        assert_eq!(span["spanId"], "0000000000000005");
    }
    let together = &looping["together"][0];
    assert_eq!(
        (&together["both"], &together["either"]),
        (&30.into(), &30.into())
    );
    assert!(!found.has("again with the same arguments"));
}

#[test]
fn repeated_calls_failed_calls_and_missing_ones_are_found() {
    let sandbox = Sandbox::with_workspace();
    sandbox.imports_told(&traces(|minute| {
        let mut steps = vec![find(minute)];
        if minute.is_multiple_of(50) {
            steps.push(find(minute));
        }
        if minute.is_multiple_of(30) {
            let result = json!({ "error": format!("no stock of {minute} left") });
            steps.push(Step::Tool("reserve", json!({}), result));
        }
        if is_in_window(minute) && minute.is_multiple_of(40) {
            steps.clear();
        }
        steps
    }));
    let found = sandbox.scans(&WINDOW);
    let state = |signature: &str| found.of(signature)["state"].clone();
    assert_eq!(
        state("find_order: called again with the same arguments"),
        "ongoing"
    );
    assert_eq!(state("reserve: no stock of <n> left"), "ongoing");
    let missing = found.of("POST /orders: find_order is not called");
    assert_eq!(
        (&missing["state"], &missing["traces"]),
        (&"new".into(), &json!([15, 120]))
    );
}

#[test]
fn what_many_users_ask_is_one_behavior_and_keeps_its_name_when_it_drifts() {
    const REFUND: [&str; 3] = [
        "I was charged twice, please refund one payment",
        "Refund please: my card was charged twice",
        "please refund the second payment, I was charged twice",
    ];
    const THEME: [&str; 3] = [
        "Could you add a dark theme to the app",
        "A dark theme for the app would be great",
        "the app needs a dark theme",
    ];
    const PARCEL: [&str; 4] = [
        "Where is my parcel? The delivery is late",
        "my parcel is late, where is the delivery",
        "The delivery of my parcel is a week late",
        "late delivery: where is my parcel now",
    ];
    let turn = |minute: u64| usize::try_from(minute / 15).expect("it is small");
    let asks = |minute: u64| match minute % 15 {
        0 if is_in_window(minute) => THEME[turn(minute) % 3],
        10 => REFUND[turn(minute) % 3],
        _ => PARCEL[turn(minute) % 4],
    };
    let sandbox = Sandbox::with_workspace();
    let chat = |asked: &str| vec![Step::Chat(asked.to_owned(), "billing".to_owned())];
    sandbox.imports_told(&traces(|minute| chat(asks(minute))));
    let found = sandbox.scans(&WINDOW);
    let theme = found.of("theme");
    assert_eq!(
        (&theme["role"], &theme["state"], &theme["traces"]),
        (&"user".into(), &"new".into(), &json!([40, 120]))
    );
    let parcel = found.of("delivery");
    assert_eq!(
        (&parcel["kind"], &parcel["state"], &parcel["traces"]),
        (&"healthy".into(), &"changed".into(), &json!([40, 120]))
    );
    let refund = found.of("charged").clone();
    assert_eq!(
        (&refund["state"], &refund["traces"]),
        (&"ongoing".into(), &json!([40, 120]))
    );
    let later = (1_200..1_800_u32).step_by(5).map(|minute| {
        let asked = match asks(minute.into()) {
            refund if REFUND.contains(&refund) => {
                format!("{refund} from a voucher")
            }
            other => other.to_owned(),
        };
        Told::new(minute.into(), minute.into(), chat(&asked))
    });
    sandbox.imports_told(&later.collect::<Vec<Told>>());
    let found = sandbox.scans(&["--window", "2026-03-01T20:00:00Z..2026-03-02T06:00:00Z"]);
    let same = found
        .all()
        .iter()
        .find(|it| it["behavior"] == refund["behavior"]);
    let same = same.expect("it keeps its name");
    assert_eq!(same["traces"], json!([40, 120]));
    let terms = same["terms"].as_array().expect("it is a list");
    assert!(terms.contains(&"voucher".into()), "{terms:?}");
}

#[test]
fn an_answer_that_breaks_the_format_of_its_prompt_is_an_issue() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "messages:",
        "responseFormat: json_object\nmessages:",
    );
    sandbox.imports_told(&traces(|minute| {
        let answer = if is_in_window(minute) && minute.is_multiple_of(10) {
            "Of course! The queue is billing."
        } else {
            "{\"queue\": \"billing\"}"
        };
        vec![Step::Chat("Where is it?".to_owned(), answer.to_owned())]
    }));
    let broken = sandbox.scans(&WINDOW);
    let broken = broken.of("triage: the answer is not JSON");
    assert_eq!(
        (&broken["detector"], &broken["role"], &broken["state"]),
        (&"format".into(), &"assistant".into(), &"new".into())
    );
    assert_eq!(broken["traces"], json!([60, 120]));
}

#[test]
fn a_rate_that_moves_is_told_from_one_that_does_not() {
    let sandbox = Sandbox::with_workspace();
    let fails = |minute: u64, every: [u64; 2], message: &str| {
        let every = every[usize::from(is_in_window(minute))];
        (every > 0 && minute.is_multiple_of(every)).then(|| Step::Fails(message.to_owned()))
    };
    sandbox.imports_told(&traces(|minute| {
        let failures = [
            fails(minute, [100, 10], "rate limit of model a"),
            fails(minute, [10, 100], "time limit of model b"),
            fails(minute, [25, 25], "no such region"),
            fails(minute, [10, 0], "certificate is old"),
        ];
        failures.into_iter().flatten().collect()
    }));
    let found = sandbox.scans(&WINDOW);
    for (signature, state) in [
        ("rate limit", "worse"),
        ("time limit", "better"),
        ("no such region", "ongoing"),
        ("certificate", "vanishing"),
    ] {
        assert_eq!(found.of(signature)["state"], state, "{signature}");
    }
    let urgent = [&["behaviors", "scan", "--exit-code"][..], &WINDOW].concat();
    sandbox.pointsman(&urgent).exits(1);
}

#[test]
fn lanes_are_told_apart() {
    let sandbox = Sandbox::with_workspace();
    let mut all = traces(|_| vec![find(1)]);
    for trace in &mut all {
        let minute = u64::from_str_radix(&trace.id, 16).expect("it is a number");
        if minute.is_multiple_of(10) {
            trace.lane = "staging";
            if is_in_window(minute) {
                trace.steps.push(Step::Fails("new fault".to_owned()));
            }
        } else if minute.is_multiple_of(25) {
            trace.steps.push(Step::Fails("new fault".to_owned()));
        }
    }
    sandbox.imports_told(&all);
    let found = sandbox.scans(&WINDOW);
    let lanes = found.of("new fault")["lanes"]
        .as_array()
        .expect("it is a list");
    let states: Vec<(&Value, &Value)> =
        lanes.iter().map(|it| (&it["lane"], &it["state"])).collect();
    assert_eq!(
        states,
        [
            (&"production".into(), &"ongoing".into()),
            (&"staging".into(), &"new".into())
        ]
    );
}

#[test]
fn the_same_traces_give_the_same_bytes_whatever_their_order() {
    let steps = |minute: u64| {
        vec![
            find(minute),
            Step::Chat(format!("Where is order {minute}?"), "delivery".to_owned()),
            Step::Fails(format!("no answer after {minute} s")),
        ]
    };
    let forth = Sandbox::with_workspace();
    forth.imports_told(&traces(steps));
    forth.scans(&WINDOW);
    let files = forth.behavior_files();
    let again = forth.scans(&WINDOW);
    assert_eq!(again.0["written"], json!([]));
    assert_eq!(forth.behavior_files(), files);
    let back = Sandbox::with_workspace();
    let mut reversed = traces(steps);
    reversed.reverse();
    for part in reversed.chunks(100) {
        back.imports_told(part);
    }
    back.scans(&WINDOW);
    assert_eq!(back.behavior_files(), files);
}

#[test]
fn a_dry_run_writes_nothing_and_no_traces_are_no_result() {
    let sandbox = Sandbox::with_workspace();
    let empty = sandbox.pointsman(&["behaviors", "scan"]);
    empty
        .exits(6)
        .has_no_result()
        .tells("no traces are kept here");
    sandbox.imports_told(&traces(|minute| vec![find(minute)]));
    let dry = [&["behaviors", "scan", "--dry-run"][..], &WINDOW].concat();
    sandbox
        .pointsman(&dry)
        .succeeds()
        .says("tool-find-order-")
        .tells("nothing was written");
    assert!(!sandbox.path().join("operations").exists());
    let no_start = ["behaviors", "scan", "--until", "2026-03-01"];
    sandbox
        .pointsman(&no_start)
        .exits(2)
        .tells("say where it begins");
}

#[test]
fn check_reads_behaviors_as_it_reads_everything_else() {
    let sandbox = Sandbox::with_workspace();
    sandbox.imports_told(&traces(|minute| vec![find(minute)]));
    let found = sandbox.scans(&WINDOW);
    let id = found.of("find_order")["behavior"]
        .as_str()
        .expect("it has a name");
    let path = format!("operations/behaviors/{id}.toml");
    sandbox
        .pointsman(&["check"])
        .succeeds()
        .says("and 1 behavior: no problems");
    let text = sandbox.read(&path);
    sandbox.write(&path, format!("ownr = \"Kim\"\n{text}"));
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("did you mean `owner`?");
    sandbox.write(&path, text.replace("# Below, ", "# Above, "));
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[missing-mark]");
    let scan = [&["behaviors", "scan"][..], &WINDOW].concat();
    sandbox.pointsman(&scan).exits(2).has_no_result();
}
