//! A pull request that would have more of production kept than its base does.

use serde_json::Value;

use super::pull_request::PullRequest;

/// The messages of the findings in a list.
fn messages(json: &Value, list: &str) -> Vec<String> {
    let findings = json[list].as_array().expect("a list");
    let each = findings.iter().map(|it| {
        let text = |key: &str| it[key].as_str().expect("a text").to_owned();
        format!("{}: {}", text("ident"), text("message"))
    });
    each.collect()
}

#[test]
fn redaction_that_gets_weaker_is_named_beside_a_prompt_and_comes_in_alone() {
    let base = PullRequest::base();
    let settings = base.read("pointsman.toml") + "[redaction]\nkeys = [\"customer_no\"]\n";
    base.write("pointsman.toml", &settings);
    base.commit("Take out the numbers of customers");
    let lax = settings.replace("keys = [\"customer_no\"]", "off = [\"email\"]");
    let weaker = [
        "gate-redaction: redaction: the built-in pattern `email` is not applied any more (weaker)",
        "gate-redaction: redaction: `keys` does not name `customer_no` any more (weaker)",
    ];
    let beside = PullRequest::to(&base);
    beside.improve_prompt();
    beside.sandbox.write("pointsman.toml", &lax);
    let run = beside.gate(&["--json"]);
    run.exits(1);
    assert_eq!(messages(&run.json(), "against"), weaker);
    let alone = PullRequest::to(&base);
    alone.sandbox.write("pointsman.toml", &lax);
    let run = alone.gate(&["--json"]);
    run.succeeds();
    assert_eq!(messages(&run.json(), "proposed"), weaker);
    let stronger = PullRequest::to(&base);
    stronger.improve_prompt();
    let strict = settings + "pseudonyms = [\"user\"]\n";
    stronger.sandbox.write("pointsman.toml", strict);
    let run = stronger.gate(&["--json"]);
    run.succeeds();
    let told = messages(&run.json(), "proposed");
    assert!(
        told[0].ends_with("`pseudonyms` names `user` (stronger)"),
        "{told:?}"
    );
}
