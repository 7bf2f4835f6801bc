//! How the program comes to people: the crate, the Debian package, the files beside them.

use std::collections::BTreeSet;
use std::process::Command;

use pointsman::cli::sample::FILES;

use crate::support::Sandbox;
use crate::support::source::root;

/// Packs the program that is tested, uncompressed because it is large; nothing where the machine is no
/// Debian.
fn packed() -> Option<Sandbox> {
    let sandbox = Sandbox::without_git();
    if sandbox.lacks("dpkg-deb") {
        return None;
    }
    let script = root().join(".ci/debian");
    let line = format!(
        "'{}' \"$(command -v pointsman)\" \"$PWD\" && dpkg-deb --extract pointsman_*.deb installed",
        script.display()
    );
    let packing = sandbox
        .shell(&line)
        .env("DPKG_DEB_COMPRESSOR_TYPE", "none")
        .env("SOURCE_DATE_EPOCH", "1772442000");
    packing.run().succeeds();
    Some(sandbox)
}

#[test]
fn the_debian_package_brings_a_program_its_manual_and_its_completions() {
    let Some(sandbox) = packed() else { return };
    let shell = |line: &str| sandbox.shell(line).run();
    let version = concat!("pointsman ", env!("CARGO_PKG_VERSION"), "\n");
    let said = shell("installed/usr/bin/pointsman --version");
    assert_eq!(said.succeeds().stdout, version);

    // A reader of manual pages finds them, and they are those of every command.
    let pages = shell("ls installed/usr/share/man/man1");
    pages
        .says("pointsman.1.gz\n")
        .says("pointsman-lanes-log.1.gz\n");
    shell("gunzip --stdout installed/usr/share/man/man1/pointsman-promote.1.gz").says(".TH ");

    for (file, word) in [
        (
            "bash-completion/completions/pointsman",
            "complete -F _pointsman",
        ),
        ("zsh/vendor-completions/_pointsman", "#compdef pointsman"),
        (
            "fish/vendor_completions.d/pointsman.fish",
            "complete -c pointsman",
        ),
    ] {
        let text = sandbox.read(&format!("installed/usr/share/{file}"));
        assert!(text.contains(word), "{file} has no `{word}`");
    }

    let copyright = sandbox.read("installed/usr/share/doc/pointsman/copyright");
    assert!(
        copyright.contains("\nLicense: Expat\n Permission is hereby granted"),
        "{copyright}"
    );
    assert!(
        copyright.contains("\nCopyright: 2026 the pointsman contributors\n"),
        "{copyright}"
    );
    shell("gunzip --stdout installed/usr/share/doc/pointsman/changelog.gz").says("# Changelog");
}

#[test]
fn the_debian_package_says_what_it_needs_and_belongs_to_root() {
    let Some(sandbox) = packed() else { return };
    let shell = |line: &str| sandbox.shell(line).run();
    shell("dpkg-deb --field pointsman_*.deb")
        .says("Package: pointsman\n")
        .says("Depends: git (>= 1:2.41)\n")
        .says(concat!("Version: ", env!("CARGO_PKG_VERSION"), "\n"));
    shell("dpkg-deb --control pointsman_*.deb control && cd installed && md5sum --check --quiet ../control/md5sums")
        .succeeds();
    let listed = shell("dpkg-deb --contents pointsman_*.deb");
    for line in listed.succeeds().stdout.lines() {
        assert!(line.contains(" root/root "), "{line}");
        assert!(
            line.contains(" 2026-03-02 09:00 "),
            "the same program gives the same bytes: {line}"
        );
        let mode = line.split(' ').next().expect("a line begins with a mode");
        let is_right = ["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"].contains(&mode);
        assert!(is_right, "{line}");
    }
}

#[test]
fn the_crate_holds_what_the_program_is_built_from_and_no_more() {
    let listed = Command::new(env!("CARGO"))
        .args(["package", "--list", "--offline", "--allow-dirty", "--quiet"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    let text = String::from_utf8(listed.stdout).expect("our files have text names");
    let listed: BTreeSet<&str> = text
        .lines()
        .filter(|path| !path.starts_with("src/"))
        .collect();
    let made_by_cargo = [
        ".cargo_vcs_info.json",
        "Cargo.lock",
        "Cargo.toml",
        "Cargo.toml.orig",
    ];
    let for_people = ["CHANGELOG.md", "LICENSE", "README.md"];
    let pipelines = [
        "contrib/github/workflows/pointsman-gate.yml",
        "contrib/github/workflows/pointsman-measure.yml",
        "contrib/github/workflows/pointsman-promote.yml",
        "contrib/github/workflows/pointsman-rollback.yml",
        "contrib/gitlab/pointsman.yml",
    ];
    let sample = FILES.iter().map(|(path, _)| *path);
    let expected: BTreeSet<&str> = sample
        .chain(made_by_cargo)
        .chain(for_people)
        .chain(pipelines)
        .collect();
    let missing: Vec<_> = expected.difference(&listed).collect();
    let more: Vec<_> = listed.difference(&expected).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "`include` in Cargo.toml: missing {missing:?}, more {more:?}"
    );
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = include_str!("../../CHANGELOG.md");
    assert!(
        changelog.contains(env!("CARGO_PKG_VERSION")),
        "CHANGELOG.md"
    );
    assert!(changelog.contains("\n## ["), "CHANGELOG.md has no version");
}
