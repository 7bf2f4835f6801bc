//! JUnit, as CI servers read it: the reports of `eval` and of `gate` hold to the schemas that Jenkins
//! holds reports to, and their counts are those of what they list.

use regex::Regex;

use crate::gate::pull_request::PullRequest;
use crate::support::Sandbox;
use crate::support::tools::tools;

/// The schemas, an earlier one and the present one: both are in use.
const SCHEMAS: [&str; 2] = [
    "junit/ae25da5089d4f94ac6c4669bf736e4d416cc4665/junit-10.xsd",
    "junit/14c6e39c38408b9ed6280361484a13c6f5becca7/junit-10.xsd",
];

/// Asserts that a report in the sandbox holds to the schemas, where they are installed.
fn holds_to_schemas(sandbox: &Sandbox, report: &str) {
    for schema in SCHEMAS {
        if let Some(tools) = tools(schema) {
            validate(sandbox, &tools, schema, report).succeeds();
        }
    }
}

fn validate(
    sandbox: &Sandbox,
    tools: &str,
    schema: &str,
    report: &str,
) -> crate::support::run::RunOutput {
    let command =
        format!("python3 {tools}/bin/xmlschema-validate --schema {tools}/{schema} {report}");
    sandbox.shell(&command).env("PYTHONPATH", tools).run()
}

/// Asserts that each count is the number of elements that it counts: no schema says so.
fn counts_agree(xml: &str) {
    let count = |text: &str, name: &str| text.matches(&format!("<{name} ")).count();
    let attribute = |tag: &str, name: &str| -> Option<usize> {
        let pattern = Regex::new(&format!(" {name}=\"([0-9]+)\"")).expect("the pattern is fixed");
        pattern
            .captures(tag)
            .and_then(|found| found[1].parse().ok())
    };
    let agrees = |text: &str| {
        let (tag, inside) = text.split_once('>').expect("a tag ends");
        for (counted, element) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            let said = attribute(tag, counted);
            let is_optional = counted == "skipped";
            assert!(said.is_some() || is_optional, "{counted} in {tag}");
            if let Some(said) = said {
                assert_eq!(said, count(inside, element), "{counted} in {tag}");
            }
        }
    };
    let (_, root) = xml.split_once("<testsuites ").expect("there is a root");
    agrees(root);
    let suites: Vec<&str> = root.split("<testsuite ").skip(1).collect();
    assert!(!suites.is_empty());
    suites.into_iter().for_each(agrees);
    for (before, _) in xml
        .match_indices("<failure ")
        .chain(xml.match_indices("<error "))
    {
        let case = &xml[..before];
        let opened = case
            .rfind("<testcase ")
            .expect("a failure is one of a case");
        assert!(!case[opened..].contains("</testcase>"), "{case}");
    }
}

/// A workspace where answers pass, fail, fail where it does not count, and are not there; one tries to
/// be more than text.
fn mixed() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "datasets/tickets.jsonl",
        "the app closes",
        "</failure>]]><testcase name='x'/> & \\\"sorry\\\" \\u001b[2J \\u0000 \\ufffe \\ud83d\\ude00",
    );
    sandbox.write(
        "evaluators/advisory.yml",
        "kind: text\noperator: equals\nvalue: never\nblocking: false\n",
    );
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "evaluators: [",
        "evaluators: [advisory, ",
    );
    sandbox.write(
        "prompts/silent.prompt.yml",
        "model: replay/none\nmessages:\n  - { role: user, content: hi }\nevals:\n  - dataset: tickets\n    evaluators: [no-apology]\n",
    );
    sandbox
}

#[test]
fn what_eval_writes_holds_to_the_schemas() {
    let sandbox = mixed();
    sandbox.pointsman(&["eval", "--repeats", "2", "-o", "results.xml"]);
    let xml = sandbox.read("results.xml");
    for element in [
        "<failure ",
        "<error ",
        "<skipped ",
        "<property ",
        "/>\n    <testcase ",
    ] {
        assert!(xml.contains(element), "{element} in {xml}");
    }
    counts_agree(&xml);
    holds_to_schemas(&sandbox, "results.xml");
}

#[test]
fn what_gate_writes_holds_to_the_schemas() {
    let base = PullRequest::base();
    for is_broken in [false, true] {
        let request = PullRequest::to(&base);
        if is_broken {
            request.break_prompt();
        } else {
            request.improve_prompt();
        }
        let sandbox = &request.sandbox;
        request.gate(&["-o", "gate.xml"]);
        let xml = sandbox.read("gate.xml");
        // That the cost is not known is let through by the lane, and no failure.
        assert_eq!(xml.contains("<failure "), is_broken, "{xml}");
        assert_eq!(xml.contains("<skipped "), !is_broken, "{xml}");
        counts_agree(&xml);
        holds_to_schemas(sandbox, "gate.xml");
    }
}

#[test]
fn the_schemas_do_look() {
    let sandbox = Sandbox::new();
    let whole = "<testsuites><testsuite name=\"a\" tests=\"1\" failures=\"0\" errors=\"0\"><testcase name=\"b\"/></testsuite></testsuites>";
    let wrong = [
        whole.replace(" tests=\"1\"", ""),
        whole.replace("<testcase name=\"b\"/>", "<testcase/>"),
        whole.replace(
            "<testcase name=\"b\"/>",
            "<testcase name=\"b\"><reason/></testcase>",
        ),
        whole.replace("<testsuites>", "<testsuites skipped=\"0\">"),
    ];
    for schema in SCHEMAS {
        let Some(tools) = tools(schema) else {
            return;
        };
        sandbox.write("a.xml", whole);
        validate(&sandbox, &tools, schema, "a.xml").succeeds();
        for text in &wrong {
            sandbox.write("a.xml", text);
            validate(&sandbox, &tools, schema, "a.xml").exits(1);
        }
    }
}
