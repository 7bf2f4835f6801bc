//! `pointsman completions`: a shell completes commands and options.

use std::process::Command;

use crate::support::Sandbox;

#[test]
fn every_shell_gets_a_script_that_names_the_commands() {
    let sandbox = Sandbox::without_git();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = sandbox.pointsman(&["completions", shell]);
        output.succeeds().says("rollback").says("reason");
    }
    sandbox
        .pointsman(&["completions", "tcsh"])
        .exits(2)
        .tells("[possible values: bash, elvish, fish, powershell, zsh]");
}

#[test]
fn bash_completes_commands_and_options() {
    let sandbox = Sandbox::without_git();
    let script = sandbox.pointsman(&["completions", "bash"]).stdout;
    sandbox.write("pointsman.bash", script);
    let completed = |words: &[&str]| {
        let typed = format!(
            "COMP_WORDS=({}); COMP_CWORD={}; _pointsman pointsman '{}' '{}'; echo \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let output = Command::new("bash")
            .args(["--norc", "-c", &format!(". ./pointsman.bash; {typed}")])
            .current_dir(sandbox.path())
            .output()
            .expect("bash starts");
        String::from_utf8(output.stdout).expect("it is text")
    };
    assert_eq!(completed(&["pointsman", "lan"]), "lanes\n");
    assert_eq!(completed(&["pointsman", "lanes", "unh"]), "unhold\n");
    assert_eq!(completed(&["pointsman", "rollback", "--rea"]), "--reason\n");
}

#[test]
fn a_command_that_is_misspelled_is_guessed() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["rolback", "production"])
        .exits(2)
        .tells("a similar subcommand exists: 'rollback'");
}
