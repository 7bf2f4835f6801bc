//! The cursor takes what `serde_json` takes, and reads it alike.

use proptest::prelude::*;
use serde_json::{Map, Number, Value as Json};

use super::{Cursor, Next, Read, Scalar};

/// The value in a text, by the cursor alone.
fn read(text: &[u8]) -> Read<Json> {
    fn value(cursor: &mut Cursor<'_>) -> Read<Json> {
        let mut first = true;
        Ok(match cursor.next()? {
            Next::Scalar => match cursor.scalar()? {
                Scalar::Null => Json::Null,
                Scalar::Flag(flag) => Json::Bool(flag),
                Scalar::Whole(number) => Json::from(number),
                Scalar::Number(number) => {
                    Json::Number(Number::from_f64(number).expect("it is finite"))
                }
                Scalar::Text(text) => Json::String(text.into_owned()),
            },
            Next::List => {
                cursor.enter()?;
                let mut list = Vec::new();
                while cursor.item(&mut first)? {
                    list.push(value(cursor)?);
                }
                Json::Array(list)
            }
            Next::Object => {
                cursor.enter()?;
                let mut entries = Map::new();
                while let Some(name) = cursor.member(&mut first)? {
                    entries.insert(name.into_owned(), value(cursor)?);
                }
                Json::Object(entries)
            }
        })
    }
    let mut cursor = Cursor::new(text)?;
    let read = value(&mut cursor)?;
    cursor.end()?;
    Ok(read)
}

/// Whether a text is JSON to a cursor that passes over it.
fn skipped(text: &[u8]) -> bool {
    let skip = || {
        let mut cursor = Cursor::new(text)?;
        cursor.skip()?;
        cursor.end()
    };
    skip().is_ok()
}

fn error(text: &[u8]) -> String {
    let error = read(text).expect_err("something is wrong with it");
    error.to_string()
}

/// What `serde_json` makes of a number beyond 64 bits with a sign is unsigned; ours is a float.
fn as_ours(json: Json) -> Json {
    match json {
        Json::Number(number) if number.is_u64() && number.as_i64().is_none() => {
            Json::from(number.as_f64().expect("a whole number is one"))
        }
        Json::Array(items) => items.into_iter().map(as_ours).collect(),
        Json::Object(entries) => {
            let entries = entries.into_iter();
            Json::Object(entries.map(|(name, it)| (name, as_ours(it))).collect())
        }
        other => other,
    }
}

fn assert_alike(text: &[u8]) {
    let theirs: Option<Json> = serde_json::from_slice(text).ok().map(as_ours);
    let shown = String::from_utf8_lossy(text);
    assert_eq!(read(text).ok(), theirs, "{shown}");
    assert_eq!(skipped(text), theirs.is_some(), "{shown}");
}

#[test]
fn numbers_are_read_as_serde_reads_them() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "7",
        "-7",
        "007",
        "1.",
        ".5",
        "1.5",
        "1e3",
        "1E+3",
        "1e-3",
        "1e",
        "1e+",
        "-",
        "--1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "1e308",
        "1e309",
        "-1e999",
        "0.1",
        "1x",
    ] {
        assert_alike(text.as_bytes());
    }
}

#[test]
fn texts_are_read_as_serde_reads_them() {
    for text in [
        r#""""#,
        r#""plain""#,
        r#""a\n\t\"\\\/\b\f\r""#,
        r#""\u00e9\uD83D\uDE00""#,
        r#""\uD83D""#,
        r#""\uD83D\u0041""#,
        r#""\uDE00""#,
        r#""\u12""#,
        r#""\x""#,
        r#""\"#,
        "\"a\nb\"",
        "\"é\u{1F600}12345678\"",
        "\"\u{7f}\"",
        "\"open",
        "\"a\" x",
    ] {
        assert_alike(text.as_bytes());
    }
    assert_alike(b"\"\xff\"");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, told) in [
        ("", "the text ends too early at line 1 column 1"),
        ("{\"a\":", "the text ends too early at line 1 column 6"),
        ("{\n  \"a\" 1}", "expected `:` at line 2 column 7"),
        (
            "{\"a\":1,}",
            "expected the name of a member at line 1 column 8",
        ),
        ("[1 2]", "expected `,` or `]` at line 1 column 4"),
        (
            "{\"a\":1 \"b\":2}",
            "expected `,` or `}` at line 1 column 8",
        ),
        ("[nul]", "expected a value at line 1 column 2"),
        ("[1.x]", "expected a digit at line 1 column 4"),
        ("[1e999]", "this number is too large at line 1 column 2"),
        (
            "[\"\\x\"]",
            "this escape stands for no character at line 1 column 3",
        ),
        (
            "[\"a\tb\"]",
            "a control character has to be escaped at line 1 column 4",
        ),
        ("1 1", "expected the end of the text at line 1 column 3"),
    ] {
        assert_eq!(error(text.as_bytes()), told, "{text}");
    }
    assert_eq!(
        error(b"[\"a\", \"\xff\"]"),
        "this byte is not UTF-8 at line 1 column 8"
    );
}

#[test]
fn what_is_too_deep_is_refused() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [126, 127, 128, 129] {
        assert_alike(deep(depth).as_bytes());
    }
    assert!(error(deep(100_000).as_bytes()).contains("too deep"));
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter_map("finite", |it| Number::from_f64(it).map(Json::Number)),
        "\\PC{0,20}".prop_map(Json::from),
        ".{0,20}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((".{0,9}", inner), 0..5)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_as_serde_reads_it(json in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_vec_pretty(&json) } else { serde_json::to_vec(&json) };
        assert_alike(&text.expect("JSON can be written"));
    }

    #[test]
    fn json_that_was_changed_is_taken_where_serde_takes_it(
        json in json(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
    ) {
        let mut text = serde_json::to_vec(&json).expect("JSON can be written");
        for (place, byte, how) in changes {
            let at = place.index(text.len() + 1);
            match how {
                0 => text.insert(at, byte),
                1 if at < text.len() => text[at] = b"{}[]\",:\\u0e-. \n"[usize::from(byte) % 15],
                _ if at < text.len() => drop(text.remove(at)),
                _ => {}
            }
        }
        assert_alike(&text);
    }

    #[test]
    fn any_bytes_are_taken_where_serde_takes_them(
        text in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\u0e-. \ntrunfalse\xc3\xa9"[..]), 0..40),
    ) {
        assert_alike(&text);
    }
}
