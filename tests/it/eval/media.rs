//! Pictures and documents: what each wire format is sent, and what stays out of reports.

use serde_json::{Value, json};

use super::{KEY, eval, runs};
use crate::support::Sandbox;
use crate::support::media::{PDF, PDF_BASE64, PNG, PNG_BASE64, PNG_SHA256, SHOWING};
use crate::support::model_server::{ModelServer, Reply, Wire};

/// The workspace of receipts, asking a server.
fn asking(settings: &str) -> Sandbox {
    let sandbox = Sandbox::with_receipts();
    let provider = format!("[providers.local]\n{settings}\nkey_env = \"MODEL_KEY\"\n");
    sandbox.write("pointsman.toml", provider);
    sandbox.edit(SHOWING, "model: echo/echo", "model: local/small");
    sandbox
}

/// The same, over chat completions.
fn asking_chat(server: &ModelServer) -> Sandbox {
    asking(&format!(
        "kind = \"openai\"\nbase_url = \"{}\"",
        server.base_url()
    ))
}

/// What the one row makes a server be sent.
fn sent(wire: Wire) -> Value {
    let server = ModelServer::start(move |_, _| Reply::says_as(wire, "12"));
    let origin = server.origin();
    let sandbox = asking(&match wire {
        Wire::OpenAi | Wire::OpenAiStream => {
            format!("kind = \"openai\"\nbase_url = \"{origin}/v1\"")
        }
        Wire::Anthropic => format!("kind = \"anthropic\"\nbase_url = \"{origin}\""),
        Wire::Gemini => format!("kind = \"gemini\"\nbase_url = \"{origin}\""),
        Wire::Other => format!(
            "kind = \"http\"\nurl = \"{origin}/ask\"\nbody = '{{\"q\": {{{{ messages }}}}}}'\n\
             output = \"/a\""
        ),
    });
    eval(&sandbox, &[]).succeeds();
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    calls[0].body.clone()
}

#[test]
fn a_chat_completions_server_is_shown_data_urls() {
    assert_eq!(
        sent(Wire::OpenAi),
        json!({
            "model": "small",
            "messages": [
                {"role": "system", "content": "Read receipts."},
                {"role": "user", "content": [
                    {"type": "text", "text": "In EUR?"},
                    {"type": "image_url", "image_url": {
                        "url": format!("data:image/png;base64,{PNG_BASE64}"),
                    }},
                    {"type": "file", "file": {
                        "filename": "rules.pdf",
                        "file_data": format!("data:application/pdf;base64,{PDF_BASE64}"),
                    }},
                ]},
            ],
        })
    );
}

#[test]
fn a_messages_server_is_shown_blocks() {
    let source = |media_type: &str, data: &str| json!({"type": "base64", "media_type": media_type, "data": data});
    assert_eq!(
        sent(Wire::Anthropic),
        json!({
            "model": "small",
            "max_tokens": 1024,
            "system": "Read receipts.",
            "messages": [{"role": "user", "content": [
                {"type": "text", "text": "In EUR?"},
                {"type": "image", "source": source("image/png", PNG_BASE64)},
                {"type": "document", "source": source("application/pdf", PDF_BASE64)},
            ]}],
        })
    );
}

#[test]
fn a_gemini_server_is_shown_inline_data() {
    let inline = |media_type: &str, data: &str| json!({"inlineData": {"mimeType": media_type, "data": data}});
    assert_eq!(
        sent(Wire::Gemini),
        json!({
            "systemInstruction": {"parts": [{"text": "Read receipts."}]},
            "contents": [{"role": "user", "parts": [
                {"text": "In EUR?"},
                inline("image/png", PNG_BASE64),
                inline("application/pdf", PDF_BASE64),
            ]}],
        })
    );
}

/// The messages in the shape that templates and programs get.
fn own_shape() -> Value {
    json!([
        {"role": "system", "content": "Read receipts."},
        {"role": "user", "content": [
            {"type": "text", "text": "In EUR?"},
            {"type": "image", "name": "lunch.png", "media_type": "image/png", "data": PNG_BASE64},
            {
                "type": "file", "name": "rules.pdf", "media_type": "application/pdf",
                "data": PDF_BASE64,
            },
        ]},
    ])
}

#[test]
fn a_template_gets_our_own_shape() {
    assert_eq!(sent(Wire::Other), json!({ "q": own_shape() }));
}

#[test]
fn a_program_gets_our_own_shape() {
    let sandbox = asking("kind = \"exec\"\ncommand = [\"sh\", \"model.sh\"]");
    sandbox.edit("pointsman.toml", "key_env = \"MODEL_KEY\"\n", "");
    sandbox.write("model.sh", "cat > asked\necho '{\"output\": \"12\"}'\n");
    eval(&sandbox, &["--allow-exec"]).succeeds();
    let asked: Value = serde_json::from_str(&sandbox.read("asked")).expect("it is asked in JSON");
    assert_eq!(asked["messages"], own_shape());
}

#[test]
fn echo_says_the_texts_alone() {
    let sandbox = Sandbox::with_receipts();
    sandbox.pointsman(&["eval", "-o", "cases.jsonl"]).exits(1);
    let cases = sandbox.read("cases.jsonl");
    assert!(cases.contains("\"output\":\"In EUR?\""), "{cases}");
    sandbox.edit(
        SHOWING,
        "      - { type: text, text: \"In {{ currency }}?\" }\n",
        "",
    );
    sandbox.edit(SHOWING, "  currency: { type: string }\n", "");
    sandbox
        .pointsman(&["eval"])
        .exits(9)
        .says("there is no text of the user to echo");
}

#[test]
fn another_picture_is_another_request_and_the_same_one_is_not_paid_for_twice() {
    let server = ModelServer::start(|_, _| Reply::says("12"));
    let sandbox = asking_chat(&server);
    eval(&sandbox, &[]).succeeds();
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 1);
    sandbox.write("datasets/photos/lunch.png", [PNG, b"another"].concat());
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 2, "another picture of a row");
    sandbox.write("prompts/_media/rules.pdf", [PDF, b"another"].concat());
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 3, "another document of the prompt");
}

#[test]
fn recordings_are_found_by_what_was_shown() {
    let server = ModelServer::start(|_, _| Reply::says("12"));
    let sandbox = asking_chat(&server);
    sandbox.edit(SHOWING, "model: local/small", "model: replay/small");
    eval(&sandbox, &["--record", "local"]).succeeds();
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 1);
    let recorded = sandbox.read("recordings/receipts.jsonl");
    assert!(!recorded.contains(PNG_BASE64), "{recorded}");
    sandbox.write("datasets/photos/lunch.png", [PNG, b"another"].concat());
    eval(&sandbox, &[]).exits(9).says("no recorded answer");
}

#[test]
fn reports_and_the_store_name_files_and_never_hold_their_bytes() {
    let server = ModelServer::start(|_, _| Reply::says("12"));
    let sandbox = asking_chat(&server);
    let outputs = ["-o", "cases.jsonl", "-o", "page.html", "--json"];
    let output = eval(&sandbox, &outputs);
    let mut texts = vec![
        output.succeeds().stdout.clone(),
        sandbox.read("cases.jsonl"),
        sandbox.read("page.html"),
    ];
    for run in runs(&sandbox) {
        texts.push(std::fs::read_to_string(run.join("cases.jsonl")).expect("the run was kept"));
    }
    for text in &texts {
        assert!(
            !text.contains(PNG_BASE64) && !text.contains(PDF_BASE64),
            "{text}"
        );
    }
    let case: Value = serde_json::from_str(&texts[1]).expect("a case is a line of JSON");
    let lunch = json!({
        "path": "datasets/photos/lunch.png", "media_type": "image/png", "bytes": 18,
        "sha256": PNG_SHA256,
    });
    assert_eq!(case["shown"][0], lunch);
    assert_eq!(case["shown"][1]["path"], "prompts/_media/rules.pdf");
    let line = "Shown: image datasets/photos/lunch.png, image/png, 18 bytes, sha256 044dbe64b84e";
    assert!(
        texts[2].contains(&line.replace('/', "&#x2f;")),
        "{}",
        texts[2]
    );
}

#[test]
fn a_conversation_shows_pictures_too() {
    let server = ModelServer::start(|_, _| Reply::says("12"));
    let sandbox = asking_chat(&server);
    let row = json!({
        "id": "talk", "vars": {"currency": "EUR", "photo": "lunch.png"}, "expected": "12",
        "messages": [{"role": "user", "content": [
            {"type": "text", "text": "{{ no template }}"},
            {"type": "image", "path": "lunch.png"},
        ]}],
    });
    sandbox.write("datasets/receipts.jsonl", row.to_string());
    sandbox.pointsman(&["check"]).succeeds();
    eval(&sandbox, &[]).succeeds();
    let body = &server.calls()[0].body;
    let url = format!("data:image/png;base64,{PNG_BASE64}");
    assert_eq!(
        body["messages"][2]["content"],
        json!([
            {"type": "text", "text": "{{ no template }}"},
            {"type": "image_url", "image_url": {"url": url}},
        ])
    );
}

/// The workspace of receipts, whose answers are graded by a judge that looks at the picture.
fn judged_by(server: &ModelServer) -> Sandbox {
    let sandbox = asking_chat(server);
    sandbox.write(
        "prompts/judges/right.prompt.yml",
        "model: local/small\nvariables:\n  output: { type: string }\n  photo: { type: image }\n\
         messages:\n  - role: user\n    content:\n      - { type: text, text: \"Judge {{ output }}\" }\n      \
         - { type: image, variable: photo }\n",
    );
    sandbox.write(
        "evaluators/total.yml",
        "kind: llm-judge\nprompt: judges/right\nscale: { min: 1, max: 5 }\nthreshold: 4\n",
    );
    sandbox
}

/// A server whose model and whose judge are always content.
fn answers_and_judges() -> ModelServer {
    ModelServer::start(|_, call| {
        let judges = call.body.to_string().contains("Judge");
        Reply::says(if judges {
            r#"{"score": 5, "reason": "it is 12"}"#
        } else {
            "12"
        })
    })
}

#[test]
fn a_judge_is_shown_the_picture_that_it_declares() {
    let server = answers_and_judges();
    let sandbox = judged_by(&server);
    sandbox.pointsman(&["check"]).succeeds();
    eval(&sandbox, &[]).succeeds();
    let calls = server.calls();
    let content = &calls[1].body["messages"][0]["content"];
    let text = content[0]["text"].as_str().expect("text comes first");
    assert!(text.starts_with("Judge "), "{text}");
    let url = format!("data:image/png;base64,{PNG_BASE64}");
    assert_eq!(
        content[1],
        json!({"type": "image_url", "image_url": {"url": url}})
    );
}

#[test]
fn what_an_api_does_not_take_is_told_before_any_call() {
    let server = ModelServer::start(|_, _| Reply::says_as(Wire::Gemini, "12"));
    let sandbox = asking(&format!(
        "kind = \"gemini\"\nbase_url = \"{}\"",
        server.origin()
    ));
    sandbox.write("prompts/_media/rules.gif", "GIF89a\0\u{1}");
    let part = "{ type: file, path: _media/rules.pdf }";
    sandbox.edit(SHOWING, part, "{ type: image, path: _media/rules.gif }");
    eval(&sandbox, &[])
        .exits(2)
        .tells("this API takes no image/gif")
        .has_no_result();
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn a_row_that_shows_too_much_has_no_answer_and_the_others_do() {
    let server = ModelServer::start(|_, _| Reply::says("12"));
    let sandbox = asking_chat(&server);
    let large = [PNG, vec![0; 9 * 1024 * 1024].as_slice()].concat();
    sandbox.write("datasets/photos/large.png", large);
    let image = json!({"type": "image", "path": "large.png"});
    let row = json!({
        "id": "much", "vars": {"currency": "EUR", "photo": "large.png"}, "expected": "12",
        "messages": [{"role": "user", "content": [image, image]}],
    });
    let rows = sandbox.read("datasets/receipts.jsonl");
    sandbox.write("datasets/receipts.jsonl", format!("{rows}{row}\n"));
    eval(&sandbox, &[])
        .exits(1)
        .says("more than the 20971520 that one request may show");
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn a_key_is_sent_with_pictures_and_shown_nowhere() {
    let server = ModelServer::start(|_, _| Reply::fails(400, "no pictures"));
    let sandbox = asking_chat(&server);
    let output = eval(&sandbox, &[]);
    output.exits(9).says("no pictures");
    assert!(!output.transcript().contains(KEY));
    assert!(!output.transcript().contains(PNG_BASE64));
}

#[test]
fn a_judge_of_pictures_is_held_against_people() {
    let server = answers_and_judges();
    let sandbox = judged_by(&server);
    sandbox.write(
        "datasets/graded.yml",
        "kind: golden\nrows: graded.jsonl\nmedia: { folder: photos, columns: [photo] }\n",
    );
    let row = json!({"id": "a", "vars": {"output": "12", "photo": "lunch.png"}, "expected": 5});
    sandbox.write("datasets/graded.jsonl", row.to_string());
    let args = [
        "evaluator",
        "calibrate",
        "total",
        "--dataset",
        "graded",
        "--json",
    ];
    let output = sandbox.command(&args).env("MODEL_KEY", KEY).run();
    assert_eq!(output.succeeds().json()["truth_table"]["both_pass"], 1);
    let body = server.calls()[0].body.to_string();
    assert!(body.contains(PNG_BASE64), "{body}");
}
