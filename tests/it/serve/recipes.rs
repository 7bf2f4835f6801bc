//! The recipes of docs/runtime.md, run as they stand there, in every language that is here.

use super::{Serving, released};
use crate::support::Sandbox;

const PAGE: &str = include_str!("../../../docs/runtime.md");

/// The block of the page whose first line names it: `# read.py` or `// read.ts`.
fn recipe(name: &str) -> String {
    let blocks = PAGE.split("\n```").collect::<Vec<_>>();
    let block = blocks.into_iter().find_map(|block| {
        let (_, code) = block.split_once('\n')?;
        let first = code.lines().next()?;
        let named = first == format!("# {name}") || first == format!("// {name}");
        named.then_some(code)
    });
    block
        .unwrap_or_else(|| panic!("docs/runtime.md has no recipe `{name}`"))
        .to_owned()
}

/// Runs a recipe against a server; what it prints.
fn run_recipe(sandbox: &Sandbox, name: &str, line: &str) -> String {
    let serving = Serving::start(sandbox, &["--lane", "staging"]);
    sandbox.write(name, recipe(name));
    let run = sandbox.shell(line).env("LANES", &serving.origin).run();
    run.succeeds();
    serving.stop("-TERM").succeeds();
    run.stdout.clone()
}

#[test]
fn the_shell_reads_a_prompt_with_curl() {
    let sandbox = released();
    if sandbox.lacks("curl") {
        return;
    }
    let said = run_recipe(&sandbox, "read.sh", "sh read.sh && sh read.sh");
    assert!(said.contains("Answer with the queue"), "{said}");
    assert!(
        said.contains("304"),
        "the second time nothing is sent: {said}"
    );
}

#[test]
fn python_reads_a_prompt_from_the_server_and_from_a_bundle() {
    let sandbox = released();
    if sandbox.lacks("python3") {
        return;
    }
    let said = run_recipe(&sandbox, "read.py", "python3 read.py");
    assert!(said.contains("Answer with the queue"), "{said}");
    assert!(said.contains("gen_ai.prompt.name"), "{said}");

    sandbox.write("bundle.py", recipe("bundle.py"));
    let read = || sandbox.shell("python3 bundle.py staging.json").run();
    let export = ["export", "staging", "-o", "staging.json"];
    sandbox.pointsman(&export).succeeds();
    read().succeeds().says("Answer with the queue");
    // The test's clock stands in the past.
    let soon = [&export[..], &["--expires", "1s"]].concat();
    sandbox.pointsman(&soon).succeeds();
    read().exits(1).says("the bundle has expired");
    sandbox.edit("staging.json", "Answer with", "Reply with");
    read().exits(1).says("the digest does not fit");
}

#[test]
fn typescript_reads_a_prompt() {
    let sandbox = released();
    if sandbox.lacks("node") {
        return;
    }
    // What TypeScript adds to JavaScript is inferred here, so that node runs the recipe as it is.
    let said = run_recipe(&sandbox, "read.ts", "cp read.ts read.mjs && node read.mjs");
    assert!(said.contains("Answer with the queue"), "{said}");
    assert!(said.contains("gen_ai.prompt.name"), "{said}");
}

#[test]
fn rust_reads_a_prompt() {
    let sandbox = released();
    let serving = Serving::start(&sandbox, &["--lane", "staging"]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has room for one more event loop");
    // The recipe brings TLS of its own; here it finds ours.
    let _ = pointsman::adapters::http::client();
    let prompt = runtime.block_on(rust::read(&serving.origin, "staging", "triage"));
    let (tag, prompt) = prompt.expect("the server answers");
    assert!(tag.contains(prompt["fingerprint"].as_str().expect("a digest")));
    serving.stop("-TERM").succeeds();
    let shown = include_str!("read.rs");
    let shown = shown.split_once("\n\n").expect("a comment comes first").1;
    assert!(
        recipe("read.rs").contains(shown.trim()),
        "docs/runtime.md shows another read.rs"
    );
}

#[path = "read.rs"]
#[expect(unreachable_pub, reason = "it is public where a reader pastes it")]
mod rust;
