//! What a Jinja template of another tool uses: its variables, with a guess at their types, and what our
//! templates cannot do.

use std::collections::BTreeMap;
use std::ops::Range;

use indexmap::IndexMap;
use minijinja::machinery::ast::{CallArg, Expr, ForLoop, Stmt};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;

use crate::domain::prompt::VariableKind;
use crate::engine::workspace::renderer::endless_tag;
use crate::engine::workspace::template::{engine_message, is_filter, is_test};

/// What a template uses.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// The variables: what each seems to be, and where it is first used.
    pub(super) variables: IndexMap<String, (VariableKind, Range<usize>)>,
    /// What is not available here: where, what, and what to do.
    pub(super) problems: Vec<(Range<usize>, String, &'static str)>,
    /// The names that are bound here, innermost last, and how often each is.
    locals: Vec<String>,
    bound: BTreeMap<String, usize>,
    /// The filters and tests that were looked up.
    known: BTreeMap<(bool, String), bool>,
}

/// Functions that templates can call.
const FUNCTIONS: [&str; 2] = ["range", "dict"];

/// Reads a template. The error says where it is wrong, and how.
pub(super) fn usage(template: &str) -> Result<Usage, (Range<usize>, String)> {
    if let Some(range) = endless_tag(template) {
        let message = "this tag or line is longer than one of a template may be";
        return Err((range, message.to_owned()));
    }
    let read = parse(template, "template", SyntaxConfig::default()).map_err(|error| {
        let range = error.range().unwrap_or(0..1);
        (range, engine_message(&error))
    })?;
    let mut usage = Usage::default();
    usage.statement(&read);
    Ok(usage)
}

/// Of two guesses at a type, the one that asks more of the value.
pub(super) fn stronger(old: Option<VariableKind>, new: VariableKind) -> VariableKind {
    let weight = |kind: VariableKind| match kind {
        VariableKind::Boolean => 0,
        VariableKind::String => 1,
        _ => 2,
    };
    match old {
        Some(old) if weight(old) >= weight(new) => old,
        _ => new,
    }
}

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

impl Usage {
    fn problem(&mut self, span: Span, message: impl Into<String>, help: &'static str) {
        self.problems.push((range(span), message.into(), help));
    }

    fn statements(&mut self, statements: &[Stmt<'_>]) {
        let known = self.locals.len();
        for statement in statements {
            self.statement(statement);
        }
        self.unbind_to(known);
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        const NOT_AVAILABLE: &str = "write the text out: templates here have no blocks, imports or \
                                     macros, and includes are files below `prompts/_partials/`";
        match statement {
            Stmt::Template(it) => self.statements(&it.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(it) => self.expression(&it.expr, VariableKind::String),
            Stmt::ForLoop(it) => self.for_loop(it),
            Stmt::IfCond(it) => {
                self.expression(&it.expr, VariableKind::Boolean);
                self.statements(&it.true_body);
                self.statements(&it.false_body);
            }
            Stmt::WithBlock(it) => {
                let known = self.locals.len();
                for (target, value) in &it.assignments {
                    self.expression(value, VariableKind::String);
                    self.bind(target);
                }
                self.statements(&it.body);
                self.unbind_to(known);
            }
            Stmt::Set(it) => {
                self.expression(&it.expr, VariableKind::String);
                self.bind(&it.target);
            }
            Stmt::SetBlock(it) => {
                self.statements(&it.body);
                if let Some(filter) = &it.filter {
                    self.expression(filter, VariableKind::String);
                }
                self.bind(&it.target);
            }
            Stmt::AutoEscape(it) => self.statements(&it.body),
            Stmt::FilterBlock(it) => {
                self.expression(&it.filter, VariableKind::String);
                self.statements(&it.body);
            }
            Stmt::Block(it) => {
                self.problem(it.span(), "`block` is not available here", NOT_AVAILABLE);
            }
            Stmt::Import(it) => {
                self.problem(it.span(), "`import` is not available here", NOT_AVAILABLE);
            }
            Stmt::FromImport(it) => {
                self.problem(it.span(), "`from` is not available here", NOT_AVAILABLE);
            }
            Stmt::Extends(it) => {
                self.problem(it.span(), "`extends` is not available here", NOT_AVAILABLE);
            }
            Stmt::Include(it) => {
                self.problem(it.span(), "`include` does not come along", NOT_AVAILABLE);
            }
            Stmt::Do(it) => self.problem(it.span(), "`do` is not available here", NOT_AVAILABLE),
        }
    }

    fn for_loop(&mut self, it: &ForLoop<'_>) {
        self.expression(&it.iter, VariableKind::Array);
        let known = self.locals.len();
        self.bind(&it.target);
        self.bind_name("loop");
        if let Some(filter) = &it.filter_expr {
            self.expression(filter, VariableKind::Boolean);
        }
        self.statements(&it.body);
        self.unbind_to(known);
        self.statements(&it.else_body);
    }

    fn bind_name(&mut self, name: &str) {
        self.locals.push(name.to_owned());
        *self.bound.entry(name.to_owned()).or_insert(0) += 1;
    }

    fn unbind_to(&mut self, count: usize) {
        for name in self.locals.drain(count..) {
            if let Some(times) = self.bound.get_mut(&name) {
                *times -= 1;
            }
        }
    }

    /// Takes note of the names that are given a value.
    fn bind(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(it) => self.bind_name(it.id),
            Expr::List(it) => it.items.iter().for_each(|item| self.bind(item)),
            Expr::Tuple(it) => it.items.iter().for_each(|item| self.bind(item)),
            other => self.expression(other, VariableKind::Object),
        }
    }

    fn expressions<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expr<'e>>,
        kind: VariableKind,
    ) {
        for expression in expressions {
            self.expression(expression, kind);
        }
    }

    /// Reads an expression, whose value is used as one of a kind.
    fn expression(&mut self, expression: &Expr<'_>, kind: VariableKind) {
        match expression {
            Expr::Var(it) => self.variable(it.id, it.span(), kind),
            Expr::Const(_) => {}
            Expr::Slice(it) => {
                self.expression(&it.expr, VariableKind::Array);
                let parts = [&it.start, &it.stop, &it.step];
                self.expressions(parts.into_iter().flatten(), VariableKind::Integer);
            }
            Expr::UnaryOp(it) => self.expression(&it.expr, VariableKind::Boolean),
            Expr::BinOp(it) => self.expressions([&it.left, &it.right], kind),
            Expr::Compare(it) => {
                self.expression(&it.expr, VariableKind::String);
                let others = it.ops.iter().map(|other| &other.expr);
                self.expressions(others, VariableKind::String);
            }
            Expr::IfExpr(it) => {
                self.expression(&it.test_expr, VariableKind::Boolean);
                self.expression(&it.true_expr, kind);
                self.expressions(&it.false_expr, kind);
            }
            Expr::Filter(it) => {
                if !self.is_known(true, it.name) {
                    let message = format!("the filter `{}` is not available here", it.name);
                    let help = "give the value as it is to be printed";
                    self.problem(it.span(), message, help);
                }
                let of = match it.name {
                    "join" | "first" | "last" | "length" | "count" | "sort" | "map" | "select"
                    | "reject" | "sum" | "list" | "batch" => VariableKind::Array,
                    "items" | "dictsort" | "tojson" => VariableKind::Object,
                    _ => kind,
                };
                self.expressions(&it.expr, of);
                self.arguments(&it.args);
            }
            Expr::Test(it) => {
                if !self.is_known(false, it.name) {
                    let message = format!("the test `{}` is not available here", it.name);
                    self.problem(it.span(), message, "ask in another way");
                }
                self.expression(&it.expr, VariableKind::Boolean);
                self.arguments(&it.args);
            }
            Expr::GetAttr(it) => self.expression(&it.expr, VariableKind::Object),
            Expr::GetItem(it) => {
                let by_number =
                    matches!(&it.subscript_expr, Expr::Const(it) if it.value.is_number());
                let base = if by_number {
                    VariableKind::Array
                } else {
                    VariableKind::Object
                };
                self.expression(&it.expr, base);
                self.expression(&it.subscript_expr, VariableKind::String);
            }
            Expr::Call(it) => self.call(&it.expr, &it.args, it.span()),
            Expr::List(it) => self.expressions(&it.items, VariableKind::String),
            Expr::Tuple(it) => self.expressions(&it.items, VariableKind::String),
            Expr::Map(it) => {
                self.expressions(&it.keys, VariableKind::String);
                self.expressions(&it.values, VariableKind::String);
            }
        }
    }

    fn is_known(&mut self, filter: bool, name: &str) -> bool {
        let known = self.known.entry((filter, name.to_owned()));
        *known.or_insert_with(|| {
            if filter {
                is_filter(name)
            } else {
                is_test(name)
            }
        })
    }

    fn call(&mut self, called: &Expr<'_>, arguments: &[CallArg<'_>], span: Span) {
        match called {
            Expr::Var(it) if FUNCTIONS.contains(&it.id) => {}
            Expr::GetAttr(it) => {
                let message = format!("the method `{}` is not available here", it.name);
                let help = "use a filter, for example `x|upper`, or `for key, value in x|items`";
                self.problem(span, message, help);
                self.expression(&it.expr, VariableKind::String);
            }
            _ => {
                let help = "give the value that it computes as a variable";
                self.problem(span, "this function is not available here", help);
            }
        }
        self.arguments(arguments);
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            let (CallArg::Pos(value)
            | CallArg::Kwarg(_, value)
            | CallArg::PosSplat(value)
            | CallArg::KwargSplat(value)) = argument;
            self.expression(value, VariableKind::String);
        }
    }

    fn variable(&mut self, name: &str, span: Span, kind: VariableKind) {
        if self.bound.get(name).is_some_and(|times| *times > 0) || FUNCTIONS.contains(&name) {
            return;
        }
        match self.variables.get_mut(name) {
            Some((guess, _)) => *guess = stronger(Some(*guess), kind),
            None => {
                self.variables.insert(name.to_owned(), (kind, range(span)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_those_that_the_template_does_not_bind_itself() {
        let text = "{{ a }}{% if b %}{{ c.d }}{% endif %}{% for x in e %}{{ x }}{{ loop.index }}{% endfor %}\
                    {{ x }}{% set y = f %}{{ y }}{% if a %}{% endif %}{{ g|join }}{{ h[0] }}{{ range(i) }}{% with z = 1 %}{{ z }}{% endwith %}";
        let found = usage(text).unwrap();
        let kinds: Vec<(&str, &str)> = found
            .variables
            .iter()
            .map(|(name, (kind, _))| (name.as_str(), kind.name()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("a", "string"),
                ("b", "boolean"),
                ("c", "object"),
                ("e", "array"),
                ("x", "string"),
                ("f", "string"),
                ("g", "array"),
                ("h", "array"),
                ("i", "string")
            ]
        );
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(found.variables["c"].1, 17 + 3..17 + 4);
    }

    #[test]
    fn what_is_not_available_is_found_where_it_stands() {
        let problems = [
            "a {{ x.strip() }}",
            "{{ x|shout }}",
            "{{ x|indent }}",
            "{% if x is odd_ish %}{% endif %}",
            "{{ now() }}",
            "{% include 'a' %}",
            "{% extends 'a' %}",
        ]
        .map(|text| {
            let (range, message, _) = usage(text).unwrap().problems.remove(0);
            format!("{} <- {message}", &text[range])
        });
        assert_eq!(
            problems,
            [
                ".strip() <- the method `strip` is not available here",
                "shout <- the filter `shout` is not available here",
                "indent <- the filter `indent` is not available here",
                "odd_ish <- the test `odd_ish` is not available here",
                "now() <- this function is not available here",
                "include 'a' <- `include` does not come along",
                "extends 'a' <- `extends` is not available here",
            ]
        );
        let (range, message) = usage("a\n{% if %}").unwrap_err();
        assert!(
            range.start >= 2 && message.contains("syntax error"),
            "{range:?} {message}"
        );
        assert!(usage("{% macro m() %}{% endmacro %}").is_err());
    }
}
