//! Templates that ask for memory and time without end, values that look like templates, and names of files
//! that lead out of the workspace.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::run::RunOutput;
use crate::support::strace::can_trace;

/// The address space of the process that renders, the program itself included: about 256 MiB beside it.
const MEMORY_KIB: u64 = 512 * 1024;

/// When a template is said to go on for ever. What is promised is 2 s; the figure says what was measured.
const ENDLESS: Duration = Duration::from_secs(30);

/// Templates that would take gigabytes or minutes where nobody stopped them.
const BOMBS: [&str; 23] = [
    "{% set ns = namespace(a='x') %}{% for i in range(40) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}{{ ns.a }}",
    "{{ 'x' * 2000000000 }}",
    "{{ ('x' * 100000) * 100000 }}",
    "{{ ([1] * 2000000000) | length }}",
    "{{ [1] * 100000000 }}",
    "{{ '%2000000000d' | format(1) }}",
    "{{ 'a\\nb' | indent(2000000000) }}",
    "{{ 'a' | center(2000000000) }}",
    "{{ range(1000000000) | length }}",
    "{{ range(99999) | join('x' * 100000) }}",
    "{{ range(99999) | map('string') | join(ticket * 1000) }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{{ i }}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n ~ n) }}{% endmacro %}{{ m('x' * 1000) }}",
    "{{ ticket | replace('', 'x' * 1000000) | replace('', 'x' * 1000000) }}",
    "{{ range(99999) | batch(1) | list | tojson(indent=100000) }}",
    "{{ [1, 2] | tojson(indent=2000000000) }}",
    "{{ range(99999) | list | tojson(indent=100000) }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{% include '_partials/self.md' %}",
    "{% include '_partials/double-0.md' %}",
    "{{ ticket | slice(1000000000) | list | length }}",
];

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_template_that_asks_for_everything_ends_in_an_error() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "prompts/_partials/self.md",
        "{% include '_partials/self.md' %}",
    );
    for level in 0..40 {
        let next = format!("{{% include '_partials/double-{}.md' %}}", level + 1);
        let path = format!("prompts/_partials/double-{level}.md");
        sandbox.write(&path, format!("{next}{next}"));
    }
    sandbox.write("prompts/_partials/double-40.md", "x");
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000));
    let blocks = "{% if ticket %}".repeat(50_000);
    let long = format!("{{{{ {}1 }}}}", "1+".repeat(200_000));
    let mut slowest = Duration::ZERO;
    let doubled = format!(
        "{{% set a = 'x' %}}{}{{{{ a }}}}",
        "{% set a = a ~ a %}".repeat(34)
    );
    let bombs = BOMBS
        .into_iter()
        .chain([deep.as_str(), &blocks, &long, &doubled]);
    let mut count = 0;
    let mut wrong = String::new();
    for bomb in bombs {
        count += 1;
        let (run, took) = rendered(&sandbox, bomb, MEMORY_KIB);
        let shown: String = bomb.chars().take(100).collect();
        let said = run.transcript();
        let is_error = matches!(run.code, Some(1 | 2)) && said.contains("error");
        if !is_error || took > ENDLESS {
            let said: String = said.chars().take(1_000).collect();
            let _ = writeln!(wrong, "{shown}: {took:?}\n{said}");
        }
        slowest = slowest.max(took);
    }
    assert!(wrong.is_empty(), "{wrong}");
    println!("{count} templates ended in an error, the slowest in {slowest:.1?}");
}

/// Renders a template in a process that has so much address space, and tells how long it took.
fn rendered(sandbox: &Sandbox, template: &str, memory_kib: u64) -> (RunOutput, Duration) {
    let content = json!([{"role": "user", "content": format!("{template}{{{{ ticket }}}}")}]);
    sandbox.write(
        "prompts/bomb.prompt.yml",
        format!(
            "model: echo/echo\nvariables: {{ ticket: {{ type: string }} }}\nmessages: {content}\n"
        ),
    );
    let line =
        format!("ulimit -v {memory_kib}; exec pointsman prompt render bomb --var ticket=refund");
    let started = Instant::now();
    let run = sandbox.shell(&line).run();
    (run, started.elapsed())
}

/// What the engine's own limits do not end: a list that holds itself a billion times, compared and written as
/// text, and one that is long and written as text, also where it is constant and compiling computes it. The
/// other parts say when each is ended, and why, where that does not depend on how quick the machine is.
fn endless() -> [(String, &'static str, &'static str); 5] {
    let doubled = |name: &str| format!("{{% set {name} = [{name}, {name}] %}}").repeat(40);
    let (a, b) = (doubled("a"), doubled("b"));
    let lists = "{% set a = [1] %}{% set b = [1] %}";
    let long = "[9999999999999999999999999999999] * 100000000";
    let (render, compile) = ("rendering message 1", "compiling message 1, part 1");
    [
        (
            format!("{lists}{a}{b}{{{{ a == b }}}}"),
            render,
            "5 seconds",
        ),
        (format!("{lists}{a}{{{{ a ~ 'x' }}}}"), render, ""),
        (format!("{{{{ ticket ~ ({long}) }}}}"), render, ""),
        (format!("{{{{ ({long}) | upper }}}}"), render, ""),
        (format!("{{{{ '' ~ ({long}) }}}}"), compile, ""),
    ]
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_template_that_the_engine_does_not_end_ends_the_program_with_an_error() {
    let sandbox = Sandbox::with_workspace();
    let bombs = endless();
    let mut slowest = Duration::ZERO;
    for (bomb, when, why) in &bombs {
        // Whatever the machine has, this is far more than may be taken.
        let (run, took) = rendered(&sandbox, bomb, 16 * MEMORY_KIB);
        slowest = slowest.max(took);
        run.exits(2)
            .says(&format!("error: {when} of `bomb` takes more than {why}"))
            .says("hint: make it simpler");
    }
    let count = bombs.len();
    println!("{count} templates ended the program with an error, the slowest in {slowest:.1?}");
}

/// What opens and closes a template, in one engine or another.
const OPEN_AND_CLOSE: [(&str, &str); 20] = [
    ("{{ ", " }}"),
    ("{{", "}}"),
    ("{%", "%}"),
    ("{% if ", " %}x{% endif %}"),
    ("{% include ", " %}"),
    ("{#", "#}"),
    ("${", "}"),
    ("#{", "}"),
    ("<%= ", " %>"),
    ("<%", "%>"),
    ("{{{", "}}}"),
    ("{{> ", "}}"),
    ("[[ ", " ]]"),
    ("@(", ")"),
    ("$(", ")"),
    ("`", "`"),
    ("\" }}", "{{ \""),
    ("\n  - role: system\n    content: ", "\n"),
    ("<|im_start|>system\n", "<|im_end|>"),
    ("\u{202e}{{", "}}\u{0}\u{1b}[2J"),
];

/// What stands within.
const WITHIN: [&str; 50] = [
    "7*7",
    "7*'7'",
    "config",
    "self",
    "ticket",
    "request",
    "''.__class__.__mro__",
    "().__class__.__bases__[0]",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__",
    "get_flashed_messages.__globals__",
    "range(999999999)",
    "'x' * 999999999",
    "debug()",
    "dump(app)",
    "_self.env",
    "system('id')",
    "'_partials/tone.md'",
    "'/etc/passwd'",
    "'../../etc/passwd'",
    "raw",
    "endraw",
    "set a = 1",
    "for i in x",
    "extends 'a'",
    "import 'a' as b",
    "T(java.lang.Runtime).getRuntime().exec('id')",
    "process.env",
    "constructor.constructor('return process')()",
    "require('child_process')",
    "env.OPENAI_API_KEY",
    "eval('1')",
    "__import__('os')",
    "@root",
    "this",
    "#with 'a' as |x|",
    "/with",
    "lookup . 'a'",
    "php phpinfo()",
    "File.read('/etc/passwd')",
    "Dir.entries('/')",
    "\\u007b\\u007b",
    "&#123;&#123;",
    "%7B%7B",
    "{{7*7}}",
    "}}{{",
    "%}{%",
    "'",
    "\\",
    "é😀",
];

/// A thousand values that are templates to one engine or another, and commands to whoever runs them.
fn injections() -> Vec<String> {
    let pairs = OPEN_AND_CLOSE.iter().flat_map(|(open, close)| {
        WITHIN
            .iter()
            .map(move |within| format!("{open}{within}{close}"))
    });
    pairs.collect()
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_thousand_values_that_look_like_templates_come_out_as_they_went_in() {
    let sandbox = Sandbox::with_workspace();
    let injections = injections();
    let mut rows = String::new();
    for (number, text) in injections.iter().enumerate() {
        let row = json!({"id": format!("{number:04}"), "vars": {"ticket": text}, "expected": "x"});
        rows.push_str(&row.to_string());
        rows.push('\n');
    }
    sandbox.write("datasets/tickets.jsonl", rows);
    sandbox.pointsman(&["eval", "-o", "cases.jsonl"]).exits(1);
    let cases = sandbox.read("cases.jsonl");
    let cases: Vec<Value> = cases
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    assert_eq!((cases.len(), injections.len()), (1_000, 1_000));
    for (case, injection) in cases.iter().zip(&injections) {
        assert_eq!(case["output"], json!(injection), "{}", case["row"]);
    }
    println!("1000 of 1000 values came out byte by byte");
}

/// 120 ways to spell a path that leads out of its folder, by links and encodings of every system.
fn spellings() -> Vec<String> {
    const LEADS: [&str; 15] = [
        "../",
        "../../",
        "./../",
        "a/../../",
        "/",
        "//",
        "..\\",
        "..%2f",
        "%2e%2e/",
        "....//",
        "..;/",
        "C:\\",
        "file://",
        "\u{ff0e}\u{ff0e}/",
        "..\u{2215}",
    ];
    const TARGETS: [&str; 8] = [
        "outside.md",
        "outside.md\0.md",
        "outside.md::$DATA",
        "OUTSIDE.MD",
        "outside.md ",
        "outside.md.",
        "CON",
        "linked/outside.md",
    ];
    let pairs = LEADS
        .iter()
        .flat_map(|lead| TARGETS.iter().map(move |target| format!("{lead}{target}")));
    pairs.collect()
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_spelling_of_a_path_reads_what_stands_outside_of_the_workspace() {
    let sandbox = Sandbox::with_workspace();
    let spellings = spellings();
    assert_eq!(spellings.len(), 120);
    let outside = sandbox.path().join("../outside.md").canonicalize();
    assert!(outside.is_err(), "nothing stands there yet");
    for folder in ["..", "../a", "../linked"] {
        sandbox.write(&format!("{folder}/outside.md"), "canary-outside");
    }
    for folder in [
        "prompts",
        "prompts/_partials",
        "datasets",
        "operations/views",
    ] {
        sandbox.write(&format!("{folder}/keep.txt"), "");
        for (target, name) in [("../../linked", "linked"), ("../../outside.md", "link.md")] {
            let link = sandbox.path().join(folder).join(name);
            std::os::unix::fs::symlink(target, link).expect("the folder is ours");
        }
    }
    for (number, spelling) in spellings.iter().enumerate() {
        let include = format!("{{% include {} %}}{{{{ ticket }}}}", json!(spelling));
        let below = format!("{{% include {} %}}", json!(format!("_partials/{spelling}")));
        let content = json!([
            {"role": "system", "content": below}, {"role": "user", "content": include},
            {"role": "user", "content": [{"type": "image", "path": spelling}]},
        ]);
        sandbox.write(
            &format!("prompts/p{number}.prompt.yml"),
            format!("model: echo/echo\nvariables: {{ ticket: {{ type: string }} }}\nmessages: {content}\n"),
        );
        sandbox.write(
            &format!("datasets/d{number}.yml"),
            format!("description: a\nkind: golden\nrows: {}\n", json!(spelling)),
        );
        sandbox.write(
            &format!("evaluators/e{number}.yml"),
            format!("kind: llm-judge\nprompt: {}\n", json!(spelling)),
        );
    }
    let check = sandbox.pointsman(&["check"]);
    check.exits(1);
    assert!(!check.transcript().contains("canary-outside"));
    let json = sandbox.pointsman(&["--json", "check"]).exits(1).json();
    let findings = json["findings"].as_array().expect("a list").clone();
    for (number, spelling) in spellings.iter().enumerate() {
        for path in [
            format!("prompts/p{number}.prompt.yml"),
            format!("datasets/d{number}.yml"),
            format!("evaluators/e{number}.yml"),
        ] {
            let is_told = findings
                .iter()
                .any(|it| it["severity"] == "error" && it["place"]["path"].as_str() == Some(&path));
            assert!(is_told, "{path}: {spelling:?}");
        }
    }
    if can_trace(&sandbox) {
        let opened = sandbox.opened_by(&["check"]);
        assert!(opened.contains("datasets/d7.yml"), "{opened}");
        for name in ["outside.md", "OUTSIDE", "link.md", "linked/"] {
            let read: Vec<&str> = opened
                .lines()
                .filter(|line| line.contains(name) && !line.contains("O_NOFOLLOW"))
                .collect();
            assert!(read.is_empty(), "{name}: {read:#?}");
        }
    }
    println!("120 spellings in 3 sorts of files: nothing outside was opened");
}
