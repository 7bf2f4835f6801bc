//! `pointsman man`: manual pages.

use crate::support::Sandbox;

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["man", "-o", "man1"])
        .succeeds()
        .says("pages to");
    for (name, said) in [
        ("pointsman", "Prompt release discipline"),
        ("pointsman-promote", "Examples:"),
        ("pointsman-lanes-log", "pointsman\\-lanes\\-log"),
        ("pointsman-traces-import", "redact"),
    ] {
        let page = sandbox.read(&format!("man1/{name}.1"));
        assert!(page.contains(".TH ") && page.contains(said), "{page}");
    }
    let of_one = sandbox.pointsman(&["man", "lanes", "log"]);
    assert_eq!(of_one.stdout, sandbox.read("man1/pointsman-lanes-log.1"));
    sandbox
        .pointsman(&["man", "lanes", "lug"])
        .exits(2)
        .tells("`pointsman lanes` has no command `lug`");
}
