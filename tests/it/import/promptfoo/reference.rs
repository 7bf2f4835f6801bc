//! The verdicts of promptfoo itself, recorded in `reference.json` by `reference.mjs`, are those of the
//! evaluators that its assertions become.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Sandbox;

use super::evaluated;

/// Two scores that are this near are the same.
const NEAR: f64 = 1e-6;

/// One answer to an assertion, and what promptfoo says of it.
struct Verdict<'r> {
    assertion: &'r Value,
    output: &'r str,
    said: &'r Value,
    score: Option<f64>,
}

fn verdicts(reference: &Value) -> Vec<Verdict<'_>> {
    let list = |value: &'_ Value| value.as_array().expect("the reference is our own").clone();
    let cases = reference["cases"]
        .as_array()
        .expect("the reference is our own");
    let of_case = |case: &'_ Value| list(&case["verdicts"]).len();
    assert!(cases.iter().map(of_case).sum::<usize>() > 2500);
    let verdicts = cases.iter().flat_map(|case| {
        let verdicts = case["verdicts"]
            .as_array()
            .expect("the reference is our own");
        verdicts.iter().map(|verdict| Verdict {
            assertion: &case["assertion"],
            output: verdict[0].as_str().expect("answers are texts"),
            said: &verdict[1],
            score: verdict[2].as_f64(),
        })
    });
    verdicts.collect()
}

/// A configuration with one test for each verdict, whose answer is given.
fn configuration(reference: &Value, verdicts: &[Verdict<'_>]) -> Value {
    let tests = verdicts.iter().map(|verdict| {
        let mut test = json!({
            "vars": reference["vars"],
            "assert": [verdict.assertion],
            "options": {"disableVarExpansion": true},
        });
        // promptfoo takes an empty answer for none, and asks the provider.
        if verdict.output.is_empty() {
            test["vars"]["output"] = json!("");
        } else {
            test["providerOutput"] = json!(verdict.output);
        }
        test
    });
    let tests: Vec<Value> = tests.collect();
    json!({"prompts": ["{{output}}"], "providers": ["echo"], "tests": tests})
}

#[test]
fn every_verdict_is_that_of_promptfoo() {
    let reference: Value =
        serde_json::from_str(include_str!("reference.json")).expect("the reference is our own");
    assert_eq!(reference["source"], "promptfoo 0.123.1");
    let verdicts = verdicts(&reference);
    let sandbox = Sandbox::new();
    sandbox.write("c.json", configuration(&reference, &verdicts).to_string());
    sandbox
        .pointsman(&["import", "promptfoo", "c.json"])
        .exits(1);
    let cases = evaluated(&sandbox);
    let by_row: BTreeMap<&str, &Value> = cases
        .iter()
        .map(|case| (case["row"].as_str().expect("rows have names"), case))
        .collect();
    let mut wrong = Vec::new();
    for (verdict, number) in verdicts.iter().zip(1..) {
        let row = format!("test-{number}");
        let grade = by_row.get(row.as_str()).map(|case| &case["grades"][0]);
        if let Some(complaint) = complaint(verdict, grade) {
            wrong.push(format!(
                "{} on {:?}: {complaint}",
                verdict.assertion, verdict.output
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// How a grade differs from promptfoo's verdict, if it does.
fn complaint(verdict: &Verdict<'_>, grade: Option<&Value>) -> Option<String> {
    let Some(grade) = grade else {
        // Left out, which only what is an error there for every answer may be.
        return (verdict.said != "error").then(|| "was left out".to_owned());
    };
    let wanted = match verdict.said.as_bool() {
        Some(true) => "pass",
        Some(false) => "fail",
        None => "error",
    };
    if grade["grade"] != wanted {
        return Some(format!(
            "is {}, and not {wanted}: {}",
            grade["grade"], grade["reason"]
        ));
    }
    let (score, ours) = (verdict.score?, grade["score"].as_f64()?);
    let comparable = (0.0..=1.0).contains(&score);
    (comparable && (score - ours).abs() > NEAR).then(|| format!("scores {ours}, and not {score}"))
}

/// The files of the configuration whose rows promptfoo judged as a whole.
const SUITE: [(&str, &str); 5] = [
    (
        "promptfooconfig.yaml",
        include_str!("suite/promptfooconfig.yaml"),
    ),
    (
        "prompts/answer.txt",
        include_str!("suite/prompts/answer.txt"),
    ),
    ("values/a.txt", include_str!("suite/values/a.txt")),
    ("tests/more.yaml", include_str!("suite/tests/more.yaml")),
    ("tests/rows.csv", include_str!("suite/tests/rows.csv")),
];

/// Whether every evaluator that counts lets a case pass.
fn passes(case: &Value) -> bool {
    let grades = case["grades"].as_array().expect("grades are a list");
    let mut counting = grades.iter().filter(|grade| grade["blocking"] == true);
    counting.all(|grade| grade["grade"] == "pass")
}

/// The number of a row, and which of its test's rows it is: `test-3-2` is the second of the third.
fn numbers(row: &str) -> Vec<u32> {
    let numbers = row.split('-').skip(1);
    numbers
        .map(|number| number.parse().expect("rows are numbered"))
        .collect()
}

#[test]
fn rows_pass_as_promptfoo_lets_them_pass_with_all_that_tests_take_over_and_add_up() {
    let reference: Value = serde_json::from_str(include_str!("suite/reference.json"))
        .expect("the reference is our own");
    let sandbox = Sandbox::new();
    for (path, text) in SUITE {
        sandbox.write(&format!("evals/{path}"), text);
    }
    sandbox
        .pointsman(&["import", "promptfoo", "evals/promptfooconfig.yaml"])
        .succeeds();
    let cases = evaluated(&sandbox);
    let mut rows: Vec<&str> = cases
        .iter()
        .filter_map(|case| case["row"].as_str())
        .collect();
    rows.sort_by_key(|row| numbers(row));
    rows.dedup();
    let mut said = Vec::new();
    for (test, row) in rows.iter().enumerate() {
        for (prompt, name) in ["answer", "answer-2"].iter().enumerate() {
            let of_prompt = |case: &&Value| {
                let own = case["prompt"].as_str().unwrap_or_default();
                case["row"] == *row && (own == *name || own.ends_with("-answers"))
            };
            said.extend(
                cases
                    .iter()
                    .find(of_prompt)
                    .map(|case| json!([test, prompt, passes(case)])),
            );
        }
    }
    assert_eq!(json!(said), reference["rows"]);
}
