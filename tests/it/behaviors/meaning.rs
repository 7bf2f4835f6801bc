//! `behaviors scan --semantic`: texts that share no word are one behavior where they mean the same.

use serde_json::{Value, json};

use super::made::{Behaviors, Step, Told};
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

const SCAN: [&str; 5] = [
    "behaviors",
    "scan",
    "--json",
    "--window",
    "2026-03-01T05:00:00Z..2026-03-01T10:00:00Z",
];

/// A model that places texts by what they are about: money, or a move.
fn places_texts() -> ModelServer {
    ModelServer::start(|_, call| {
        let texts = call.body["input"].as_array().cloned().unwrap_or_default();
        let data = texts.iter().enumerate().map(|(index, text)| {
            let text = text.as_str().unwrap_or_default();
            let about = |words: [&str; 2]| u8::from(words.iter().any(|it| text.contains(it)));
            let place = [about(["cash", "money"]), about(["moved", "house"]), 0];
            json!({ "index": index, "embedding": place })
        });
        Reply::raw(
            200,
            &json!({ "data": data.collect::<Vec<Value>>() }).to_string(),
        )
    })
}

/// Two things that users ask, each in two ways that share no word.
fn sandbox(server: &ModelServer) -> Sandbox {
    const ASKED: [&str; 4] = [
        "give cash back",
        "return our money",
        "we moved elsewhere",
        "another house now",
    ];
    let sandbox = Sandbox::with_workspace();
    let provider = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"EMBED_KEY\"\nmax_attempts = 1\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", provider);
    let traces = (10..600_u32).step_by(10).map(|minute| {
        let turn = usize::try_from(minute / 10).expect("it is small");
        let asked = ASKED[turn % 4].to_owned();
        let steps = vec![Step::Chat(asked, "billing".to_owned())];
        Told::new(minute.into(), minute.into(), steps)
    });
    sandbox.imports_told(&traces.collect::<Vec<Told>>());
    sandbox
}

fn intents(found: &Behaviors) -> Vec<u64> {
    let intents = found.all().iter().filter(|it| it["detector"] == "intent");
    let both = |it: &Value| it["traces"][0].as_u64().zip(it["tracesBefore"][0].as_u64());
    let mut counts: Vec<u64> = intents
        .map(|it| both(it).map_or(0, |(now, before)| now + before))
        .collect();
    counts.sort_unstable();
    counts
}

#[test]
fn texts_that_mean_the_same_are_one_behavior_where_a_model_says_so() {
    let server = places_texts();
    let sandbox = sandbox(&server);
    let by_words = Behaviors(sandbox.pointsman(&SCAN).succeeds().json());
    assert_eq!(intents(&by_words), [14, 15, 15, 15]);
    assert_eq!(server.calls().len(), 0);
    let sandbox = self::sandbox(&server);
    let args = [&SCAN[..], &["--semantic", "local/embed"]].concat();
    let output = sandbox.command(&args).env("EMBED_KEY", "secret-key").run();
    output
        .succeeds()
        .tells("4 texts were sent to local/embed; their places are kept");
    assert_eq!(intents(&Behaviors(output.json())), [29, 30]);
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert!(!sandbox.behavior_files().contains("secret-key"));
    let again = sandbox.command(&args).env("EMBED_KEY", "secret-key").run();
    assert_eq!(again.succeeds().json()["written"], json!([]));
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn no_more_is_sent_than_is_allowed() {
    let server = places_texts();
    let sandbox = sandbox(&server);
    let few = ["--semantic", "local/embed", "--most-texts", "3"];
    let args = [&SCAN[..], &few].concat();
    let output = sandbox.command(&args).env("EMBED_KEY", "secret-key").run();
    output
        .exits(2)
        .has_no_result()
        .tells("4 texts would be sent to `local`, and at most 3 may be");
    assert_eq!(server.calls().len(), 0);
    let alone = [&SCAN[..], &["--most-texts", "3"]].concat();
    sandbox.pointsman(&alone).exits(2).tells("--semantic");
}
