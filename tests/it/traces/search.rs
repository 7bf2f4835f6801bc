//! `traces search`: what was said is found, by words and by meaning.

use serde_json::{Value, json};

use super::made::{HOSTILE, QUESTION, REFUND, keep, sandbox, span};
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

fn lines(stdout: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("each line is JSON");
    stdout.lines().map(line).collect()
}

#[test]
fn the_best_span_of_each_trace_is_shown_with_the_words_marked() {
    let output = sandbox().pointsman(&["traces", "search", "refund \"charged twice\""]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    1. 4bf92f3577b3/a2fb4a1d1a96  2026-03-02 09:00:00Z  chat gpt-4.1-mini [support/triage]  by words 1.190 (#1)
       variable: I was *charged twice*, please *refund* one of the payments.
    ");
    output.tells("1 of 5 spans with text have what was looked for").tells(
        "look into one: pointsman traces show 4bf92f3577b34da6a3ce929d0e0e4736/a2fb4a1d1a96d312",
    );
}

#[test]
fn where_a_search_takes_long_a_terminal_shows_how_far_it_is_and_a_pipe_does_not() {
    let slow = "strace -qq -f -o /dev/null -e inject=read,pread64:delay_exit=150000 \
                $(find .git -path '*/spans/*' -type f -printf ' -P %p') pointsman traces search refund";
    let terminal =
        "TERM=xterm python3 -c 'import pty, sys; pty.spawn([\"sh\", \"-c\", sys.argv[1]])'";
    let sandbox = sandbox();
    let shown = sandbox.shell(&format!("{terminal} \"{slow}\"")).run();
    shown.succeeds().says("spans read: 1").says("refund");
    let piped = sandbox.shell(slow).run().succeeds().transcript();
    assert!(!piped.contains("spans read"), "{piped}");
}

#[test]
fn only_the_sources_that_are_asked_for_are_looked_at() {
    let sandbox = sandbox();
    let found = |args: &[&str]| {
        let args = [&["traces", "search", "--json", "--by", "span"], args].concat();
        let lines = lines(&sandbox.pointsman(&args).succeeds().stdout);
        lines
            .iter()
            .map(|line| format!("{} {}", line["span"], line["snippet"]["source"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(&["refund", "--in", "name"]),
        ["b7ad6b7169203331 name"]
    );
    assert_eq!(
        found(&["refund", "--in", "user,system"]),
        ["a2fb4a1d1a96d312 user"]
    );
    assert_eq!(
        found(&["4711", "--in", "tool-call"]),
        ["b7ad6b7169203331 tool-call"]
    );
    assert_eq!(
        found(&["\"no answer\"", "--in", "error"]),
        ["b7ad6b7169203331 error"]
    );
    assert_eq!(found(&["settings", "--in", "user"]), [] as [&str; 0]);
    assert_eq!(
        found(&["settings", "--in", "assistant", "--model", "GPT"]),
        ["6ac1d2e3f4a5b6c7 assistant"]
    );
    assert_eq!(found(&["settings", "--model", "claude"]), [] as [&str; 0]);
    assert_eq!(
        found(&["kind -billing", "--where", "has(prompt)"]),
        ["6ac1d2e3f4a5b6c7 system"]
    );
    assert_eq!(
        found(&["OPEN", "--since", "2026-03-02T09:01:00Z", "-n", "1"]).len(),
        1
    );
}

#[test]
fn a_result_is_a_line_of_json() {
    let output = sandbox().pointsman(&["traces", "search", "account", "--json"]);
    let lines = lines(&output.succeeds().stdout);
    assert_eq!(lines.len(), 1);
    let hit = &lines[0];
    assert_eq!(
        (&hit["schema"], &hit["rank"]),
        (&json!("pointsman/trace-hit/v1"), &json!(1))
    );
    assert_eq!(
        (&hit["trace"], &hit["meaning"]),
        (&json!(QUESTION), &Value::Null)
    );
    assert_eq!(hit["words"]["rank"], 1);
    assert_eq!(
        hit["snippet"]["text"],
        "How do I change the address of my account?"
    );
    assert_eq!(hit["snippet"]["highlights"], json!([[34, 41]]));
}

#[test]
fn a_search_that_cannot_be_made_is_refused() {
    let sandbox = sandbox();
    for (args, told) in [
        (vec!["?!"], "there is no word to look for"),
        (vec!["\"open"], "a quote is not closed"),
        (vec!["a", "--in", "tool_call"], "did you mean `tool-call`?"),
        (
            vec!["a", "--semantic", "openai"],
            "a model is named `<provider>/<model>`",
        ),
        (
            vec!["a", "--semantic", "opnai/x"],
            "asks provider `opnai`, which is not declared",
        ),
        (
            vec!["a", "--semantic", "echo/x"],
            "provider `echo` places no texts",
        ),
        (vec!["a", "--most-texts", "3"], "--semantic"),
    ] {
        let args = [&["traces", "search"], args.as_slice()].concat();
        sandbox
            .pointsman(&args)
            .exits(2)
            .has_no_result()
            .tells(told);
    }
    let none = sandbox.pointsman(&["traces", "search", "zebra"]);
    none.succeeds().has_no_result().tells("0 of 5 spans");
    let empty = Sandbox::with_workspace().pointsman(&["traces", "search", "zebra"]);
    empty
        .succeeds()
        .has_no_result()
        .tells("no traces are kept here");
}

/// A server that places texts by what they are about: money, addresses, anything else.
fn places_texts() -> ModelServer {
    ModelServer::start(|_, call| {
        let texts = call.body["input"].as_array().cloned().unwrap_or_default();
        let place = |text: &Value| {
            let text = text.as_str().unwrap_or_default();
            let about = |words: &[&str]| words.iter().filter(|word| text.contains(**word)).count();
            json!([
                about(&["money", "refund", "payment", "charged"]),
                about(&["move", "address"]),
                0.1
            ])
        };
        let data = texts.iter().enumerate();
        let data: Vec<Value> = data
            .map(|(index, text)| json!({"index": index, "embedding": place(text)}))
            .collect();
        Reply::raw(200, &json!({"data": data}).to_string())
    })
}

fn with_provider(server: &ModelServer) -> Sandbox {
    let sandbox = sandbox();
    let provider = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"EMBED_KEY\"\nmax_attempts = 1\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", provider);
    sandbox
}

fn search_by_meaning(
    sandbox: &Sandbox,
    words: &str,
    more: &[&str],
) -> crate::support::run::RunOutput {
    let args = ["traces", "search", words, "--semantic", "local/embed"];
    let args = [args.as_slice(), more].concat();
    sandbox.command(&args).env("EMBED_KEY", "secret-key").run()
}

#[test]
fn texts_of_the_same_meaning_are_found_and_each_result_says_how() {
    let server = places_texts();
    let sandbox = with_provider(&server);
    let output = search_by_meaning(&sandbox, "move house account", &["--in", "user"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    1. 0af7651916cd/6ac1d2e3f4a5  2026-03-02 09:01:00Z  chat gpt-4.1-mini [docs/grounded-summary]  by words 0.322 (#1), meaning 1.000 (#1)
       user: How do I change the address of my *account*?

    2. 4bf92f3577b3/a2fb4a1d1a96  2026-03-02 09:00:00Z  chat gpt-4.1-mini [support/triage]  by meaning 0.003 (#2)
       user: I was charged twice, please refund one of the payments.
    ");
    output.tells("3 texts were sent to local/embed; their places are kept");
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].path, "/v1/embeddings");
    assert_eq!(calls[0].authorization.as_deref(), Some("Bearer secret-key"));
    assert_eq!(
        calls[0].body["input"],
        json!([
            "move house account",
            "How do I change the address of my account?",
            "I was charged twice, please refund one of the payments.",
        ])
    );
}

#[test]
fn a_text_is_sent_once_and_never_without_being_asked_for() {
    let server = places_texts();
    let sandbox = with_provider(&server);
    sandbox
        .pointsman(&["traces", "search", "refund"])
        .succeeds();
    assert_eq!(server.calls().len(), 0);
    let refused = search_by_meaning(&sandbox, "money back", &["--most-texts", "2"]);
    refused
        .exits(2)
        .has_no_result()
        .tells("texts would be sent to `local`, and at most 2 may be")
        .tells("--most-texts");
    assert_eq!(server.calls().len(), 0);
    let first = search_by_meaning(&sandbox, "money back", &["--json"]);
    assert_eq!(lines(&first.succeeds().stdout)[0]["trace"], REFUND);
    let again = search_by_meaning(&sandbox, "money back", &["--json"]);
    assert_eq!(again.succeeds().stdout, first.stdout);
    assert_eq!(server.calls().len(), 1);
    search_by_meaning(&sandbox, "another question", &[])
        .succeeds()
        .tells("1 text was sent");
    assert_eq!(server.calls()[1].body["input"], json!(["another question"]));
}

#[test]
fn a_provider_that_fails_or_talks_nonsense_is_an_error_of_the_provider() {
    for (reply, told) in [
        (
            Reply::fails(500, "secret-key is out of order"),
            "provider `local`: ",
        ),
        (Reply::raw(200, "{}"), "holds no embeddings"),
        (
            Reply::raw(200, r#"{"data": [{"index": 0, "embedding": [1]}]}"#),
            "one embedding for each",
        ),
    ] {
        let server = ModelServer::start(move |_, _| reply.clone());
        let output = search_by_meaning(&with_provider(&server), "refund", &[]);
        output.exits(9).has_no_result().tells(told);
        assert!(!output.stderr.contains("secret-key"), "{}", output.stderr);
    }
    let server = ModelServer::start(|_, call| {
        let count = call.body["input"].as_array().map_or(0, Vec::len);
        let data: Vec<Value> = (0..count)
            .map(|index| json!({"index": index, "embedding": vec![0.0; 1 + index % 2]}))
            .collect();
        Reply::raw(200, &json!({"data": data}).to_string())
    });
    let output = search_by_meaning(&with_provider(&server), "refund", &[]);
    output.exits(9).has_no_result().tells("cannot be compared");
}

#[test]
fn hostile_text_is_found_and_shown_as_text() {
    let sandbox = Sandbox::with_workspace();
    let mut bad = span(&"e".repeat(32), &"f".repeat(16), "", "chat", (0, 5));
    bad.lineage.prompt = Some(HOSTILE.to_owned());
    bad.content.input = Some(format!(
        "{}{HOSTILE} needle {HOSTILE}{}",
        "x".repeat(2_000_000),
        "y ".repeat(1_000_000)
    ));
    keep(&sandbox, &[bad], &[]);
    let output = sandbox.pointsman(&["traces", "search", "needle"]);
    let shown = &output.succeeds().stdout;
    let is_raw = |character: char| "\u{1b}\u{7}\u{202e}\u{200b}\r".contains(character);
    assert!(!shown.contains(is_raw), "{shown}");
    assert!(
        shown.contains("*needle*") && shown.contains("\\u{1b}[2J"),
        "{shown}"
    );
    assert!(shown.lines().count() == 2 && shown.len() < 1_500, "{shown}");
}
