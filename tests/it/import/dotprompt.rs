//! `pointsman import dotprompt`, as a new user tries it.

use crate::support::Sandbox;

/// A folder as Genkit has it: a prompt, a variant of it, and a partial.
fn with_folder() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "genkit/greetingCard.prompt",
        "---\n\
         model: googleai/gemini-2.0-flash\n\
         config: { temperature: 0.4, maxOutputTokens: 100 }\n\
         input:\n\
         \x20 schema:\n\
         \x20   name: string, whom to greet\n\
         \x20   gifts?(array): string\n\
         \x20 default: { name: Guest }\n\
         output: { schema: { greeting: string } }\n\
         ---\n\
         {{role \"system\"}}\n\
         {{> tone}}\n\
         {{role \"user\"}}\n\
         Greet {{name}}.\n\
         {{#if gifts}}\n\
         Thank for:\n\
         {{#each gifts}}\n\
         {{@index}}. {{this}}{{#unless @last}};{{/unless}}\n\
         {{/each}}\n\
         {{/if}}\n",
    );
    sandbox.write("genkit/_tone.prompt", "Be kind to {{name}}.\n");
    sandbox.write(
        "genkit/mail/reply.formal.prompt",
        "---\nmodel: gpt-4o\ntools: [clock]\n---\n{{#each turns}}{{role this.role}}{{this.text}}{{/each}}\n",
    );
    sandbox
}

#[test]
fn a_folder_becomes_a_workspace_and_what_cannot_come_along_is_listed() {
    let sandbox = with_folder();
    let output = sandbox.pointsman(&["import", "dotprompt", "genkit"]);
    insta::assert_snapshot!(output.exits(1).stdout, @r#"
    warning[inner-schema]: what `gifts` holds is declared more closely there
      --> genkit/greetingCard.prompt:5:3
      |
    5 |   schema:
      |   ^
      = help: here it is declared as array, and no more

    error[not-imported]: this file is not imported, because of what is listed with it
      --> genkit/mail/reply.formal.prompt

    error[unknown-tool]: the tool `clock` is defined in code
      --> genkit/mail/reply.formal.prompt:3:9
      |
    3 | tools: [clock]
      |         ^^^^^
      = help: write it under `tools`, with its JSON Schema

    error[moving-message]: `role` stands inside a block or a partial with parameters
      --> genkit/mail/reply.formal.prompt:5:18
      |
    5 | {{#each turns}}{{role this.role}}{{this.text}}{{/each}}
      |                  ^^^^^^^^^^^^^^
      = help: what messages there are must be known without rendering: let messages and their parts begin outside of blocks; conversations belong into rows

    wrote 3 file(s)
      pointsman.toml
      prompts/_partials/tone.md
      prompts/greeting-card.prompt.yml
    3 thing(s) did not come along, and 1 came along a little different
    "#);
}

#[test]
fn what_was_imported_passes_its_check_and_renders() {
    let sandbox = with_folder();
    sandbox.pointsman(&["import", "dotprompt", "genkit"]);
    insta::assert_snapshot!(sandbox.read("prompts/greeting-card.prompt.yml"), @r#"
    model: gemini/gemini-2.0-flash
    modelParameters:
      temperature: 0.4
      maxTokens: 100
    variables:
      name:
        type: string
        description: whom to greet
        default: Guest
      gifts:
        type: array
        default: []
    messages:
      - role: system
        content: |-

          {% include "_partials/tone.md" %}
      - role: user
        content: |-

          Greet {{ name }}.
          {% if gifts %}Thank for:
          {% for item in gifts %}{{ loop.index0 }}. {{ item }}{% if not loop.last %};{% endif %}
          {% endfor %}{% endif %}
    responseFormat: json_schema
    jsonSchema:
      name: greeting_card
      strict: false
      schema:
        type: object
        properties:
          greeting:
            type: string
        required: [greeting]
        additionalProperties: false
    "#);
    sandbox.pointsman(&["check"]).succeeds();
    let rendered = sandbox.pointsman(&[
        "prompt",
        "render",
        "greeting-card",
        "--var",
        "gifts=[\"a\",\"b\"]",
    ]);
    insta::assert_snapshot!(rendered.succeeds().stdout, @r#"
    [system]

    Be kind to Guest.


    [user]

    Greet Guest.
    Thank for:
    0. a;
    1. b
    "#);
}

#[test]
fn one_file_is_imported_with_the_model_that_is_named_for_it() {
    let sandbox = Sandbox::new();
    sandbox.write("x/hello.prompt", "Hello {{name}}!\n");
    sandbox
        .pointsman(&["import", "dotprompt", "x/hello.prompt"])
        .exits(1)
        .says("error[missing-model]: no model is named")
        .says("--model <provider>/<model>")
        .says("x/hello.prompt");
    sandbox
        .pointsman(&[
            "import",
            "dotprompt",
            "x/hello.prompt",
            "--model",
            "echo/echo",
        ])
        .succeeds()
        .says("prompts/hello.prompt.yml");
    sandbox
        .pointsman(&["prompt", "render", "hello", "--var", "name=<b>Ada</b>"])
        .succeeds()
        .says("Hello <b>Ada</b>!");
}

#[test]
fn what_is_named_must_be_there_and_nothing_is_overwritten() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "x");
    for name in ["gone.prompt", "a.txt", "empty"] {
        std::fs::create_dir_all(sandbox.path().join("empty"))
            .expect("the sandbox can be written to");
        sandbox
            .pointsman(&["import", "dotprompt", name])
            .exits(2)
            .has_no_result();
    }
    sandbox.write("p.prompt", "---\nmodel: gpt-4o\n---\nhi\n");
    sandbox.write("prompts/p.prompt.yml", "mine");
    sandbox
        .pointsman(&["import", "dotprompt", "p.prompt"])
        .exits(2)
        .tells("nothing was written");
    assert_eq!(sandbox.read("prompts/p.prompt.yml"), "mine");
}

#[test]
fn the_result_is_json_on_request_and_a_dry_run_writes_nothing() {
    let sandbox = with_folder();
    let output = sandbox.pointsman(&["import", "dotprompt", "genkit", "--dry-run", "--json"]);
    let shown = output.exits(1).json();
    assert_eq!(shown["schema"], "pointsman/import/v1");
    assert_eq!(shown["written"][0], "pointsman.toml");
    let idents: Vec<&str> = shown["left_out"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["ident"].as_str())
        .collect();
    assert!(idents.contains(&"moving-message"), "{idents:?}");
    assert!(!sandbox.path().join("prompts").exists());
}

#[test]
fn where_no_file_is_imported_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a.prompt", "---\nmodel: acme/x\n---\n{{shout a}}\n");
    let import = || sandbox.pointsman(&["import", "dotprompt", "in"]);
    let run = import();
    run.exits(1)
        .says("error[not-imported]")
        .says("wrote 0 file(s)");
    assert_eq!(run.stderr, "", "nothing comes next");
    assert!(!sandbox.path().join("pointsman.toml").exists());
    // Nor does a file that is not imported leave its provider behind, where another one is.
    sandbox.write("in/b.prompt", "---\nmodel: openai/x\n---\nHello\n");
    import().exits(1).says("wrote 2 file(s)");
    let settings = sandbox.read("pointsman.toml");
    assert!(settings.contains("[providers.openai]"), "{settings}");
    assert!(!settings.contains("acme"), "{settings}");
}
