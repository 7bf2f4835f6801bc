//! What is wrong with a configuration, or cannot come along: it is said where it stands, and nothing
//! outside of the folder is ever read.

use super::import;
use crate::support::Sandbox;

#[test]
fn existing_files_are_never_touched_and_nothing_is_written_beside_them() {
    let sandbox = Sandbox::new();
    sandbox.write("prompts/say-hello.prompt.yml", "mine");
    let output = import(&sandbox, "prompts: [Say hello]\nproviders: [echo]\n");
    output.exits(2).has_no_result().tells("nothing was written");
    assert_eq!(sandbox.read("prompts/say-hello.prompt.yml"), "mine");
    assert!(!sandbox.path().join("pointsman.toml").exists());
}

#[test]
fn a_workspace_that_does_not_declare_the_provider_is_told_how() {
    let sandbox = Sandbox::with_workspace();
    let config = "prompts: [Say hello]\nproviders: [openai:gpt-4.1]\n";
    import(&sandbox, config)
        .exits(2)
        .has_no_result()
        .tells("[providers.openai]")
        .tells("nothing was written");
    let project = sandbox.read("pointsman.toml");
    sandbox.write(
        "pointsman.toml",
        format!("{project}\n[providers.openai]\nkind = \"openai\"\nbase_url = \"https://api.openai.com/v1\"\n"),
    );
    sandbox
        .pointsman(&["import", "promptfoo", "promptfooconfig.yaml"])
        .succeeds();
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error_with_its_place() {
    for (config, line) in [
        ("prompts: [a\ntests: []\n", "promptfooconfig.yaml:2"),
        ("- a\n", "promptfooconfig.yaml:1"),
        ("prompts: [a]\nprompts: [b]\n", "promptfooconfig.yaml:2"),
        ("prompts: { $ref: '#/nothing' }\n", "promptfooconfig.yaml:1"),
        (
            "a: { $ref: '#/b' }\nb: { $ref: '#/a' }\n",
            "promptfooconfig.yaml:",
        ),
    ] {
        let sandbox = Sandbox::new();
        import(&sandbox, config)
            .exits(2)
            .has_no_result()
            .tells(line);
        assert!(!sandbox.path().join("pointsman.toml").exists(), "{config}");
    }
    let missing = Sandbox::new();
    let output = missing.pointsman(&["import", "promptfoo", "nothing.yaml"]);
    output
        .exits(2)
        .has_no_result()
        .tells("there is no such file");
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_folder_is_read_and_no_link_is_followed() {
    let sandbox = Sandbox::new();
    sandbox.write("secret.txt", "SECRET {{x}}");
    sandbox.write(
        "evals/c.yaml",
        "
prompts: ['file://../secret.txt', 'file:///etc/passwd', file://link.txt, file://folder/secret.txt, '*.txt']
providers: [echo]
tests:
  - vars: { x: file://../secret.txt }
  - vars: { x: file://link.txt }
  - vars: { x: a }
    assert: [{ type: equals, value: file://link.txt }]
",
    );
    std::os::unix::fs::symlink("../secret.txt", sandbox.path().join("evals/link.txt"))
        .expect("a link");
    std::os::unix::fs::symlink("..", sandbox.path().join("evals/folder")).expect("a link");
    let output = sandbox.pointsman(&["import", "promptfoo", "evals/c.yaml"]);
    output
        .exits(1)
        .says("`../secret.txt` is not below the folder of the configuration")
        .says("links are never followed")
        .says("it lies behind a symbolic link")
        .says("`link.txt` is no plain file");
    for path in sandbox.git(&["ls-files", "--others"]).lines() {
        let is_source = path == "secret.txt" || path.starts_with("evals/");
        assert!(
            is_source || !sandbox.read(path).contains("SECRET"),
            "{path}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_link_is_not_written_through() {
    let sandbox = Sandbox::new();
    sandbox.write("elsewhere/keep", "");
    std::os::unix::fs::symlink("elsewhere", sandbox.path().join("prompts")).expect("a link");
    import(&sandbox, "prompts: [Hi]\nproviders: [echo]\n")
        .exits(2)
        .has_no_result()
        .tells("symbolic link");
    assert!(!sandbox.path().join("elsewhere/hi.prompt.yml").exists());
}

#[test]
fn keys_of_providers_are_neither_written_nor_shown() {
    let sandbox = Sandbox::new();
    let config = "prompts: [Hi]\nproviders:\n  - id: openai:gpt-4.1\n    config: { apiKey: sk-secret-1 }\nenv: { TOKEN: sk-secret-2 }\n";
    let output = import(&sandbox, config);
    output.exits(1).says("`apiKey`").says("`env`");
    assert!(!output.stdout.contains("sk-secret") && !output.stderr.contains("sk-secret"));
    assert!(!sandbox.read("pointsman.toml").contains("sk-secret"));
}

#[test]
fn programs_are_never_run_and_are_listed() {
    let sandbox = Sandbox::new();
    sandbox.write("run.js", "require('fs').writeFileSync('ran', '')");
    let config = "
prompts: [file://run.js, 'exec:touch ran', Hi]
providers: [file://run.js, 'exec:touch ran']
tests:
  - file://run.js
  - vars: { x: file://run.js }
  - assert: [{ type: javascript, value: file://run.js }, { type: python, value: 'True' }]
  - assert: [{ type: javascript, value: \"require('fs')\" }]
  - options: { transform: output.trim() }
    assert: [{ type: equals, value: a }]
";
    let output = import(&sandbox, config);
    output.exits(1);
    let places: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.contains("--> "))
        .collect();
    assert_eq!(places.len(), 11, "{}", output.stdout);
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn a_template_without_a_counterpart_is_left_out_with_its_reason() {
    for (prompt, reason) in [
        (
            "{{ x | wordcount }}",
            "the filter `wordcount` is not known here",
        ),
        ("{{ x.length }}", "has no counterpart in Jinja"),
        (
            "{% set y = 1 %}{{ y }}",
            "the tag `set` cannot be translated",
        ),
        ("{{ env.HOME }}", "has no counterpart in Jinja"),
        ("{{ list }}", "printing a list or a mapping"),
    ] {
        let sandbox = Sandbox::new();
        let config = format!(
            "prompts: ['{prompt}']\nproviders: [echo]\ntests: [{{ vars: {{ x: a, list: [1] }}, assert: [{{ type: contains, value: a }}] }}]\n"
        );
        import(&sandbox, &config).exits(1).says(reason);
        sandbox.pointsman(&["check"]).succeeds();
    }
}

#[test]
fn assertions_without_a_counterpart_are_listed_one_by_one() {
    let sandbox = Sandbox::new();
    let config = "
prompts: [Hi]
providers: [echo]
tests:
  - assert:
      - { type: contanis, value: a }
      - { type: regex, value: '(' }
      - { type: is-json, value: { type: object, properties: { a: { format: email } } } }
      - { type: contains, value: a, transform: output.trim() }
      - { type: g-eval, value: a }
      - { type: cost }
      - { type: contains }
      - { type: select-best, value: a }
      - { value: a }
      - { type: contains, value: a, threshold: much }
      - { type: assert-set, assert: [{ type: equals, value: a }, { type: moderation }] }
";
    let output = import(&sandbox, config);
    output.exits(1).says("did you mean `contains`?");
    for line in 6..=16 {
        let place = format!("promptfooconfig.yaml:{line}:");
        assert!(output.stdout.contains(&place), "{line}: {}", output.stdout);
    }
}
