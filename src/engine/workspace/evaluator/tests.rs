//! What is read from evaluator files, and what is refused.

use std::collections::BTreeMap;

use super::*;
use crate::engine::workspace::memory::MemoryTree;

fn read_with(text: &str, files: &[(&str, &str)]) -> Result<Evaluator, Findings> {
    let id = EvaluatorId::new("a").expect("a letter is a name");
    let files = files.iter().copied();
    let tree = MemoryTree::new(files.chain([("evaluators/a.yml", text)]));
    read_evaluator(&id, &Source::new(id.path(), text), &tree)
}

fn ident_with(text: &str, files: &[(&str, &str)]) -> String {
    read_with(text, files).unwrap_err().0[0].ident.clone()
}

fn read(text: &str) -> Result<Evaluator, Findings> {
    let id = EvaluatorId::new("a").expect("a letter is a name");
    let tree = MemoryTree::default();
    read_evaluator(&id, &Source::new(id.path(), text), &tree)
}

#[test]
fn each_kind_is_read_with_its_options() {
    for text in [
        "kind: text\noperator: not-contains-any\nvalue: [sorry]\nignoreCase: true\nexamples:\n  - {output: fine, grade: pass}\n",
        "kind: text\noperator: equals\nvalue: {column: expected}\n",
        "kind: json\ncheck: valid\n",
        "kind: json\ncheck: schema\nschema: {type: object}\n",
        "kind: json\ncheck: pointer-equals\npointer: /a\nvalue: 1\n",
        "kind: expected\ncomparison: numeric\ntolerance: 0.5\n",
        "kind: expected\ncomparison: set\n",
        "kind: length\nunit: words\nmax: 3\n",
        "kind: latency\nmaxMs: 100\n",
        "kind: cost\nmaxUsd: 0.01\n",
        "kind: llm-judge\nprompt: judges/a\nscale: {min: 1, max: 5}\nthreshold: 4\n",
        "kind: llm-judge\nprompt: judges/a\nlabels: [good, bad]\npass: [good]\n",
        "kind: llm-judge\nprompt: judges/a\ncompareWith: {column: reference}\ntie: pass\ncalibration: graded\n",
        "kind: exec\ncommand: [python3, evaluators/a.py]\nenv: [LANG]\ntimeout: 5s\nthreshold: 0.7\n",
        "kind: http\nprovider: house\n",
        "kind: similarity\nmetric: embedding\nmodel: openai/small\nthreshold: 0.8\n",
        "kind: length\nunit: tokens\nmax: 3\n",
        "kind: similarity\nmetric: rouge-l\nthreshold: 0.5\n",
        "kind: similarity\nmetric: bleu\nvalue: {column: reference}\nthreshold: 1\nignoreCase: true\n",
        "kind: tool-calls\ncalls: [look, {name: refund, arguments: {id: 5}}]\norder: any-order\narguments: exact\n",
        "kind: tool-calls\ncalls: {column: expected}\nschema: true\n",
        "kind: tool-calls\nschema: true\n",
        "kind: javascript\nscript: |\n  return output.length < 5\n",
        "kind: not\nof: {kind: json, check: valid}\n",
        "kind: all\nof:\n  - {kind: json, check: valid}\n  - {kind: any, of: [{kind: cost, maxUsd: 1}]}\n",
        "kind: weighted\nthreshold: 0.5\nof:\n  - {weight: 2, kind: json, check: valid}\n  - {kind: cost, maxUsd: 1}\n",
    ] {
        assert!(read(text).is_ok(), "{text}: {:?}", read(text));
    }
}

#[test]
fn what_could_never_grade_is_found_before_any_call() {
    for (text, ident) in [
        ("kind: txt\n", "unknown-word"),
        (
            "kind: text\noperator: regex\nvalue: '(a'\n",
            "invalid-regex",
        ),
        (
            "kind: text\noperator: regex\nvalue: '(?=a)'\n",
            "invalid-regex",
        ),
        (
            "kind: text\noperator: regex\nvalue: '(a{1000}){1000}'\n",
            "invalid-regex",
        ),
        ("kind: text\noperator: equals\nvalue: ''\n", "empty-value"),
        (
            "kind: json\ncheck: schema\nschema: {type: 5}\n",
            "invalid-schema",
        ),
        (
            "kind: json\ncheck: pointer-equals\npointer: a\nvalue: 1\n",
            "invalid-pointer",
        ),
        ("kind: length\nunit: words\n", "missing-key"),
        (
            "kind: length\nunit: words\nmin: 3\nmax: 2\n",
            "out-of-range",
        ),
        ("kind: llm-judge\nprompt: a\n", "missing-key"),
        (
            "kind: llm-judge\nprompt: a\nscale: {min: 1, max: 5}\nthreshold: 9\n",
            "out-of-range",
        ),
        (
            "kind: llm-judge\nprompt: a\nlabels: [good]\npass: [god]\n",
            "unknown-word",
        ),
        (
            "kind: llm-judge\nprompt: a\ncompareWith: {column: b}\nlabels: [c]\npass: [c]\n",
            "missing-key",
        ),
        (
            "kind: llm-judge\nprompt: a\ncompareWith: {column: b}\ntie: unknown\n",
            "unknown-word",
        ),
        ("kind: exec\n", "missing-key"),
        ("kind: exec\ncommand: []\n", "invalid-command"),
        ("kind: exec\ncommand: sh a.sh\n", "wrong-type"),
        ("kind: exec\ncommand: [sh]\nenv: [sk-x]\n", "invalid-name"),
        ("kind: http\nurl: https://x\n", "missing-key"),
        (
            "kind: similarity\nmetric: embedding\nmodel: small\nthreshold: 0.8\n",
            "invalid-model",
        ),
        (
            "kind: similarity\nmetric: embedding\nmodel: a/b\nthreshold: -0.1\n",
            "out-of-range",
        ),
        ("kind: latency\nmaxMs: 1\nmaxUsd: 2\n", "unknown-key"),
    ] {
        assert_eq!(read(text).unwrap_err().0[0].ident, ident, "{text}");
    }
}

#[test]
fn scripts_calls_combinations_and_examples_that_could_never_grade_are_found() {
    for (text, ident) in [
        (
            "kind: similarity\nmetric: cosine\nthreshold: 1\n",
            "unknown-word",
        ),
        ("kind: similarity\nmetric: bleu\n", "missing-key"),
        (
            "kind: similarity\nmetric: bleu\nthreshold: 1.1\n",
            "out-of-range",
        ),
        ("kind: tool-calls\n", "missing-key"),
        ("kind: tool-calls\ncalls: [{label: x}]\n", "invalid-call"),
        ("kind: tool-calls\ncalls: [5]\n", "invalid-call"),
        ("kind: javascript\n", "missing-key"),
        (
            "kind: javascript\nscript: return 1\nfile: a.js\n",
            "missing-key",
        ),
        ("kind: javascript\nscript: 'return ('\n", "invalid-script"),
        ("kind: javascript\nfile: ../a.js\n", "invalid-value"),
        ("kind: javascript\nfile: a.sh\n", "invalid-value"),
        ("kind: javascript\nfile: a.js\n", "missing-script"),
        (
            "kind: javascript\nscript: return 1\ntimeLimitMs: 20000\n",
            "out-of-range",
        ),
        ("kind: all\n", "missing-key"),
        ("kind: all\nof: []\n", "empty-value"),
        ("kind: all\nof: [{threshold: 1}]\n", "missing-key"),
        ("kind: all\nof: missing\n", "missing-evaluator"),
        ("kind: all\nof: a\n", "evaluator-circle"),
        (
            "kind: not\nof: [{kind: json, check: valid}, {kind: json, check: valid}]\n",
            "out-of-range",
        ),
        (
            "kind: weighted\nthreshold: 0\nof: [{weight: 0, kind: json, check: valid}]\n",
            "out-of-range",
        ),
        (
            "kind: all\nof: [{weight: 1, kind: json, check: valid}]\n",
            "unknown-key",
        ),
        (
            "kind: expected\ncomparison: exact\nexamples: [{output: a, grade: pass}]\n",
            "incomplete-example",
        ),
        (
            "kind: text\noperator: equals\nvalue: {column: b}\nexamples: [{output: a, vars: {c: x}, grade: fail}]\n",
            "incomplete-example",
        ),
        (
            "kind: json\ncheck: valid\nexamples: [{output: a, grade: pass}, {output: a, grade: fail}]\n",
            "contradicting-example",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().0[0].ident, ident, "{text}");
    }
}

#[test]
fn what_a_combination_is_made_of_changes_its_digest_and_is_listed() {
    let combined = "kind: all\nof: [b, {kind: javascript, file: c.js}]\n";
    let with = |words: &str, script: &str| {
        let part = format!("kind: length\nunit: words\nmax: {words}\n");
        let files = [
            ("evaluators/b.yml", part.as_str()),
            ("evaluators/c.js", script),
        ];
        read_with(combined, &files).expect("all parts are there")
    };
    let digest = |evaluator: &Evaluator| evaluator.digest(&BTreeMap::new(), &BTreeMap::new());
    let first = with("3", "return true");
    assert_eq!(digest(&first), digest(&with("3", "return true")));
    assert_ne!(digest(&first), digest(&with("4", "return true")));
    assert_ne!(digest(&first), digest(&with("3", "return false")));
    let files = ["evaluators/a.yml", "evaluators/b.yml", "evaluators/c.js"];
    assert!(first.files().iter().eq(files.iter()));
}

#[test]
fn a_circle_is_found_from_wherever_it_is_entered() {
    let files = [
        ("evaluators/b.yml", "kind: not\nof: c\n"),
        ("evaluators/c.yml", "kind: not\nof: b\n"),
    ];
    let findings = read_with("kind: not\nof: b\n", &files).unwrap_err();
    assert_eq!(
        findings.0[0].message,
        "the evaluators form a circle: b → c → b"
    );
    assert_eq!(findings.0[0].place.path, "evaluators/c.yml");
}

#[test]
fn names_that_multiply_are_refused_before_they_fill_the_memory() {
    let names = ["b", "c", "d", "e", "f", "g"];
    let paths = [
        "evaluators/b.yml",
        "evaluators/c.yml",
        "evaluators/d.yml",
        "evaluators/e.yml",
        "evaluators/f.yml",
    ];
    let texts: Vec<String> = (1..names.len())
        .map(|next| format!("kind: all\nof: [{0}, {0}, {0}, {0}]\n", names[next]))
        .collect();
    let mut files: Vec<(&str, &str)> = paths
        .into_iter()
        .zip(texts.iter().map(String::as_str))
        .collect();
    files.push(("evaluators/g.yml", "kind: json\ncheck: valid\n"));
    assert_eq!(
        ident_with("kind: all\nof: [b, b]\n", &files),
        "too-many-parts"
    );
}

#[test]
fn an_output_that_is_not_text_stands_for_its_json() {
    let text =
        "kind: json\ncheck: valid\nexamples: [{output: [{a: 1}], vars: {b: 2}, grade: pass}]\n";
    let evaluator = read(text).expect("the file is right");
    assert_eq!(evaluator.examples[0].output, "[{\"a\":1}]");
    assert_eq!(evaluator.examples[0].vars["b"], 2);
}

#[test]
fn a_schema_that_points_elsewhere_is_not_followed() {
    for target in ["file:///etc/passwd", "http://127.0.0.1:9/x.json"] {
        let text = format!("kind: json\ncheck: schema\nschema: {{$ref: '{target}'}}\n");
        assert_eq!(read(&text).unwrap_err().0[0].ident, "invalid-schema");
    }
}
