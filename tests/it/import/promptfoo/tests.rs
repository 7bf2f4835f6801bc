//! Where tests come from: lists, files, CSV, scenarios, and what they take over.

use super::{evaluated, grades, import};
use crate::support::Sandbox;

#[test]
fn prompts_come_from_files_of_every_kind() {
    let sandbox = Sandbox::new();
    sandbox.write("p/two.txt", "First {{x}}\n---\nSecond {{ x | upper }}\n");
    sandbox.write(
        "p/chat.json",
        r#"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{x}}"}]"#,
    );
    sandbox.write("p/chat.yaml", "- role: user\n  content: In YAML {{x}}\n");
    sandbox.write("p/page.md", "# {{x}}\n");
    sandbox.write("p/jinja.j2", "{% if x %}{{ x }}{% else %}none{% endif %}");
    let config = "
prompts:
  - file://p/two.txt
  - { id: file://p/chat.json, label: A chat }
  - file://p/*.yaml
  - p/page.md
  - p/jinja.j2
providers: [openai:gpt-4.1-mini]
tests:
  - { vars: { x: a }, assert: [{ type: contains, value: a }] }
";
    import(&sandbox, config).succeeds();
    let names = ["two", "two-2", "chat", "chat-2", "page", "jinja"];
    for name in names {
        let prompt = sandbox.read(&format!("prompts/{name}.prompt.yml"));
        assert!(prompt.contains("model: openai/gpt-4.1-mini"), "{prompt}");
    }
    let rendered = sandbox.pointsman(&["prompt", "render", "two-2", "--var", "x=a"]);
    rendered.succeeds().says("Second A");
    assert!(
        sandbox
            .read("prompts/chat.prompt.yml")
            .starts_with("name: A chat\n")
    );
    assert!(
        sandbox
            .read("pointsman.toml")
            .contains("key_env = \"OPENAI_API_KEY\"")
    );
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn tests_come_from_files_of_every_kind() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "t/a.yaml",
        "- { vars: { x: a }, assert: [{ type: equals, value: a }] }\n",
    );
    sandbox.write(
        "t/b.json",
        r#"[{"vars": {"x": "b"}, "assert": [{"type": "equals", "value": "c"}]}]"#,
    );
    sandbox.write(
        "t/c.jsonl",
        "{\"vars\": {\"x\": \"d\"}, \"assert\": [{\"type\": \"equals\", \"value\": \"d\"}]}\n\n",
    );
    sandbox.write(
        "t/d.csv",
        "x,__expected,__description,__metadata:kind\ne,contains:e,is e,letter\n",
    );
    let config = "prompts: ['{{x}}']\nproviders: [echo]\ntests: ['t/*.yaml', file://t/b.json, t/c.jsonl, t/d.csv]\n";
    import(&sandbox, config).succeeds();
    let cases = evaluated(&sandbox);
    let grade = |row: &str| grades(&cases, "x", row)[0].1.clone();
    assert_eq!(
        ["test-1", "test-2", "test-3", "test-4"].map(grade),
        ["pass", "fail", "pass", "pass"]
    );
    let row = sandbox.read("datasets/d.jsonl");
    assert_eq!(
        row,
        "{\"id\":\"test-4\",\"vars\":{\"x\":\"e\"},\"tags\":[\"kind=letter\"],\"note\":\"is e\"}\n"
    );
}

#[test]
fn magic_columns_mean_what_they_mean_in_promptfoo() {
    let sandbox = Sandbox::new();
    let csv = "text,__expected,__expected2,__threshold,__metric,__providerOutput
one,levenshtein(1):onf,,,near,
two,two,not-contains:x,,,
,\"icontains-any:\"\"A, b\"\",C\",is-json,0.5,,abc
";
    sandbox.write("rows.csv", csv);
    let config = "prompts: ['{{text}}']\nproviders: [echo]\ntests: file://rows.csv\n";
    import(&sandbox, config).succeeds();
    let cases = evaluated(&sandbox);
    assert_eq!(
        grades(&cases, "text", "test-1"),
        [("near".to_owned(), "pass".to_owned())]
    );
    let second: Vec<String> = grades(&cases, "text", "test-2")
        .into_iter()
        .map(|it| it.1)
        .collect();
    assert_eq!(second, ["pass", "pass"]);
    let third = grades(&cases, "rows-3-answers", "test-3");
    assert_eq!(third, [("score".to_owned(), "pass".to_owned())]);
}

#[test]
fn a_threshold_of_a_cell_is_that_of_promptfoo_where_the_cell_names_none() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "rows.csv",
        "x,__expected,__expected2\nabc,levenshtein:abd,\"levenshtein(2):xbd\"\n",
    );
    import(
        &sandbox,
        "prompts: ['{{x}}']\nproviders: [echo]\ntests: rows.csv\n",
    )
    .succeeds();
    let cases = evaluated(&sandbox);
    let grades: Vec<String> = grades(&cases, "x", "test-1")
        .into_iter()
        .map(|it| it.1)
        .collect();
    // One change is more than 0.75, and two are two.
    assert_eq!(grades, ["fail", "pass"]);
}

#[test]
fn lists_of_texts_make_a_row_for_each_combination() {
    let sandbox = Sandbox::new();
    let config = "
prompts: ['{{a}}{{b}}']
providers: [echo]
tests:
  - vars: { a: [x, y], b: [1, 2], c: [p, q] }
    assert: [{ type: contains, value: '{{a}}' }]
";
    import(&sandbox, config)
        .exits(1)
        .says("printing a list or a mapping");
    let config = config.replace("{{b}}", "");
    let sandbox = Sandbox::new();
    import(&sandbox, &config).succeeds();
    let rows = sandbox.read("datasets/tests.jsonl");
    assert_eq!(rows.lines().count(), 4);
    assert!(
        rows.contains(r#"{"id":"test-1-2","vars":{"a":"x","b":[1,2],"c":"q"}}"#),
        "{rows}"
    );
    let rule = sandbox.read("evaluators/contains.yml");
    assert!(rule.contains("column: a"), "{rule}");
}

#[test]
fn scenarios_and_default_tests_are_merged_as_promptfoo_merges_them() {
    let sandbox = Sandbox::new();
    sandbox.write("default.yaml", "vars: { tone: kind, x: default }\nassert: [{ type: contains, value: kind, metric: tone }]\n");
    let config = "
prompts: ['{{tone}} {{x}} {{y}}']
providers: [echo]
defaultTest: file://default.yaml
scenarios:
  - config:
      - vars: { x: one }
        assert: [{ type: contains, value: one }]
      - vars: { x: two }
    tests:
      - vars: { y: tail }
      - vars: { x: own }
        options: { disableDefaultAsserts: true }
        assert: [{ type: equals, value: kind own  }]
";
    import(&sandbox, config).succeeds();
    let rows: Vec<String> = [
        "datasets/tests.jsonl",
        "datasets/tests-2.jsonl",
        "datasets/tests-3.jsonl",
        "datasets/tests-4.jsonl",
    ]
    .map(|path| sandbox.read(path).trim().to_owned())
    .to_vec();
    assert_eq!(
        rows,
        [
            r#"{"id":"test-1","vars":{"tone":"kind","x":"one","y":"tail"}}"#,
            r#"{"id":"test-2","vars":{"tone":"kind","x":"own"}}"#,
            r#"{"id":"test-3","vars":{"tone":"kind","x":"two","y":"tail"}}"#,
            r#"{"id":"test-4","vars":{"tone":"kind","x":"own"}}"#,
        ]
    );
    let cases = evaluated(&sandbox);
    let names = |row: &str| -> Vec<String> {
        grades(&cases, "tone-x-y", row)
            .into_iter()
            .map(|it| it.0)
            .collect()
    };
    assert_eq!(names("test-1"), ["contains-one", "tone"]);
    assert_eq!(names("test-2"), ["contains-one", "equals-kind-own"]);
    assert_eq!(names("test-3"), ["tone"]);
    assert_eq!(names("test-4"), ["equals-kind-own"]);
}

#[test]
fn variables_that_some_tests_leave_out_print_nothing_as_in_promptfoo() {
    let sandbox = Sandbox::new();
    let config = "
prompts: ['{{ greeting }} {{ name }}{% if formal %}!{% endif %} {{ n }}']
providers: [echo]
tests:
  - { vars: { greeting: Hello, name: Ada, formal: true, n: 5 }, assert: [{ type: equals, value: 'Hello Ada! 5' }] }
  - { vars: { greeting: Hi, n: 1.50 }, assert: [{ type: equals, value: 'Hi  1.5' }] }
";
    import(&sandbox, config).succeeds();
    sandbox.pointsman(&["eval"]).succeeds();
}

#[test]
fn anchors_aliases_and_merges_of_yaml_mean_what_they_mean_there() {
    let sandbox = Sandbox::new();
    let config = "
prompts: ['{{x}}{{y}}']
providers: [echo]
tests:
  - &first { vars: &vars { x: a, y: b }, assert: &same [{ type: contains, value: a }] }
  - { vars: { <<: *vars, y: c }, assert: *same }
";
    import(&sandbox, config).succeeds();
    let rows = sandbox.read("datasets/tests.jsonl");
    assert!(
        rows.contains(r#"{"id":"test-2","vars":{"y":"c","x":"a"}}"#),
        "{rows}"
    );
}

#[test]
fn tests_for_some_prompts_or_providers_stay_with_them() {
    let sandbox = Sandbox::new();
    let config = "
prompts: [{ label: one, raw: 'one {{x}}' }, { label: two, raw: 'two {{x}}' }]
providers:
  - { id: echo, label: loud }
  - { id: openai:gpt-4.1, prompts: [two] }
tests:
  - { vars: { x: a }, prompts: [one], assert: [{ type: contains, value: one }] }
  - { vars: { x: b }, providers: [loud], assert: [{ type: contains, value: b }] }
";
    import(&sandbox, config).succeeds();
    let prompt = |name: &str| sandbox.read(&format!("prompts/{name}.prompt.yml"));
    assert!(
        prompt("one").contains("dataset: tests\n") && prompt("one").contains("dataset: tests-2\n")
    );
    let loud = prompt("two-loud");
    assert!(
        loud.contains("dataset: tests-2\n") && !loud.contains("dataset: tests\n"),
        "{loud}"
    );
    assert!(!prompt("two-gpt-4-1").contains("evals"));
}
