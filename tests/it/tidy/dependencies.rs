//! Every direct dependency is used, and ARCHITECTURE.md gives a reason for it.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::EVERYWHERE;
use crate::support::source::{SourceFile, root, rust_files};

const ARCHITECTURE: &str = include_str!("../../../ARCHITECTURE.md");
const LONGEST_ARCHITECTURE: usize = 180;

#[test]
fn the_architecture_is_a_page_or_two() {
    let count = ARCHITECTURE.lines().count();
    let right = count <= LONGEST_ARCHITECTURE;
    assert!(
        right,
        "ARCHITECTURE.md:{count}: more than {LONGEST_ARCHITECTURE} lines"
    );
}

#[test]
fn every_dependency_has_a_reason_and_no_other_has() {
    let sections = ["dependencies", "dev-dependencies"];
    let direct: BTreeSet<String> = sections.into_iter().flat_map(dependencies).collect();
    let explained = reasoned(ARCHITECTURE);
    let without: Vec<_> = direct.difference(&explained).collect();
    assert!(
        without.is_empty(),
        "ARCHITECTURE.md: no reason for {without:?}"
    );
    let gone: Vec<_> = explained.difference(&direct).collect();
    assert!(
        gone.is_empty(),
        "ARCHITECTURE.md: not in Cargo.toml: {gone:?}"
    );
}

#[test]
fn a_reason_is_more_than_a_word() {
    let text = "# A\n\n## Dependencies\n\n- `a`: reads what nobody else reads\n- `b`: b\n- c\n";
    assert_eq!(reasoned(text), BTreeSet::from(["a".to_owned()]));
}

#[test]
fn every_dependency_is_used() {
    let sections: [(&str, &[&str]); 2] = [
        ("dependencies", &["src"]),
        ("dev-dependencies", &EVERYWHERE),
    ];
    for (section, folders) in sections {
        let files = rust_files(folders);
        let unused: Vec<String> = dependencies(section)
            .filter(|name| !is_used(name, &files))
            .collect();
        assert!(
            unused.is_empty(),
            "Cargo.toml: not used in {folders:?}: {unused:?}"
        );
    }
}

fn is_used(name: &str, files: &[SourceFile]) -> bool {
    let in_code = name.replace('-', "_");
    let forms = [format!("{in_code}::"), format!("use {in_code};")];
    let mut lines = files.iter().flat_map(SourceFile::code);
    lines.any(|(_, line)| forms.iter().any(|form| line.contains(form)))
}

#[test]
fn no_dependency_asks_for_a_newer_compiler_than_we_say_that_we_need() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("it is a list");
    let numbers = |version: &str| -> Vec<u32> {
        let numbers = version.split('.').take(2).map(str::parse);
        numbers
            .collect::<Result<_, _>>()
            .expect("versions are numbers")
    };
    let own = numbers(env!("CARGO_PKG_RUST_VERSION"));
    let is_newer = |it: &&Value| {
        it["rust_version"]
            .as_str()
            .is_some_and(|it| numbers(it) > own)
    };
    let newer: Vec<String> = packages
        .iter()
        .filter(is_newer)
        .map(|it| format!("{} {}", it["name"], it["rust_version"]))
        .collect();
    assert!(packages.len() > 100, "{metadata}");
    assert_eq!(
        newer,
        Vec::<String>::new(),
        "Cargo.toml: raise `rust-version`"
    );
}

/// The names in a section of Cargo.toml, those for some machines only included.
fn dependencies(section: &str) -> impl Iterator<Item = String> + use<> {
    let manifest: toml::Table = include_str!("../../../Cargo.toml")
        .parse()
        .expect("cargo reads it too");
    let targets = manifest["target"].as_table().expect("a section is a table");
    let of_targets = targets.values().filter_map(|target| target.get(section));
    let tables = std::iter::once(&manifest[section]).chain(of_targets);
    let names: Vec<String> = tables
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys().cloned())
        .collect();
    names.into_iter()
}

/// The dependencies that a line like "- `name`: a reason of some words" gives a reason for.
fn reasoned(text: &str) -> BTreeSet<String> {
    let section = text
        .split_once("\n## Dependencies\n")
        .map_or("", |(_, rest)| rest);
    let lines = section.lines().take_while(|line| !line.starts_with("## "));
    lines
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .filter(|(_, reason)| reason.split(' ').count() >= 4)
        .map(|(name, _)| name.to_owned())
        .collect()
}
