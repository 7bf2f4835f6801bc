//! `docs/keys.md`, the reference of every key, made from the schemas: `UPDATE=1` writes it anew.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::source::is_page;

const HEAD: &str = "# Keys of files

Every key of every file, with what it takes. This page is made from the [schemas](editors.md) that
`pointsman schema` prints, which are held against what reads the files. [Files](files.md) explains them;
`*` stands for a name of your own, and `[]` for each item of a list. A key that is not marked as
required may be left out.
";

/// A row of a table.
struct Key {
    path: String,
    takes: String,
    meaning: String,
    required: bool,
    /// When it is there: a key and its value, any of them. Empty: always.
    with: Vec<String>,
}

impl Key {
    fn is_like(&self, other: &Self) -> bool {
        (&self.path, &self.takes, &self.meaning, self.required)
            == (&other.path, &other.takes, &other.meaning, other.required)
    }

    fn row(&self) -> String {
        let mut meaning = self.meaning.clone();
        if self.required {
            meaning = format!("required: {meaning}");
        }
        if !self.with.is_empty() {
            let with: Vec<String> = self.with.iter().map(|it| format!("`{it}`")).collect();
            meaning = format!("with {}: {meaning}", with.join(", "));
        }
        let meaning = meaning.trim_end_matches([' ', ':']);
        let cells = [&self.takes, meaning].map(|cell| cell.replace('|', "\\|"));
        format!("| `{}` | {} | {} |\n", self.path, cells[0], cells[1])
    }
}

/// Turns one schema into rows.
struct Reference<'s> {
    root: &'s Value,
    keys: Vec<Key>,
}

impl<'s> Reference<'s> {
    fn of(root: &'s Value) -> Vec<Key> {
        let mut reference = Self {
            root,
            keys: Vec::new(),
        };
        reference.object(root, "", "", &mut Vec::new());
        reference.keys
    }

    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let pointer = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        pointer.map_or(schema, |pointer| {
            let target = self.root.pointer(pointer);
            target.expect("a reference within the schema leads somewhere")
        })
    }

    /// The keys of an object, those that come with a condition among them.
    fn object(&mut self, schema: &'s Value, prefix: &str, when: &str, within: &mut Vec<&'s str>) {
        if let Some(name) = schema["$ref"].as_str() {
            if within.contains(&name) {
                return;
            }
            within.push(name);
            let target = self.resolved(schema);
            self.object(target, prefix, when, within);
            within.pop();
        }
        let required: Vec<&str> = items(&schema["required"])
            .filter_map(Value::as_str)
            .collect();
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = required.contains(&name.as_str());
            self.key(of, &format!("{prefix}{name}"), when, is_needed, within);
        }
        if schema["additionalProperties"].is_object() {
            let of = &schema["additionalProperties"];
            self.key(of, &format!("{prefix}*"), when, false, within);
        }
        for part in items(&schema["allOf"])
            .chain(items(&schema["anyOf"]))
            .chain(items(&schema["oneOf"]))
        {
            self.object(part, prefix, when, within);
        }
        if let Some(then) = schema.get("then") {
            let when = condition(&schema["if"]).unwrap_or_else(|| when.to_owned());
            self.object(then, prefix, &when, within);
        }
    }

    fn key(
        &mut self,
        of: &'s Value,
        path: &str,
        when: &str,
        required: bool,
        within: &mut Vec<&'s str>,
    ) {
        let is_said = of.get("description").is_some() || of.get("$ref").is_some();
        if !is_said && self.keys.iter().any(|known| known.path == path) {
            return;
        }
        let takes = self.takes(of);
        let described = of["description"].as_str();
        let described = described.or_else(|| self.resolved(of)["description"].as_str());
        let key = Key {
            path: path.to_owned(),
            takes,
            meaning: described.unwrap_or_default().to_owned(),
            required,
            with: Vec::from_iter((!when.is_empty()).then(|| when.to_owned())),
        };
        match self.keys.iter_mut().find(|known| known.is_like(&key)) {
            Some(known) if known.with.is_empty() || key.with.is_empty() => known.with.clear(),
            Some(known) => known.with.extend(key.with),
            None => self.keys.push(key),
        }
        self.object(of, &format!("{path}."), "", within);
        let list = &self.resolved(of)["items"];
        if list.is_object() {
            self.object(list, &format!("{path}[]."), "", within);
        }
    }

    /// What a value may be, in words.
    fn takes(&self, schema: &'s Value) -> String {
        let schema = self.resolved(schema);
        if let Some(values) = schema["enum"].as_array() {
            return joined(values.iter().map(|value| format!("`{}`", plain(value))));
        }
        if let Some(value) = schema.get("const") {
            return format!("`{}`", plain(value));
        }
        let either = items(&schema["anyOf"]).chain(items(&schema["oneOf"]));
        let either: Vec<String> = either.map(|it| self.takes(it)).collect();
        if !either.is_empty() {
            return joined(either.into_iter());
        }
        let types = match &schema["type"] {
            Value::String(one) => vec![one.as_str()],
            many => items(many).filter_map(Value::as_str).collect(),
        };
        let mut text = joined(types.into_iter().map(|it| word(it).to_owned()));
        match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
            (Some(least), Some(most)) => write!(text, ", {least} to {most}"),
            (Some(least), None) => write!(text, ", {least} or more"),
            (None, Some(most)) => write!(text, ", {most} or less"),
            (None, None) => Ok(()),
        }
        .expect("a string takes all");
        if schema["items"].is_object() {
            let item = self.takes(&schema["items"]);
            if !item.is_empty() {
                write!(text, " of: {item}").expect("a string takes all");
            }
        }
        text
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Each once, with `or` between.
fn joined(words: impl Iterator<Item = String>) -> String {
    let mut once: Vec<String> = Vec::new();
    for word in words.filter(|it| !it.is_empty()) {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once.join(" or ")
}

fn word(of: &str) -> &str {
    match of {
        "string" => "text",
        "array" => "list",
        "object" => "mapping",
        "integer" => "whole number",
        "boolean" => "`true` or `false`",
        other => other,
    }
}

/// What must be so for keys to be there: keys that have certain values.
fn condition(when: &Value) -> Option<String> {
    let properties = when["properties"].as_object()?;
    let tests = properties.iter().filter_map(|(key, test)| {
        let values = match test.get("const") {
            Some(one) => vec![plain(one)],
            None => items(&test["enum"]).map(plain).collect(),
        };
        (!values.is_empty()).then(|| format!("{key}: {}", values.join(" | ")))
    });
    let tests: Vec<String> = tests.collect();
    (!tests.is_empty()).then(|| tests.join(" and "))
}

#[test]
fn the_reference_of_keys_says_what_the_schemas_say() {
    let sandbox = Sandbox::with_workspace();
    let list = sandbox.pointsman(&["schema", "--json"]).succeeds().json();
    let mut page = HEAD.to_owned();
    for format in items(&list["formats"]) {
        let name = format["name"].as_str().expect("a format has a name");
        let schema = sandbox.pointsman(&["schema", name]).succeeds().json();
        let title = schema["title"].as_str().expect("a schema has a title");
        let about = schema["description"]
            .as_str()
            .expect("a schema says what it is of");
        let files = format["files"].as_str().expect("a format has files");
        let head = format!(
            "\n## {title}\n\n{about}: `{files}`\n\n| key | takes | meaning |\n|---|---|---|\n"
        );
        page.push_str(&head);
        let keys = Reference::of(&schema);
        assert!(!keys.is_empty(), "{name}");
        page.extend(keys.iter().map(Key::row));
    }
    is_page("docs/keys.md", &page);
}
