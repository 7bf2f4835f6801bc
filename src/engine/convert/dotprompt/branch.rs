//! Conditions: what Jinja asks in one expression, Handlebars asks block by block.

use minijinja::machinery::ast::{BinOpKind, CompareOpKind, Expr, UnaryOpKind};

use crate::domain::prompt::VariableKind;
use crate::engine::import::handlebars::tree::{Block, Call, Expression, Kind, Program, Statement};

use super::super::jinja::place;
use super::template::{Part, Translator};

impl<'t, 's> Translator<'t, 's> {
    /// What is printed where a condition holds, and where it does not.
    pub(super) fn branch(
        &mut self,
        condition: &Expr<'_>,
        yes: &Part<'_, 't, 's>,
        no: &Part<'_, 't, 's>,
    ) -> Vec<Statement> {
        if !self.has_room(&place(condition)) {
            return Vec::new();
        }
        if let Some(value) = condition.as_const() {
            return if value.is_true() { yes(self) } else { no(self) };
        }
        match condition {
            Expr::UnaryOp(it) if matches!(it.op, UnaryOpKind::Not) => {
                self.branch(&it.expr, no, yes)
            }
            Expr::BinOp(it) => match it.op {
                BinOpKind::ScAnd => {
                    self.branch(&it.left, &|inner| inner.branch(&it.right, yes, no), no)
                }
                BinOpKind::ScOr => {
                    self.branch(&it.left, yes, &|inner| inner.branch(&it.right, yes, no))
                }
                BinOpKind::Eq => self.equals("ifEquals", [&it.left, &it.right], yes, no),
                BinOpKind::Ne => self.equals("unlessEquals", [&it.left, &it.right], yes, no),
                _ => self.no_counterpart(condition),
            },
            Expr::Compare(it) => match it.ops.as_slice() {
                [other] if matches!(other.op, CompareOpKind::Eq) => {
                    self.equals("ifEquals", [&it.expr, &other.expr], yes, no)
                }
                [other] if matches!(other.op, CompareOpKind::Ne) => {
                    self.equals("unlessEquals", [&it.expr, &other.expr], yes, no)
                }
                _ => self.no_counterpart(condition),
            },
            Expr::Test(it) if it.name == "defined" && self.is_there(&it.expr) => yes(self),
            Expr::Test(it) if it.name == "undefined" && self.is_there(&it.expr) => no(self),
            Expr::Test(it) if it.name == "mapping" && self.is_mapping(&it.expr) => yes(self),
            _ => self.holds(condition, yes, no),
        }
    }

    fn is_mapping(&self, expr: &Expr<'_>) -> bool {
        let Expr::Var(it) = expr else {
            return false;
        };
        let variable = self.subject.prompt.variables.get(it.id);
        !self.is_local(it.id) && variable.is_some_and(|it| it.kind == VariableKind::Object)
    }

    /// Whether a value counts as true.
    fn holds(
        &mut self,
        condition: &Expr<'_>,
        yes: &Part<'_, 't, 's>,
        no: &Part<'_, 't, 's>,
    ) -> Vec<Statement> {
        let Some(value) = self.value(condition) else {
            return Vec::new();
        };
        match value.kind {
            Some(VariableKind::Object) => {
                let message = "an empty mapping counts as true in Handlebars, and as false here";
                let help = "give a boolean that says whether there is anything";
                self.refuse("empty-mapping", place(condition), message, help);
                return Vec::new();
            }
            Some(_) => {}
            None => {
                let message = format!(
                    "what `{}` holds is not declared: an empty mapping counts as true there",
                    value.root
                );
                let help = "text, numbers, booleans and lists count alike";
                let at = place(condition);
                self.changed("unknown-condition", at, &message, help);
            }
        }
        self.block("if", vec![value.expression], yes, no)
    }

    fn equals(
        &mut self,
        helper: &str,
        sides: [&Expr<'_>; 2],
        yes: &Part<'_, 't, 's>,
        no: &Part<'_, 't, 's>,
    ) -> Vec<Statement> {
        let at = place(sides[0]).start..place(sides[1]).end;
        let (Some(left), Some(right)) = (self.value(sides[0]), self.value(sides[1])) else {
            return Vec::new();
        };
        let kinds = [left.kind, right.kind];
        let is = |kind| kinds.contains(&Some(kind));
        let (problem, help) = if is(VariableKind::Array) || is(VariableKind::Object) {
            (
                "two lists or mappings are never equal in Handlebars",
                "compare one of their fields",
            )
        } else if is(VariableKind::Boolean)
            && (is(VariableKind::Integer) || is(VariableKind::Number))
        {
            (
                "a boolean and a number are never equal in Handlebars",
                "compare values of the same type",
            )
        } else {
            return self.block(helper, vec![left.expression, right.expression], yes, no);
        };
        self.refuse("compared-values", at, problem, help);
        Vec::new()
    }

    /// A block with the opposite helper where only that one prints something.
    fn block(
        &mut self,
        helper: &str,
        params: Vec<Expression>,
        yes: &Part<'_, 't, 's>,
        no: &Part<'_, 't, 's>,
    ) -> Vec<Statement> {
        let (yes, no) = (yes(self), no(self));
        let (helper, yes, no) = match (yes.is_empty(), no.is_empty()) {
            (true, true) => return Vec::new(),
            (true, false) => (opposite(helper), no, yes),
            (false, _) => (helper, yes, no),
        };
        let inverse = match <[Statement; 1]>::try_from(no) {
            Ok([statement]) if is_if(&statement) => Some(Program::chained(statement)),
            Ok(one) => Some(Program::of(one.into())),
            Err(no) if no.is_empty() => None,
            Err(no) => Some(Program::of(no)),
        };
        let call = Call::of_helper(helper, params);
        let block = Block::of(call, Some(Program::of(yes)), inverse);
        vec![Statement::of(Kind::Block(Box::new(block)))]
    }
}

fn opposite(helper: &str) -> &'static str {
    match helper {
        "if" => "unless",
        "ifEquals" => "unlessEquals",
        _ => "ifEquals",
    }
}

/// Whether a block can go on with the one around it: `{{else if x}}`.
fn is_if(statement: &Statement) -> bool {
    matches!(&statement.kind, Kind::Block(block) if block.call.helper() == Some("if"))
}
