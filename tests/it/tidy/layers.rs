//! Who may know whom: `domain <- engine <- adapters | report <- cli`, and inside the engine a stage
//! knows only the stages before it.

use regex::Regex;

use crate::support::source::{SourceFile, rust_files};

/// The stages of the engine, in the order of the loop, with `import` and `convert`, the doors into it and
/// out of it, and `bisect`, which looks back.
const STAGES: &[&str] = &[
    "workspace",
    "check",
    "import",
    "convert",
    "evaluate",
    "diff",
    "gate",
    "release",
    "bisect",
    "traces",
    "monitor",
    "behaviors",
    "datasets",
    "improve",
    "incidents",
    "reviews",
];

/// What every stage may know.
const SHARED: [&str; 4] = ["", "event", "ports", "statistics"];

/// The layers that a layer may import, itself included.
fn known_to(layer: &str) -> &'static [&'static str] {
    match layer {
        "domain" => &["domain"],
        "engine" => &["domain", "engine"],
        "adapters" => &["domain", "engine", "adapters"],
        "report" => &["domain", "engine", "report"],
        _ => &["domain", "engine", "adapters", "report", "cli"],
    }
}

#[test]
fn layers_and_stages_import_only_what_stands_before_them() {
    let complaints: Vec<String> = rust_files(&["src"]).iter().flat_map(complaints).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_crates_page_draws_every_stage_in_order() {
    let of_the_loop = STAGES
        .iter()
        .copied()
        .filter(|stage| !["import", "convert", "bisect"].contains(stage));
    let drawing = of_the_loop.collect::<Vec<_>>().join(" ─▶ ");
    let page = include_str!("../../../src/lib.rs");
    assert!(page.contains(&drawing), "src/lib.rs: expected: {drawing}");
    for file in rust_files(&["src/engine"]) {
        let module = module_of(&file.path);
        let name = module.get(1).map_or("", String::as_str);
        let known = STAGES.contains(&name) || SHARED.contains(&name);
        assert!(
            known,
            "{}:1: `{name}` is not in the list of stages",
            file.path
        );
    }
}

#[test]
fn an_import_against_the_order_is_found_however_it_is_written() {
    let wrong = [
        ("src/domain/row.rs", "use crate::engine::ports::Clock;"),
        (
            "src/domain/row.rs",
            "fn f() -> super::super::engine::ports::TreeError {}",
        ),
        (
            "src/engine/ports/mod.rs",
            "use crate::engine::release::Record;",
        ),
        (
            "src/engine/check/mod.rs",
            "use crate::{\n    domain::row,\n};",
        ),
        (
            "src/engine/check/mod.rs",
            "use crate::engine::{\n    release::Record,\n};",
        ),
        ("src/engine/check/mod.rs", "use super::{ports, release};"),
        ("src/engine/check/mod.rs", "use super::evaluate::Plan;"),
        (
            "src/engine/check/rule.rs",
            "use super::super::evaluate::Plan;",
        ),
        ("src/report/table.rs", "let ui = crate::cli::ui::Ui::new();"),
        ("src/adapters/files.rs", "pub use crate::report::table;"),
    ];
    for (path, text) in wrong {
        let found = complaints(&SourceFile::imagined(path, text));
        assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
        assert!(found[0].starts_with(&format!("{path}:1: ")), "{found:?}");
    }
}

#[test]
fn an_import_along_the_order_is_left_alone() {
    let right = [
        (
            "src/engine/evaluate/plan.rs",
            "use super::super::check::Rule;",
        ),
        (
            "src/engine/evaluate/plan.rs",
            "mod tests {\n    use super::super::Plan;\n}",
        ),
        (
            "src/engine/evaluate/mod.rs",
            "use crate::engine::{ports, workspace::Workspace};",
        ),
        ("src/report/table.rs", "use crate::engine::diff::Change;"),
        ("src/cli/commands/check.rs", "use crate::report::table;"),
        (
            "src/domain/row.rs",
            "//! Read by [`crate::engine::workspace`].",
        ),
    ];
    for (path, text) in right {
        let found = complaints(&SourceFile::imagined(path, text));
        assert!(found.is_empty(), "{found:?}");
    }
}

fn complaints(file: &SourceFile) -> Vec<String> {
    let path = Regex::new(r"\b(crate|super)((?:::super)*)::(\{|\w+)(?:::(\{[^}]*|\w+))?")
        .expect("the pattern is fixed");
    let mut module = module_of(&file.path);
    let mut complaints = Vec::new();
    for (number, line) in file.code() {
        if line == "mod tests {" {
            module.push("tests".to_owned());
        }
        for found in path.captures_iter(line) {
            let mut target = match &found[1] {
                "crate" => Vec::new(),
                _ => above(&module, 1 + found[2].matches("super").count()),
            };
            target.push(found[3].to_owned());
            let below = found.get(4).map_or("", |names| names.as_str());
            let names = below.strip_prefix('{').unwrap_or(below);
            for name in names.split(['{', ',']) {
                let name = name.trim().split("::").next().unwrap_or_default();
                let full = [target.as_slice(), &[name.to_owned()]].concat();
                if let Some(reason) = objection(&module, &full) {
                    complaints.push(format!("{}:{number}: {reason}: {}", file.path, line.trim()));
                }
            }
        }
    }
    complaints
}

/// Why a module must not import another; `None`: it may.
fn objection(module: &[String], target: &[String]) -> Option<String> {
    let (layer, wanted) = (module.first()?, target.first()?);
    let unnamed = target
        .get(1)
        .is_some_and(|name| name.is_empty() || name == "{");
    if wanted == "{" || (unnamed && wanted == "engine" && layer == "engine") {
        return Some("name layer and stage in each import".to_owned());
    }
    if target.len() > 1 && !known_to(layer).contains(&wanted.as_str()) {
        return Some(format!("`{layer}` must not know `{wanted}`"));
    }
    let stage = |names: &[String]| {
        let name = names.get(1).filter(|_| names[0] == "engine")?;
        STAGES.iter().position(|stage| stage == name)
    };
    let wanted_stage = stage(target)?;
    let late = layer == "engine" && stage(module).is_none_or(|own| own < wanted_stage);
    late.then(|| format!("this must not know the stage `{}`", STAGES[wanted_stage]))
}

/// The module that a file is: `src/engine/check/mod.rs` is `engine::check`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let segments = path
        .split('/')
        .filter(|segment| !["mod", "lib", "main"].contains(segment));
    segments.map(str::to_owned).collect()
}

/// The module that stands `levels` above another.
fn above(module: &[String], levels: usize) -> Vec<String> {
    module[..module.len().saturating_sub(levels)].to_vec()
}
