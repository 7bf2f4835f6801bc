//! The largest files that each reader takes, made to cost as much as they can.

use std::fmt::Write as _;

use serde_json::json;

/// As large as a file of a workspace may be.
const MIB: usize = 1024 * 1024;

/// Whose reader it is, and the file. They are made one by one: all of them would fill the memory.
pub(super) fn bombs() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let of = |sorts: &'static [&'static str], make: fn() -> Vec<String>| {
        let sorts = sorts.iter();
        sorts.flat_map(move |sort| make().into_iter().map(move |text| (*sort, text)))
    };
    let of_toml = of(&["settings"], toml);
    let of_yaml = of(&["prompt"], yaml);
    let with_settings = of(&["dotprompt"], yaml);
    let with_settings =
        with_settings.map(|(sort, text)| (sort, format!("---\n{text}\n---\nHello.\n")));
    let bombs = of_toml.chain(of_yaml).chain(with_settings);
    let bombs = bombs.chain(of(&["template"], templates));
    let bombs = bombs.chain(rows().into_iter().map(|(sort, make)| (sort, make())));
    bombs
        .chain(telemetry())
        .map(|(sort, text)| (sort, text.into_bytes()))
}

/// As often as fits into a file.
fn filled(text: &str) -> String {
    text.repeat((MIB - 2_000) / text.len())
}

/// Lines with numbers, as many as fit into a file.
fn numbered(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        if text.len() > MIB - 2_000 {
            break;
        }
        let _ = writeln!(text, "{}", line(number));
    }
    text
}

fn toml() -> Vec<String> {
    vec![
        numbered(|number| format!("k{number} = 1")),
        numbered(|number| format!("[t{number}]")),
        numbered(|_| "[[gate]]".to_owned()),
        numbered(|_| "order = 1".to_owned()),
        numbered(|number| format!("a.b.c.d.e.f.k{number} = 1")),
        format!("a = [{}1]", filled("1,")),
        format!("a = {{ {}z = 1 }}", filled("k = 1, ")),
        format!("a = {}", filled("[")),
        format!("{}a = 1", filled("a.")),
        format!("a = \"{}\"", filled("\\u0041")),
        filled("\""),
        filled("x"),
    ]
}

fn yaml() -> Vec<String> {
    vec![
        numbered(|number| format!("k{number}: 1")),
        numbered(|_| "model: a/b".to_owned()),
        numbered(|_| "- a".to_owned()),
        filled("{a: "),
        filled("- "),
        filled("["),
        format!("a: [{}1]", filled("1,")),
        format!("a: &a [{}]", filled("*a,")),
        format!("a: \"{}\"", filled("\\x41")),
        format!("a: |\n{}", numbered(|_| "  text".to_owned())),
        filled("? "),
        filled("!!a "),
        filled("\""),
        filled("x"),
    ]
}

fn templates() -> Vec<String> {
    vec![
        filled("{{ output }}\n"),
        filled("{{\n"),
        filled("{% if output %}\n"),
        filled("{% for a in output %}\n"),
        format!("{{{{ {}output }}}}", filled("(\n")),
        format!("{{{{ {}1 }}}}", filled("1+\n")),
        format!("{{{{ {}1 }}}}", filled("not \n")),
        format!("{{{{ output{} }}}}", filled("|upper\n")),
        format!("{{{{ output{} }}}}", filled(".a\n")),
        format!("{{{{ {} }}}}", filled("[\n")),
        filled("{#\n"),
        filled("{% raw %}\n"),
        filled("{% include '_partials/a.md' %}\n"),
    ]
}

fn rows() -> [(&'static str, fn() -> String); 15] {
    [
        ("rows as JSON lines", || {
            let cells = numbered(|number| format!("\"k{number}\":1,")).replace('\n', "");
            format!("{{{cells}\"id\":\"a\"}}")
        }),
        ("rows as JSON lines", || {
            format!("{{{}\"id\":\"a\"}}", "\"a\":1,".repeat(400_000))
        }),
        ("rows as JSON lines", || "[".repeat(3 * MIB)),
        ("rows as JSON lines", || "{}\n".repeat(20_000)),
        ("rows as JSON lines", || "x".repeat(16 * MIB)),
        ("rows as CSV", || {
            let cells = numbered(|number| format!("c{number},")).replace('\n', "");
            format!("{cells}id\n")
        }),
        ("rows as CSV", || ",".repeat(MIB)),
        ("rows as CSV", || {
            format!("id,ticket\na,\"{}", "x\n".repeat(32 * MIB))
        }),
        ("rows as CSV", || {
            format!("id,ticket\n{}", "a\n".repeat(50_000))
        }),
        ("allowed signers", || numbered(|_| "a".to_owned())),
        ("allowed signers", || filled("a ")),
        ("behavior", || numbered(|_| "[[evidence]]".to_owned())),
        ("filter", || "not ".repeat(2_400)),
        ("filter", || "(".repeat(10_000)),
        ("filter", || format!("{}a = 1", "a = 1 or ".repeat(1_000))),
    ]
}

/// JSON in JSON, as long as a record of telemetry may be: each byte can stand for many.
fn telemetry() -> impl Iterator<Item = (&'static str, String)> {
    const LONG: usize = 2 * MIB;
    const NAMES: [&str; 5] = [
        "gen_ai.input.messages",
        "input.value",
        "metadata",
        "gen_ai.usage.details",
        "tag.tags",
    ];
    let texts: [fn() -> String; 4] = [
        || format!("[{}0]", "[],".repeat(LONG / 3)),
        || format!("[{}0]", "0,".repeat(LONG / 2)),
        || {
            let secret = r#"{"password":"a","role":"user"}"#;
            format!("[{}{secret}]", "{},".repeat(LONG / 3))
        },
        || {
            let half = LONG / 2;
            format!("{}\"role\"{}", "[".repeat(half), "]".repeat(half))
        },
    ];
    let all = texts.into_iter();
    let all = all.flat_map(|text| NAMES.into_iter().map(move |name| (name, text)));
    all.map(|(name, text)| {
        let attribute = json!({"key": name, "value": {"stringValue": text()}});
        let span = json!({
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "chat",
            "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": [attribute],
        });
        let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
        ("OTLP as JSON", request.to_string())
    })
}
