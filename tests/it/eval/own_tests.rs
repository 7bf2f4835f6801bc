//! Tests that stand in the prompt's own file, in the shape of GitHub's `.prompt.yml`.

use super::eval;
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

/// A file as GitHub's documentation has them: no variables, rows and evaluators inline.
const SUMMARIZE: &str = r#"name: Text Summarizer
description: Summarizes input text concisely
model: openai/gpt-4o-mini
modelParameters:
  temperature: 0.5
  maxTokens: 200
messages:
  - role: system
    content: You are a text summarizer. Your only job is to summarize text given to you.
  - role: user
    content: |
      Summarize the given text, beginning with "Summary -":
      <text>
      {{input}}
      </text>
testData:
  - input: |
      The quick brown fox jumped over the lazy dog.
    expected: Summary - A fox jumped over a dog.
  - input: 42
    expected: Summary - A number.
evaluators:
  - name: Output should start with 'Summary -'
    string:
      startsWith: 'Summary -'
"#;

const FILE: &str = "prompts/summarize.prompt.yml";

/// A workspace of this one prompt, whose models all stand behind `server`.
fn holding(prompt: &str, server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::new();
    let url = server.base_url();
    sandbox.write(
        "pointsman.toml",
        format!("[providers.openai]\nkind = \"openai\"\nbase_url = \"{url}\"\nmax_attempts = 1\n"),
    );
    sandbox.write(FILE, prompt);
    sandbox
}

fn with_evaluators(evaluators: &str) -> String {
    let (head, _) = SUMMARIZE
        .split_once("evaluators:")
        .expect("the sample has some");
    format!("{head}evaluators:\n{evaluators}")
}

/// How many of the two rows each evaluator passes, in the order of names.
fn passed(prompt: &str, server: &ModelServer) -> Vec<(String, u64)> {
    let sandbox = holding(prompt, server);
    let result = sandbox.command(&["eval", "--json"]).run().json();
    let evaluators = result["suites"][0]["evaluators"]
        .as_array()
        .expect("a list");
    let counted = evaluators.iter().map(|it| {
        let name = it["evaluator"].as_str().expect("a name");
        let name = name.rsplit('/').next().unwrap_or_default();
        (name.to_owned(), it["passed"].as_u64().expect("a number"))
    });
    counted.collect()
}

#[test]
fn a_file_of_githubs_runs_as_it_is() {
    let server = ModelServer::start(|_, _| Reply::says(" summary - of it. "));
    let sandbox = holding(SUMMARIZE, &server);
    sandbox
        .pointsman(&["check"])
        .succeeds()
        .says("checked 1 prompt, 1 dataset with 2 rows, 1 evaluator and 0 lanes: no problems\n");
    let result = eval(&sandbox, &["summarize", "--json"]).succeeds().json();
    let suite = &result["suites"][0];
    assert_eq!(suite["dataset"], "prompts/summarize");
    let rule = "prompts/summarize/output-should-start-with-summary";
    assert_eq!(suite["evaluators"][0]["evaluator"], rule);
    assert_eq!(suite["evaluators"][0]["passed"], 2);
    let calls = server.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.last_message().contains("\n42\n"))
    );
    assert_eq!(calls[0].body["model"], "gpt-4o-mini");
    assert_eq!(calls[0].body["max_tokens"], 200);
}

#[test]
fn texts_are_compared_as_gh_models_does() {
    let server = ModelServer::start(|_, _| Reply::says("\n Summary - Of The Text. "));
    let prompt = with_evaluators(
        "  - { name: equals, string: { equals: 'Summary - Of The Text.' } }
  - { name: equals heeds case, string: { equals: 'summary - of the text.' } }
  - { name: contains, string: { contains: 'OF THE' } }
  - { name: starts, string: { startsWith: 'SUMMARY' } }
  - { name: ends, string: { endsWith: 'text.' } }
  - { name: absent, string: { contains: fox } }
  - { name: column, string: { equals: '{{expected}}' } }
",
    );
    let expected = [
        ("absent", 0),
        ("column", 0),
        ("contains", 2),
        ("ends", 2),
        ("equals", 2),
        ("equals-heeds-case", 0),
        ("starts", 2),
    ];
    let expected = expected.map(|(name, passed)| (name.to_owned(), passed));
    assert_eq!(passed(&prompt, &server), expected);
}

#[test]
fn a_column_of_the_row_is_what_an_answer_is_compared_with() {
    let server = ModelServer::start(|_, _| Reply::says("Summary - A number."));
    let prompt = with_evaluators("  - { name: same, string: { equals: '{{ expected }}' } }\n");
    assert_eq!(passed(&prompt, &server), [("same".to_owned(), 1)]);
}

/// A server whose judges give `verdict`, and whose other models say something.
fn judging(verdict: &'static str) -> ModelServer {
    ModelServer::start(move |_, call| {
        let judge = call.body["model"] == "gpt-4o";
        Reply::says(if judge { verdict } else { "A fox jumps." })
    })
}

const JUDGED: &str = "  - name: Concise
    llm:
      modelId: openai/gpt-4o
      systemPrompt: You grade summaries.
      prompt: |
        Is this a concise summary of {{input}}?
        {{completion}}
        Wanted: {{expected}}
      choices:
        - { choice: 'yes', score: 1 }
        - { choice: 'somewhat', score: 0.5 }
        - { choice: 'no', score: 0 }
";

#[test]
fn a_judge_is_shown_the_answer_behind_a_fence_and_what_its_row_holds() {
    let server = judging("Yes.");
    assert_eq!(
        passed(&with_evaluators(JUDGED), &server),
        [("concise".to_owned(), 2)]
    );
    let calls = server.calls();
    let mut judged = calls.iter().filter(|call| call.body["model"] == "gpt-4o");
    let asked = judged.find(|call| call.last_message().contains("of 42?"));
    let lines: Vec<&str> = asked
        .expect("the judge was asked")
        .last_message()
        .lines()
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[1], lines[3]);
    assert_eq!(
        (lines[2], lines[4]),
        ("A fox jumps.", "Wanted: Summary - A number.")
    );
}

#[test]
fn a_choice_above_nothing_passes_and_an_answer_that_is_no_choice_never_does() {
    let prompt = with_evaluators(JUDGED);
    let of = |verdict| passed(&prompt, &judging(verdict))[0].1;
    assert_eq!(of("It leaves out the dog.\nSomewhat"), 2);
    assert_eq!(of("no"), 0);
    assert_eq!(of("yes and no"), 0);
}

#[test]
fn githubs_own_judges_are_asked_by_name() {
    let names = [
        "similarity",
        "coherence",
        "fluency",
        "relevance",
        "groundedness",
    ];
    let evaluators: Vec<String> = names
        .iter()
        .map(|name| format!("  - {{ name: {name}, uses: github/{name} }}\n"))
        .collect();
    let server = judging("2");
    let passes = passed(&with_evaluators(&evaluators.concat()), &server);
    assert!(passes.iter().all(|(_, passed)| *passed == 2), "{passes:?}");
    assert_eq!(passes.len(), 5);
    let server = judging("1");
    let passes = passed(&with_evaluators(&evaluators.concat()), &server);
    assert!(passes.iter().all(|(_, passed)| *passed == 0), "{passes:?}");
}

#[test]
fn another_evaluator_in_the_file_is_another_test_and_another_row_is_another_dataset() {
    let server = ModelServer::start(|_, _| Reply::says("Summary - of it."));
    let sandbox = holding(SUMMARIZE, &server);
    eval(&sandbox, &[]).succeeds();
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 2);
    sandbox.edit(FILE, "startsWith: 'Summary -'", "startsWith: 'Nothing'");
    eval(&sandbox, &[]).exits(1);
    assert_eq!(server.calls().len(), 2);
    sandbox.edit(FILE, "  - input: 42", "  - input: 43");
    eval(&sandbox, &[]).exits(1);
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn a_schema_may_be_json_in_a_text() {
    let server = ModelServer::start(|_, _| Reply::says("Summary - {}"));
    let schema = "responseFormat: json_schema
jsonSchema: |-
  {
    \"name\": \"summary\",
    \"strict\": true,
    \"schema\": { \"type\": \"object\" }
  }
messages:";
    let sandbox = holding(&SUMMARIZE.replacen("messages:", schema, 1), &server);
    eval(&sandbox, &[]).succeeds();
    let format = &server.calls()[0].body["response_format"]["json_schema"];
    assert_eq!(format["name"], "summary");
    assert_eq!(format["schema"]["type"], "object");
    sandbox.edit(FILE, "\"strict\": true", "\"stric\": true");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("prompts/summarize.prompt.yml:11:5")
        .says("did you mean `strict`?");
}
