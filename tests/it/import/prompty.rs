//! `pointsman import prompty`, as a new user tries it.

use crate::support::Sandbox;

#[test]
fn a_file_of_version_1_becomes_a_prompt_with_its_sample_as_a_row() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "flow/answer.prompty",
        "---\n\
         name: Answer\n\
         model:\n\
         \x20 api: chat\n\
         \x20 configuration:\n\
         \x20   type: openai\n\
         \x20   name: gpt-4o\n\
         \x20   api_key: ${env:OPENAI_API_KEY}\n\
         \x20 parameters: { max_tokens: 64 }\n\
         sample:\n\
         \x20 question: Why is the sky blue?\n\
         ---\n\
         system:\n\
         Answer in one line.\n\
         \n\
         user:\n\
         {{question}}\n",
    );
    let output = sandbox.pointsman(&["import", "prompty", "flow/answer.prompty"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r#"
    warning[connection]: how the model is reached does not come along; it reads OPENAI_API_KEY from the environment
      --> flow/answer.prompty:5:3
      = help: see to it in `pointsman.toml`: `base_url`, and `key_env` with the name of the variable that holds the key

    wrote 2 file(s)
      pointsman.toml
      prompts/answer.prompt.yml
    everything came along, 1 thing(s) a little different
    "#);
    insta::assert_snapshot!(sandbox.read("prompts/answer.prompt.yml"), @r#"
    name: Answer
    model: openai/gpt-4o
    modelParameters:
      maxTokens: 64
    variables:
      question:
        type: string
    messages:
      - role: system
        content: Answer in one line.
      - role: user
        content: "{{question}}"
    testData:
      - question: "Why is the sky blue?"
    "#);
    sandbox.pointsman(&["check"]).succeeds();
    let row = [
        "prompt",
        "render",
        "answer",
        "--row",
        "prompts/answer:test-1",
    ];
    insta::assert_snapshot!(sandbox.pointsman(&row).succeeds().stdout, @r#"
    [system]
    Answer in one line.

    [user]
    Why is the sky blue?
    "#);
}

#[test]
fn a_conversation_in_a_loop_is_not_imported_and_says_where_it_belongs() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "chat.prompty",
        "---\nmodel: gpt-4o\n---\nsystem:\nBe kind.\n{% for item in history %}\n{{item.role}}:\n{{item.content}}\n{% endfor %}\nuser:\n{{question}}\n",
    );
    let output = sandbox.pointsman(&["import", "prompty", "chat.prompty"]);
    insta::assert_snapshot!(output.exits(1).stdout, @r#"
    error[not-imported]: this file is not imported, because of what is listed with it
      --> chat.prompty

    error[moving-message]: a message begins inside a block
      --> chat.prompty:7:1
      |
    7 | {{item.role}}:
      | ^^^^^^^^^^^^^^
      = help: what messages there are must be known without rendering: a conversation belongs into the `messages` of a row

    wrote 0 file(s)
    2 thing(s) did not come along
    "#);
    assert!(!sandbox.path().join("pointsman.toml").exists());
}
