//! What the reader of Handlebars takes apart, and what it refuses where.

use proptest::prelude::*;

use super::tree::{Expression, Kind, Program};
use super::{SyntaxError, parse};

fn refused(text: &str) -> SyntaxError {
    parse(text).unwrap_err()
}

/// The texts that are printed, blocks opened up.
fn texts(program: &Program) -> Vec<String> {
    let mut all = Vec::new();
    for statement in &program.body {
        match &statement.kind {
            Kind::Text(text) => all.push(text.value.clone()),
            Kind::Block(block) => {
                for part in [&block.program, &block.inverse].into_iter().flatten() {
                    all.extend(texts(part));
                }
            }
            _ => {}
        }
    }
    all
}

#[test]
fn names_values_and_parameters_are_told_apart() {
    let program =
        parse("{{h a.b ../c this.d @index \"x\\\"y\" 'z' -1.5 true null (g q) k=1 l=@m}}")
            .expect("this can be read");
    let Kind::Print(call) = &program.body[0].kind else {
        panic!("{program:?}");
    };
    let originals: Vec<String> = call
        .params
        .iter()
        .map(|param| match param {
            Expression::Path(path) => path.original.clone(),
            Expression::Call(call) => format!("({})", call.params.len()),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        originals,
        [
            "a.b",
            "../c",
            "this.d",
            "@index",
            "Text(\"x\\\"y\")",
            "Text(\"z\")",
            "Number(\"-1.5\")",
            "Boolean(true)",
            "Null",
            "(1)"
        ]
    );
    let keys: Vec<&str> = call.hash.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["k", "l"]);
    assert_eq!(call.helper(), Some("h"));
}

#[test]
fn a_name_that_is_scoped_or_has_parts_is_no_helper() {
    for (text, helper) in [
        ("{{x}}", Some("x")),
        ("{{this.x}}", None),
        ("{{./x}}", None),
        ("{{a.x}}", None),
        ("{{@x}}", None),
        ("{{[x y]}}", Some("x y")),
    ] {
        let program = parse(text).expect("this can be read");
        let Kind::Print(call) = &program.body[0].kind else {
            panic!("{program:?}");
        };
        assert_eq!(call.helper(), helper, "{text}");
    }
}

#[test]
fn lines_of_nothing_but_a_tag_leave_no_line() {
    for (text, expected) in [
        ("a\n{{#if x}}\nb\n{{/if}}\nc", &["a\n", "b\n", "c"][..]),
        ("a\n  {{! c }}  \nb", &["a\n", "b"]),
        ("a {{! c }}\nb", &["a ", "\nb"]),
        ("{{#if x}}\n{{else}}\nb\n{{/if}}", &["", "b\n"]),
        ("a {{~x~}} b", &["a", "b"]),
    ] {
        assert_eq!(
            texts(&parse(text).expect("this can be read")),
            expected,
            "{text:?}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_found_where_it_stands() {
    for (text, at, message) in [
        ("a {{x", 2, "expected `}}`, found the end of the file"),
        ("{{x y=}}", 6, "expected a name"),
        ("{{#if x}}a", 0, "this block does not end"),
        (
            "{{#if x}}a{{/each}}",
            10,
            "this ends `each`, and the block is `if`",
        ),
        ("a{{/if}}", 1, "this ends a block that was not begun"),
        ("{{else}}", 0, "this ends a block that was not begun"),
        (
            "{{#if x}}{{else}}{{else}}{{/if}}",
            17,
            "the block has an `else` already",
        ),
        ("{{! a", 0, "this comment does not end"),
        ("{{\"a}}", 2, "this text does not end"),
        ("{{a.[b}}", 2, "this name does not end"),
        ("{{a.0}}", 4, "expected a name"),
        ("{{a/../b}}", 4, "`..` can only stand at the beginning"),
        (
            "{{{{raw}}}}{{{{/raw}}}}",
            0,
            "a raw block has no counterpart here",
        ),
        (
            "{{#> a}}{{/a}}",
            0,
            "a partial with a block has no counterpart here",
        ),
        (
            "{{#*inline \"a\"}}{{/inline}}",
            0,
            "a decorator has no counterpart here",
        ),
        ("{{a b=1 c}}", 8, "expected a parameter with a name"),
        ("{{(a}}", 4, "expected `)`"),
        ("{{}}", 2, "expected a name"),
    ] {
        let error = refused(text);
        assert_eq!(error.range.start, at, "{text}: {error:?}");
        assert!(error.message.starts_with(message), "{text}: {error:?}");
    }
}

#[test]
fn nesting_without_end_is_refused_without_effort() {
    for text in [
        "{{#a}}".repeat(100_000),
        format!("{{{{{}", "(a ".repeat(100_000)),
        "{{#if a}}{{else if b}}".repeat(50_000),
    ] {
        assert!(refused(&text).message.contains("levels are nested"));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[{}#/^!>~&@\\\\\"'a.=| \n\\[\\]()-]{0,60}") {
        match parse(&text) {
            Ok(_) => {}
            Err(error) => prop_assert!(error.range.start <= text.len()),
        }
    }

    #[test]
    fn text_without_braces_stays_as_it_is(text in "[^{\\\\]{1,80}") {
        let program = parse(&text).expect("this can be read");
        prop_assert_eq!(texts(&program), [text]);
    }

    #[test]
    fn any_blocks_are_read_or_refused(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "{{#if a}}", "{{else}}", "{{else if b}}", "{{/if}}", "{{#each a as |b c|}}", "{{/each}}", "{{^a}}", "{{/a}}",
            "{{a}}", "{{~a~}}", "{{> p x=1}}", "{{! c }}", "\n", "  ", "text", "\\", "{{~#if a~}}", "{{~/if~}}", "{{~else~}}",
        ]), 0..14)) {
        let _ = parse(&pieces.concat());
    }
}
