//! A megabyte of every shape that has hurt a parser: depth, width, one value without end, escapes, names
//! that stand for names, and what is never closed.

use std::fmt::Write as _;

/// What is repeated as it stands. Much of it is deep in one format and wide in another.
const REPEATED: [&str; 106] = [
    // Opened and never closed.
    "[",
    "{",
    "(",
    "<",
    "[{",
    "{a: ",
    "{\"a\":",
    "[\"",
    "{a = ",
    "{{ ",
    "{{ a|",
    "{% if a %}",
    "{% for a in b %}",
    "{% raw %}",
    "{% macro a() %}",
    "{#",
    "- ",
    "? ",
    "- - ? ",
    "> ",
    "| ",
    "\"",
    "'",
    "`",
    "\"\"\"",
    "'''",
    "```\n",
    "<!--",
    "<a>",
    "&a ",
    "*a ",
    "!a ",
    "!!map ",
    "&a [",
    "a: &a\n",
    "not ",
    "has(",
    "-(",
    // Closed and never opened.
    "]",
    "}",
    ")",
    "}}",
    "%}",
    "\n---\n",
    "\n...\n",
    // One after the other.
    "[],",
    "{},",
    "\"\",",
    "1,",
    "null,",
    "a,",
    ",",
    ";",
    ":",
    ": ",
    "=",
    "|",
    "#",
    "%",
    "@",
    "&",
    "*",
    "!",
    "?",
    "a: 1\n",
    "a = 1\n",
    "\"a\":1,",
    "- a\n",
    "-\n",
    "- {}\n",
    "? a\n",
    "[a]\n",
    "[[a]]\n",
    "a.",
    "a.a = 1\n",
    "<<: {}\n",
    "%TAG ! !a\n",
    "# a\n",
    "{\"id\":1}\n",
    "{}\n",
    "[]\n",
    "a,b\n",
    "\"a\"\"b\",",
    "{{ a }}",
    "{% include \"a\" %}",
    "{{ a|upper }}\n",
    "a and ",
    "a = b or ",
    "a in (b) ",
    "(a*)*",
    "a{1000}",
    "[a-z]{0,1000}",
    "\\p{L}",
    "a|",
    ".*",
    // One value.
    "a",
    "é",
    "0",
    "9",
    "-",
    "+",
    ".",
    "_",
    "/",
    "1e",
    "1_",
];

/// What is repeated and is no letter that one sees.
const INVISIBLE: [&str; 16] = [
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{1b}[",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{301}",
    "\u{85}",
    "\u{a0}",
    "\u{1f600}",
    "\u{10ffff}",
];

/// What is repeated between the quotes of one text.
const ESCAPES: [&str; 10] = [
    "\\n",
    "\\\\",
    "\\\"",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\U0001F600",
    "\\x41",
    "\\/",
    "\\0",
];

/// What is opened and closed, each in the other.
const CLOSED: [(&str, &str); 10] = [
    ("[", "]"),
    ("{\"a\":", "1}"),
    ("{a: ", "}"),
    ("[{\"a\":", "1}]"),
    ("(", ")"),
    ("{a = ", "1}"),
    ("{% if a %}", "{% endif %}"),
    ("{% for a in b %}", "{% endfor %}"),
    ("(a = b and not ", "a = b)"),
    ("<a>", "</a>"),
];

/// A bomb, and what it is called.
pub(super) struct Bomb {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// All bombs that are text, about so long.
pub(super) fn texts(bytes: usize) -> Vec<Bomb> {
    let repeated = REPEATED.iter().chain(&INVISIBLE);
    let repeated =
        repeated.map(|unit| bomb(format!("{unit:?} again and again"), repeats(bytes, unit)));
    let escaped = ESCAPES.iter().flat_map(|unit| {
        ['"', '\''].map(|quote| {
            let text = format!("{quote}{}{quote}", repeats(bytes, unit));
            bomb(format!("{unit:?} within {quote}"), text)
        })
    });
    let closed = CLOSED.iter().map(|(open, close)| {
        let depth = bytes / (open.len() + close.len());
        let text = format!("{}{}", open.repeat(depth), close.repeat(depth));
        bomb(format!("{open:?} to {close:?}"), text)
    });
    repeated
        .chain(escaped)
        .chain(closed)
        .chain(wide(bytes))
        .chain(lines(bytes))
        .chain(numbers(bytes))
        .chain(names(bytes))
        .collect()
}

fn bomb(name: String, text: String) -> Bomb {
    Bomb {
        name,
        bytes: text.into_bytes(),
    }
}

fn repeats(bytes: usize, unit: &str) -> String {
    unit.repeat(bytes / unit.len())
}

/// Pieces of which each is another than the one before, up to the length of a bomb.
fn counted(bytes: usize, start: &str, end: &str, piece: impl Fn(usize) -> String) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        if text.len() + end.len() >= bytes {
            break;
        }
        text.push_str(&piece(number));
    }
    text + end
}

/// Lists, mappings and tables with as much in them as there is room for.
fn wide(bytes: usize) -> Vec<Bomb> {
    let wide = [
        (
            "a list of lists",
            format!("[{}[]]", "[],".repeat(bytes / 3 - 2)),
        ),
        (
            "a list of mappings",
            format!("[{}{{}}]", "{},".repeat(bytes / 3 - 2)),
        ),
        (
            "a list of numbers",
            format!("[{}1]", "1,".repeat(bytes / 2 - 2)),
        ),
        (
            "a list of texts",
            format!("[{}\"\"]", "\"\",".repeat(bytes / 3 - 2)),
        ),
        (
            "keys as JSON",
            counted(bytes, "{", "\"\":1}", |it| format!("\"k{it}\":1,")),
        ),
        (
            "one key as JSON",
            format!("{{{}\"k\":1}}", "\"k\":1,".repeat(bytes / 6 - 2)),
        ),
        (
            "keys as YAML",
            counted(bytes, "", "", |it| format!("k{it}: 1\n")),
        ),
        (
            "keys as TOML",
            counted(bytes, "", "", |it| format!("k{it} = 1\n")),
        ),
        (
            "tables as TOML",
            counted(bytes, "", "", |it| format!("[t{it}]\n")),
        ),
        (
            "tables in tables as TOML",
            counted(bytes, "", "", |it| format!("[{}a]\n", "a.".repeat(it))),
        ),
        (
            "dotted keys as TOML",
            counted(bytes, "", "", |it| format!("a.k{it}.b = 1\n")),
        ),
        (
            "a header of TOML",
            format!("[{}a]\n", "a.".repeat(bytes / 2 - 4)),
        ),
    ];
    let named = wide.into_iter();
    named
        .map(|(name, text)| bomb(name.to_owned(), text))
        .collect()
}

/// Lines, and texts that are no single thing again and again.
fn lines(bytes: usize) -> Vec<Bomb> {
    let lines = [
        (
            "indentation",
            counted(bytes, "", "", |it| format!("{}a:\n", " ".repeat(it))),
        ),
        (
            "indentation backwards",
            counted(bytes, "", "", |it| {
                format!("{}a: 1\n", " ".repeat(1_400_usize.saturating_sub(it)))
            }),
        ),
        (
            "columns",
            format!(
                "{}\n{}\n",
                counted(bytes, "id", "", |it| format!(",c{it}")),
                ",".repeat(bytes / 9)
            ),
        ),
        (
            "rows with ids",
            counted(bytes, "", "", |it| {
                format!("{{\"id\":\"{it}\",\"vars\":{{}}}}\n")
            }),
        ),
        (
            "rows of CSV",
            counted(bytes, "id,ticket\n", "", |it| format!("{it},a\n")),
        ),
        (
            "lines with ends of every sort",
            "a\nb\rc\r\nd\u{2028}".repeat(bytes / 12),
        ),
        (
            "one letter with accents",
            format!("e{}", repeats(bytes, "\u{301}")),
        ),
        (
            "times",
            repeats(bytes, "2026-01-01T00:00:00.000000001+23:59[Europe/Berlin] "),
        ),
        (
            "repetitions of a repetition",
            format!("{}{}", "(".repeat(20), "a{9}){9}".repeat(20)),
        ),
        (
            "groups of a pattern",
            format!("({})", "(?i:a)".repeat(bytes / 6 - 2)),
        ),
        (
            "a sum",
            counted(bytes, "{{ a", " }}", |it| format!(" ~ {it}")),
        ),
        (
            "filters",
            counted(bytes, "{{ a", " }}", |_| "|upper".to_owned()),
        ),
    ];
    let named = lines.into_iter();
    named
        .map(|(name, text)| bomb(name.to_owned(), text))
        .collect()
}

/// Numbers that are too long, too large and too small.
fn numbers(bytes: usize) -> Vec<Bomb> {
    let nines = "9".repeat(bytes / 2);
    let zeros = "0".repeat(bytes / 2);
    [
        format!("1e{nines}"),
        format!("-1e-{nines}"),
        format!("{nines}.{nines}"),
        format!("0.{zeros}1"),
        format!("0x{}", "f".repeat(bytes)),
        format!("0b{}", "1".repeat(bytes)),
        format!("{nines}s"),
        format!("1{zeros}e-{}", bytes / 2),
    ]
    .map(|text| bomb(format!("a number that begins with {}", &text[..6]), text))
    .into()
}

/// Names that stand for values, and stand in values that have names.
fn names(bytes: usize) -> Vec<Bomb> {
    let mut laughs = "a0: &a0 lol\n".to_owned();
    let mut merged = "a0: &a0 {k: v}\n".to_owned();
    for number in 1..40 {
        let before = number - 1;
        let nine = vec![format!("*a{before}"); 9].join(", ");
        let _ = writeln!(laughs, "a{number}: &a{number} [{nine}]");
        let _ = writeln!(
            merged,
            "a{number}: &a{number} {{<<: [{nine}], k{number}: v}}"
        );
    }
    let long = "a".repeat(bytes / 2);
    let many = "*a, ".repeat(bytes / 8);
    let wide = counted(bytes, "", "", |it| format!("k{it}: v, "));
    [
        ("laughs", laughs),
        ("merged laughs", merged),
        (
            "a long text by its name",
            format!("a: &a {long}\nb: [{many}]\n"),
        ),
        (
            "a wide mapping by its name",
            format!("a: &a {{{}}}\nb: [{many}]\n", &wide[..bytes / 2]),
        ),
        (
            "a wide mapping that another takes over",
            format!("a: &a {{{}}}\nb:\n  <<: *a\n  c: 1\n", &wide[..bytes / 2]),
        ),
        (
            "itself by its name",
            format!("&a [{}]\n", "*a, ".repeat(bytes / 4 - 2)),
        ),
        (
            "names",
            counted(bytes, "", "", |it| format!("- &a{it} v\n")),
        ),
        (
            "names of names",
            counted(bytes, "- &a0 v\n", "", |it| {
                format!("- &a{} *a{it}\n", it + 1)
            }),
        ),
        (
            "merges",
            format!("a: &a {{k: v}}\n{}", "<<: *a\n".repeat(bytes / 8)),
        ),
    ]
    .map(|(name, text)| bomb(name.to_owned(), text))
    .into()
}
