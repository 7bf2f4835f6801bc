//! What the reader of Handlebars takes apart, and what it refuses where.

use proptest::prelude::*;

use super::tree::{Block, Call, Expression, Kind, Path, Program, Statement};
use super::{SyntaxError, parse, print};

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

/// What a template prints and asks, whatever its form: texts that stand side by side are one, a text
/// that is written as a value is one, and comments say nothing.
fn meaning(program: &Program) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut text = String::new();
    for statement in &program.body {
        let said = match &statement.kind {
            Kind::Comment(_) => continue,
            Kind::Text(it) => {
                text.push_str(&it.value);
                continue;
            }
            Kind::Block(block) => {
                if let Some(constant) = constant(block) {
                    text.push_str(constant);
                    continue;
                }
                let parts = [&block.program, &block.inverse].map(|part| part.as_ref().map(meaning));
                format!("{} {:?} {parts:?}", called(&block.call), block.names)
            }
            Kind::Print(call) => called(call),
            Kind::Partial(partial) => format!("> {}", called(&partial.call)),
        };
        if !text.is_empty() {
            all.push(std::mem::take(&mut text));
        }
        all.push(said);
    }
    if !text.is_empty() {
        all.push(text);
    }
    all
}

fn constant(block: &Block) -> Option<&str> {
    match block.call.params.as_slice() {
        [Expression::Text(text)] if block.call.helper() == Some("with") => Some(text),
        _ => None,
    }
}

/// A call without its place.
fn called(call: &Call) -> String {
    let value = |value: &Expression| match value {
        Expression::Path(path) => {
            let Path {
                is_data,
                up,
                is_scoped,
                segments,
                ..
            } = path;
            format!("{is_data} {up} {is_scoped} {segments:?}")
        }
        Expression::Call(call) => called(call),
        other => format!("{other:?}"),
    };
    let params: Vec<String> = call.params.iter().map(value).collect();
    let hash: Vec<String> = call
        .hash
        .iter()
        .map(|(key, it)| format!("{key} {}", value(it)))
        .collect();
    format!("{} {params:?} {hash:?}", value(&call.name))
}

#[test]
fn what_is_written_stands_as_people_would_write_it() {
    for (template, written) in [
        ("a {{b.c}} {{{d}}} {{&e}}", "a {{b.c}} {{d}} {{e}}"),
        (
            "{{#if a}}1{{else if b}}2{{else}}3{{/if}}",
            "{{#if a}}1{{else if b}}2{{else}}3{{/if}}",
        ),
        (
            "{{#each xs as |x i|}}{{x}}{{/each}}",
            "{{#each xs as |x i|}}{{x}}{{/each}}",
        ),
        ("{{^a}}b{{/a}}{{> c/d x=1}}", "{{^a}}b{{/a}}{{> c/d x=1}}"),
        ("\\{{a}} \\\\{{b}}", "\\{{a}} \\\\{{b}}"),
        (
            "a\n{{#if b}}\nc\n{{/if}}\nd",
            "a\n{{#if b}}c\n{{!}}{{/if}}d",
        ),
        (
            "{{@root.[true]}} {{../[a b]}} {{./c}}",
            "{{@root.[true]}} {{../[a b]}} {{this.c}}",
        ),
        (
            "{{h 'say \"no\"' (g null) k=@x}}",
            "{{h 'say \"no\"' (g null) k=@x}}",
        ),
    ] {
        let program = parse(template).expect("this can be read");
        assert_eq!(print(&program), written, "{template}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_alike(pieces in prop::collection::vec(prop::sample::select(vec![
        "{{a}}", "{{a.b}}", "{{this}}", "{{../c}}", "{{@index}}", "{{{d}}}", "{{json e}}", "{{f 'x' 1 k=(g h)}}",
        "{{#if a}}", "{{#each b as |x|}}", "{{else}}", "{{else if c}}", "{{^}}", "{{/if}}", "{{/each}}", "{{^d}}", "{{/d}}",
        "{{> p}}", "{{> q/r x=a}}", "{{! note }}", "{{!-- a }} b --}}", "{{~a~}}", "{{#unless e~}}", "{{~/unless}}",
        "{{#with f}}", "{{/with}}", "text", " ", "\n", "  \n", "\r\n", "{", "}", "}}", "\\", "\\{{", "\\\\{{a}}", "\t", "é",
    ]), 0..16)) {
        let template = pieces.concat();
        if let Ok(program) = parse(&template) {
            let written = print(&program);
            let read = parse(&written);
            prop_assert!(read.is_ok(), "{template:?} {written:?} {read:?}");
            prop_assert_eq!(meaning(&read.expect("checked")), meaning(&program), "{:?} {:?}", template, written);
        }
    }

    #[test]
    fn any_text_beside_tags_is_written_as_it_is(texts in prop::collection::vec("[{}\\\\ \n\r!#a]{0,6}", 1..5)) {
        let tag = || Statement::of(Kind::Print(Call::of(Expression::Path(Path::of(&["t"], false)), Vec::new())));
        let body = texts.iter().flat_map(|text| [Statement::text(text), tag()]).collect();
        let inner = Program::of(body);
        let call = Call::of_helper("if", vec![Expression::Boolean(true)]);
        let block = Statement::of(Kind::Block(Box::new(Block::of(call, Some(inner.clone()), Some(inner.clone())))));
        let outer = Program::of(vec![Statement::text(&texts[0]), block, Statement::text(&texts[0])]);
        for program in [inner, outer] {
            let written = print(&program);
            let read = parse(&written).map(|read| meaning(&read));
            prop_assert_eq!(read, Ok(meaning(&program)), "{:?}", written);
        }
    }
}
