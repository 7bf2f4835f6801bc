//! The rules of the house that no compiler checks. Each complaint names a file and a line.

mod dependencies;
mod docs;
mod help;
mod layers;

use clap::Command;

use crate::support::source::{SourceFile, pages, root, rust_files};

const EVERYWHERE: [&str; 4] = ["src", "tests", "benches", "examples"];
const LONGEST_FILE: usize = 500;

#[test]
fn every_file_says_at_its_top_why_it_exists() {
    assert_tidy(&EVERYWHERE, |file| {
        let right = file.text.starts_with("//! ");
        complain_unless(right, file, 1, "the file must open with a `//!` sentence")
    });
}

#[test]
fn no_file_is_long() {
    assert_tidy(&EVERYWHERE, |file| {
        let count = file.lines().count();
        let text = format!("{count} lines are more than {LONGEST_FILE}: split the concept");
        complain_unless(count <= LONGEST_FILE, file, LONGEST_FILE + 1, &text)
    });
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("db", "g!("),
    ];
    let rule = |file: &SourceFile| file.complaints(file.lines(), &words, "finish it or file it");
    let planted = SourceFile::imagined("src/a.rs", concat!("fn f() {\n    to", "do!()\n}\n"));
    assert_eq!(rule(&planted).len(), 1);
    assert_tidy(&EVERYWHERE, rule);
}

#[test]
fn nothing_is_unwrapped_outside_unit_tests() {
    let rule = |file: &SourceFile| {
        let reason = "use `expect` with why it cannot happen, or an error";
        file.complaints(file.code_before_tests(), &[".unwrap()"], reason)
    };
    let planted = "fn f() {\n    x.unwrap()\n}\n\n#[cfg(test)]\nmod tests {\n    x.unwrap()\n}\n";
    let found = rule(&SourceFile::imagined("src/a.rs", planted));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("src/a.rs:2: "), "{found:?}");
    assert_tidy(&["src"], rule);
}

#[test]
fn one_file_reads_the_environment_and_one_asks_for_the_time() {
    let places = [
        ("src/cli/env.rs", ["env::var", "env::vars"]),
        (
            "src/adapters/clock.rs",
            ["Timestamp::now", "SystemTime::now"],
        ),
    ];
    for (place, words) in places {
        let reason = format!("only {place} does this");
        let at_home = rust_files(&[place.rsplit_once('/').expect("a file has a folder").0]);
        let home = at_home.iter().find(|file| file.path == place);
        let uses = home.map(|file| file.complaints(file.code(), &words, &reason));
        assert!(
            uses.is_some_and(|uses| !uses.is_empty()),
            "{place} does not do it any more"
        );
        assert_tidy(&["src"], |file| {
            if file.path == place {
                return Vec::new();
            }
            file.complaints(file.code(), &words, &reason)
        });
    }
}

#[test]
fn every_command_has_a_file_a_test_and_a_page() {
    let pages = pages();
    let main = include_str!("main.rs");
    let mut complaints = Vec::new();
    let line = pointsman::cli::command_line();
    for command in line.get_subcommands().map(Command::get_name) {
        let stem = command.replace('-', "_");
        let files = ["", "/mod"].map(|end| format!("src/cli/commands/{stem}{end}.rs"));
        if !files.iter().any(|file| root().join(file).exists()) {
            complaints.push(format!("{}:1: `{command}` has no such file", files[0]));
        }
        let test = format!("tests/it/{stem}.rs");
        let runs = main.lines().any(|line| line == format!("mod {stem};"));
        if !runs || !root().join(&test).exists() {
            complaints.push(format!("{test}:1: `{command}` has no end-to-end test here"));
        }
        let own_page = format!("docs/{command}.md");
        let usage = format!("\n$ pointsman {command}");
        if !pages
            .iter()
            .any(|page| page.path == own_page || page.text.contains(&usage))
        {
            complaints.push(format!(
                "{own_page}:1: `{command}` has no page, and no page runs it"
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_command_and_every_option_has_help() {
    let planted = Command::new("a").subcommand(Command::new("b").arg(clap::Arg::new("c")));
    assert_eq!(without_help(&planted, ""), ["a", "a b", "a b: c"]);
    let missing = without_help(&pointsman::cli::command_line(), "");
    assert!(missing.is_empty(), "without help: {}", missing.join(", "));
}

#[test]
fn the_page_of_exit_codes_names_every_code_and_no_other() {
    let code = include_str!("../../src/cli/exit.rs");
    let numbers = code
        .lines()
        .filter_map(|line| line.strip_suffix(',')?.split_once(" = "));
    let defined: Vec<&str> = numbers.map(|(_, number)| number).collect();
    let page = include_str!("../../docs/exit-codes.md");
    let cells = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let described: Vec<&str> = cells.filter(|cell| *cell != "code").collect();
    assert_eq!(
        described, defined,
        "docs/exit-codes.md; right: src/cli/exit.rs"
    );
}

/// The commands and arguments that do not say what they are for.
fn without_help(command: &Command, above: &str) -> Vec<String> {
    let name = format!("{above} {}", command.get_name()).trim().to_owned();
    let mut missing = Vec::new();
    if command.get_about().is_none() {
        missing.push(name.clone());
    }
    let silent = command
        .get_arguments()
        .filter(|arg| arg.get_help().is_none());
    missing.extend(silent.map(|arg| format!("{name}: {}", arg.get_id())));
    for below in command.get_subcommands() {
        missing.extend(without_help(below, &name));
    }
    missing
}

#[track_caller]
fn assert_tidy(folders: &[&str], rule: impl Fn(&SourceFile) -> Vec<String>) {
    let files = rust_files(folders);
    assert!(!files.is_empty(), "no file below {folders:?}");
    let complaints: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn complain_unless(right: bool, file: &SourceFile, line: usize, text: &str) -> Vec<String> {
    if right {
        return Vec::new();
    }
    vec![format!("{}:{line}: {text}", file.path)]
}
