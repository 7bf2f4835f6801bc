//! `pointsman demo`: the whole loop, as the README's first command runs it.

use crate::support::Sandbox;

#[test]
fn the_demo_plays_a_release_and_a_rollback_and_leaves_nothing_behind() {
    let sandbox = Sandbox::without_git();
    let output = sandbox.pointsman(&["demo"]);
    output
        .succeeds()
        .says("$ pointsman promote staging --yes")
        .says("$ pointsman rollback production --yes --reason 'refunds pile up at delivery'")
        .says("(exit code 7)")
        .says("The whole loop, with nothing but git.");
    let left: Vec<_> = std::fs::read_dir(sandbox.path().parent().expect("a folder is above"))
        .expect("the folder is ours")
        .map(|entry| entry.expect("the entry can be read").file_name())
        .filter(|name| name.to_string_lossy().starts_with("pointsman-demo-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_demo_can_be_kept_to_look_around() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["demo", "--keep", "kept"])
        .succeeds()
        .tells("the repository is in kept");
    let kept = |args: &[&str]| sandbox.command(args).in_folder("kept").run();
    kept(&["lanes", "list"]).succeeds().says("production");
    sandbox
        .pointsman(&["demo", "--keep", "kept"])
        .exits(2)
        .tells("cannot create the folder");
}
