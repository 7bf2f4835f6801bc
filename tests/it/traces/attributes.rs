//! docs/attributes.md shows the table of attributes as the program reads it.
//! `UPDATE=1 cargo test --test it traces::attributes` writes it down.

use std::fmt::Write as _;

use crate::support::source::{is_page, root};

const TABLE: &str = include_str!("../../../src/engine/traces/map/attributes.toml");
const PAGE: &str = "docs/attributes.md";
const START: &str = "<!-- from src/engine/traces/map/attributes.toml -->\n";

#[test]
fn the_page_of_attributes_shows_the_table() {
    let page = std::fs::read_to_string(root().join(PAGE)).expect("the page is there");
    let (before, _) = page
        .split_once(START)
        .expect("the page says where the table begins");
    is_page(PAGE, &format!("{before}{START}{}", rendered()));
}

fn rendered() -> String {
    let table: toml::Table = TABLE.parse().expect("the program reads it, too");
    let mut page = format!(
        "\nVersion {} of the table.\n\n| column | sources |\n|---|---|\n",
        table["version"]
    );
    for (column, sources) in rows(&table["columns"]) {
        let _ = writeln!(page, "| `{column}` | {} |", sources.join(", "));
    }
    page.push_str("\n| operation | words |\n|---|---|\n");
    for (operation, words) in rows(&table["operations"]) {
        let _ = writeln!(page, "| `{operation}` | {} |", words.join(", "));
    }
    page
}

/// The keys of a table in the order of the file, with their texts as code.
fn rows(table: &toml::Value) -> Vec<(&str, Vec<String>)> {
    let table = table.as_table().expect("this is a table");
    let mut rows: Vec<(&str, Vec<String>)> = table
        .iter()
        .map(|(name, texts)| {
            let texts = texts.as_array().expect("this is a list").iter();
            let texts = texts.map(|text| code(text.as_str().expect("this is a text")));
            (name.as_str(), texts.collect())
        })
        .collect();
    rows.sort_by_key(|(name, _)| TABLE.find(&format!("\n{name} = ")));
    rows
}

/// `name` or `name` (word).
fn code(source: &str) -> String {
    match source.split_once(" (") {
        Some((name, word)) => format!("`{name}` ({word}"),
        None => format!("`{source}`"),
    }
}
