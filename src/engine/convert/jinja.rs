//! The templates of a prompt as trees, and what their pieces are called.

use std::iter;
use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, Expr, Stmt, UnaryOpKind};
use minijinja::machinery::{Span, parse, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Reads a template of a prompt that passed its check.
pub(super) fn read(text: &str) -> Stmt<'_> {
    let read = parse(text, "template", SyntaxConfig::default());
    read.expect("a prompt is compiled before it is converted, so that its templates can be read")
}

/// The statements of a whole template.
pub(super) fn statements<'a, 't>(template: &'a Stmt<'t>) -> &'a [Stmt<'t>] {
    match template {
        Stmt::Template(template) => &template.children,
        _ => &[],
    }
}

/// A place in the template, in bytes.
pub(super) fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// The place of an expression. The engine places operators before their operands.
pub(super) fn place(expression: &Expr<'_>) -> Range<usize> {
    let from_to = |left, right| place(left).start..place(right).end;
    match expression {
        Expr::BinOp(it) => from_to(&it.left, &it.right),
        Expr::Compare(it) => {
            let last = it.ops.last().map_or(&it.expr, |other| &other.expr);
            from_to(&it.expr, last)
        }
        other => range(other.span()),
    }
}

/// The comments of a template: what begins with `{#` and is part of no text, tag or other comment.
pub(super) fn comments(text: &str) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let mut end = 0;
    let tokens = tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok);
    let spans = tokens.map(|(_, span)| range(span));
    for span in spans.chain(iter::once(text.len()..text.len())) {
        let start = span.start.max(end);
        let mut gap = end;
        while let Some(at) = text.get(gap..start).and_then(|gap| gap.find("{#")) {
            let rest = &text[gap + at..];
            let length = rest.find("#}").map_or(rest.len(), |length| length + 2);
            comments.push(gap + at..gap + at + length);
            gap += at + length;
        }
        end = end.max(span.end);
    }
    comments
}

/// What a statement is called, and where it stands.
pub(super) fn described(statement: &Stmt<'_>) -> (&'static str, Span) {
    match statement {
        Stmt::ForLoop(it) => ("a loop (`for`)", it.span()),
        Stmt::IfCond(it) => ("a condition (`if`)", it.span()),
        Stmt::WithBlock(it) => ("a block `with`", it.span()),
        Stmt::Set(it) => ("`set`", it.span()),
        Stmt::SetBlock(it) => ("a block `set`", it.span()),
        Stmt::AutoEscape(it) => ("a block `autoescape`", it.span()),
        Stmt::FilterBlock(it) => ("a block `filter`", it.span()),
        Stmt::Do(it) => ("`do`", it.span()),
        Stmt::Template(it) => ("a template", it.span()),
        Stmt::EmitRaw(it) => ("a text", it.span()),
        Stmt::EmitExpr(it) => ("an expression", it.span()),
        Stmt::Block(it) => ("a block `block`", it.span()),
        Stmt::Import(it) => ("`import`", it.span()),
        Stmt::FromImport(it) => ("`from`", it.span()),
        Stmt::Extends(it) => ("`extends`", it.span()),
        Stmt::Include(it) => ("`include`", it.span()),
    }
}

/// What an expression is called.
pub(super) fn described_expression(expression: &Expr<'_>) -> String {
    match expression {
        Expr::Var(it) => format!("the name `{}`", it.id),
        Expr::Const(_) => "a value that is written out".to_owned(),
        Expr::Slice(_) => "a slice (`[a:b]`)".to_owned(),
        Expr::UnaryOp(it) => match it.op {
            UnaryOpKind::Not => "`not`".to_owned(),
            UnaryOpKind::Neg => "arithmetic (`-`)".to_owned(),
        },
        Expr::BinOp(it) => match it.op {
            BinOpKind::Add
            | BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow => "arithmetic".to_owned(),
            BinOpKind::ScAnd => "`and`".to_owned(),
            BinOpKind::ScOr => "`or`".to_owned(),
            BinOpKind::Concat => "`~`".to_owned(),
            _ => "a comparison".to_owned(),
        },
        Expr::Compare(_) => "a comparison".to_owned(),
        Expr::IfExpr(_) => "a condition (`if`)".to_owned(),
        Expr::Filter(it) => format!("the filter `{}`", it.name),
        Expr::Test(it) => format!("the test `is {}`", it.name),
        Expr::GetAttr(it) => format!("the member `.{}`", it.name),
        Expr::GetItem(_) => "an item (`[...]`)".to_owned(),
        Expr::Call(_) => "a call".to_owned(),
        Expr::List(_) | Expr::Tuple(_) => "a list that is written out".to_owned(),
        Expr::Map(_) => "a mapping that is written out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_and_nothing_that_looks_like_one() {
        for (template, found) in [
            ("a {# b #} c", &["{# b #}"][..]),
            (
                "{# a #}{#- b -#}\n{{ x }}{# c #}",
                &["{# a #}", "{#- b -#}", "{# c #}"],
            ),
            (
                "{% raw %}{# text #}{% endraw %}{{ \"{# text #}\" }} # {",
                &[],
            ),
            ("no { # comment", &[]),
        ] {
            let ranges = comments(template);
            let texts: Vec<&str> = ranges.into_iter().map(|it| &template[it]).collect();
            assert_eq!(texts, found, "{template}");
        }
    }
}
