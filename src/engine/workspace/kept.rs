//! Changes a file of text with settings at its top, and keeps what people wrote in it: only the keys and
//! the lines that are meant become others.

use serde_json::{Value as Json, json};

use crate::domain::finding::{Finding, Findings};

use super::document::{Entry, Source, Value};
use super::front_matter::{FrontMatter, cut};
use super::yaml::parse_yaml;
use super::yaml_text::yaml_text;

/// What stands above and below the settings.
pub const DELIMITER: &str = "---";

/// The settings of a file and the text below them. A file without settings is refused.
pub fn open(source: &Source) -> Result<(Source, FrontMatter), Findings> {
    let parts = cut(source, &[DELIMITER])?;
    let Some(settings) = parts.settings.clone() else {
        let place = source.place(source.span_of_bytes(0..0));
        let message = "the file has no settings at its top";
        return Err(Finding::error("missing-settings", place, message)
            .with_help("begin it with a line `---`, the settings, and another line `---`")
            .into());
    };
    Ok((settings, parts))
}

/// A new file: the settings, in this order, and the text below them.
pub fn new_file(settings: &[(&str, Json)], body: &str) -> String {
    let mut text = format!("{DELIMITER}\n");
    for (key, value) in settings {
        text.push_str(&block(key, value));
    }
    format!("{text}{DELIMITER}\n\n{body}")
}

/// The text of the file with these settings in the place of those of the same keys. A key that is not
/// there comes last. Everything else, comments among it, stays as it is.
pub fn with_settings(source: &Source, changed: &[(&str, Json)]) -> Result<String, Findings> {
    let (settings, parts) = open(source)?;
    let node = parse_yaml(&settings)?;
    let entries: &[Entry] = match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    };
    if let Some(entry) = entries.iter().find(|entry| entry.key_span.column != 1) {
        let message = "these settings cannot be changed as they are written";
        return Err(
            Finding::error("unsupported-yaml", settings.place(entry.key_span), message)
                .with_help("begin a line with each key, without braces around all of them")
                .into(),
        );
    }
    let old = &source.text[parts.settings_bytes.clone()];
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let line_of = |entry: &Entry| (entry.key_span.line - settings.first_line) as usize;
    let first = entries.first().map_or(lines.len(), line_of);
    let mut text = lines[..first].concat();
    for (index, entry) in entries.iter().enumerate() {
        let end = entries.get(index + 1).map_or(lines.len(), line_of);
        let own = &lines[line_of(entry)..end];
        let Some((key, value)) = changed.iter().find(|(key, _)| *key == entry.key) else {
            text.push_str(&own.concat());
            continue;
        };
        let is_aside = |line: &&&str| line.starts_with('#') || line.trim().is_empty();
        let aside = own.iter().rev().take_while(is_aside).count();
        text.push_str(&block(key, value));
        text.push_str(&own[own.len() - aside..].concat());
    }
    for (key, value) in changed {
        if !entries.iter().any(|entry| entry.key == *key) {
            text.push_str(&block(key, value));
        }
    }
    let (above, below) = (
        &source.text[..parts.settings_bytes.start],
        &source.text[parts.settings_bytes.end..],
    );
    Ok(format!("{above}{text}{below}"))
}

fn block(key: &str, value: &Json) -> String {
    yaml_text(&json!({ key: value }))
}

/// The text with a line more at the end of the section of this heading (`## Timeline`). A section that
/// is not there is added at the end.
pub fn with_line(text: &str, heading: &str, line: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut fenced = false;
    let mut section: Option<usize> = None;
    let mut end = lines.len();
    for (index, found) in lines.iter().enumerate() {
        if found.starts_with("```") || found.starts_with("~~~") {
            fenced = !fenced;
        }
        let is_heading = !fenced && (found.starts_with("# ") || found.starts_with("## "));
        if is_heading && section.is_some() {
            end = index;
            break;
        }
        if is_heading && found.trim_end() == heading {
            section = Some(index);
        }
    }
    let Some(start) = section else {
        let text = text.trim_end();
        return format!("{text}\n\n{heading}\n\n{line}\n");
    };
    let said = lines[start..end].iter();
    let blank = said.rev().take_while(|it| it.trim().is_empty()).count();
    let last = end - blank;
    let above = lines[..last].concat();
    let gap = if last == start + 1 { "\n" } else { "" };
    let below = lines[last..].concat();
    format!("{}\n{gap}{line}\n{below}", above.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "---\n# who reads this?\ntitle: Slow\nlayer: tool # for now\n\n# the spans\n\
                        evidence:\n  - trace_id: a\n---\n\n# Slow\n\n## Timeline\n\n- one\n\n## Cause\n\nUs.\n";

    fn changed(changed: &[(&str, Json)]) -> String {
        with_settings(&Source::new("a.md", FILE), changed).unwrap()
    }

    #[test]
    fn settings_change_where_they_stand_and_everything_else_stays() {
        assert_eq!(changed(&[]), FILE);
        assert_eq!(
            changed(&[("layer", json!("prompt")), ("closed", json!({"by": "ada"}))]),
            FILE.replace("layer: tool # for now", "layer: prompt")
                .replace("trace_id: a\n", "trace_id: a\nclosed:\n  by: ada\n")
        );
        assert_eq!(
            changed(&[("evidence", json!([]))]),
            FILE.replace("evidence:\n  - trace_id: a\n", "evidence: []\n")
        );
    }

    #[test]
    fn settings_that_cannot_be_changed_line_by_line_are_refused() {
        for (text, ident) in [
            ("# Slow\n", "missing-settings"),
            ("---\n{title: Slow, layer: tool}\n---\n", "unsupported-yaml"),
            ("---\ntitle: Slow\n", "unclosed-settings"),
        ] {
            let source = Source::new("a.md", text);
            let found = with_settings(&source, &[("layer", json!("x"))]).unwrap_err();
            assert_eq!(found.0[0].ident, ident, "{text}");
        }
    }

    #[test]
    fn a_line_comes_last_in_its_section() {
        assert_eq!(
            with_line(FILE, "## Timeline", "- two"),
            FILE.replace("- one\n", "- one\n- two\n")
        );
        assert_eq!(
            with_line(FILE, "## Cause", "- two"),
            format!("{FILE}- two\n")
        );
        assert_eq!(
            with_line("a", "## Timeline", "- two"),
            "a\n\n## Timeline\n\n- two\n"
        );
        assert_eq!(
            with_line("## Timeline\n\n## Cause\n", "## Timeline", "- two"),
            "## Timeline\n\n- two\n\n## Cause\n"
        );
        let fenced = "## Timeline\n\n```\n## Timeline\n# no\n```\n";
        assert_eq!(
            with_line(fenced, "## Timeline", "- two"),
            format!("{fenced}- two\n")
        );
    }

    #[test]
    fn a_new_file_is_read_back() {
        let text = new_file(&[("title", json!("a: b")), ("rows", json!(["x"]))], "# a\n");
        assert_eq!(text, "---\ntitle: \"a: b\"\nrows: [x]\n---\n\n# a\n");
        assert!(open(&Source::new("a.md", text)).is_ok());
    }
}
