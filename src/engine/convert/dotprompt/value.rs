//! Values of a template as Handlebars names them.

use minijinja::machinery::ast::{Expr, GetAttr, GetItem};
use minijinja::value::ValueKind;

use crate::domain::prompt::VariableKind;
use crate::engine::import::handlebars::tree::{Call, Expression, Path};

use super::super::jinja::place;
use super::template::Translator;

/// Names that mean something else where they stand alone.
const HELPERS: [&str; 16] = [
    "blockHelperMissing",
    "each",
    "helperMissing",
    "history",
    "if",
    "ifEquals",
    "json",
    "log",
    "lookup",
    "media",
    "role",
    "section",
    "this",
    "unless",
    "unlessEquals",
    "with",
];

/// Words of the language.
const WORDS: [&str; 6] = ["as", "else", "false", "null", "true", "undefined"];

/// A value.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// How it is named.
    pub(super) expression: Expression,
    /// What it is, where that is declared.
    pub(super) kind: Option<VariableKind>,
    /// The variable that it is, or is a part of.
    pub(super) root: String,
}

/// A name that a loop gives.
#[derive(Debug, Clone)]
pub(super) struct Local {
    /// The name here.
    pub(super) name: String,
    /// The name there.
    pub(super) foreign: String,
    /// The variable that the loop goes through.
    pub(super) root: String,
}

impl Translator<'_, '_> {
    /// The value of an expression, where it has a name or is written out.
    pub(super) fn value(&mut self, expr: &Expr<'_>) -> Option<Value> {
        match expr {
            Expr::Var(it) => self.named(it.id, expr),
            Expr::Const(it) => self.constant(&it.value, expr),
            Expr::GetAttr(it) => self.attribute(it, expr),
            Expr::GetItem(it) => self.item(it, expr),
            Expr::Filter(it) => {
                let inner = it.expr.as_ref()?;
                let is_default = matches!(it.name, "default" | "d") && it.args.len() <= 1;
                match it.name {
                    "length" | "count" if it.args.is_empty() => self.length(inner, expr),
                    // What is always there needs no default.
                    _ if is_default && self.is_there(inner) => self.value(inner),
                    _ => self.nothing(expr),
                }
            }
            _ => self.nothing(expr),
        }
    }

    /// Whether an expression names what is always there: a variable, or what a loop gives.
    pub(super) fn is_there(&self, expr: &Expr<'_>) -> bool {
        let Expr::Var(it) = expr else {
            return false;
        };
        self.is_local(it.id) || self.subject.prompt.variables.contains_key(it.id)
    }

    /// Whether a loop around this place gives this name.
    pub(super) fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|local| local.name == name)
    }

    /// A name for what a loop gives, that is no word, and that neither anything else around has nor the
    /// list that the loop goes through.
    pub(super) fn fresh(&self, name: &str, list: Option<&Path>) -> String {
        let first = list.filter(|list| !list.is_data);
        let first = first.and_then(|list| list.segments.first());
        let is_taken = |fresh: &String| {
            let mut locals = self.locals.iter();
            let is_other = locals.any(|local| local.foreign == *fresh && local.name != name);
            let is_word = [&HELPERS[..], &WORDS[..]]
                .concat()
                .contains(&fresh.as_str());
            is_word || is_other || first == Some(fresh)
        };
        let mut fresh = name.trim_start_matches('-').to_owned();
        while is_taken(&fresh) {
            fresh.push('_');
        }
        fresh
    }

    fn nothing(&mut self, expr: &Expr<'_>) -> Option<Value> {
        self.refuse_expression(expr);
        None
    }

    fn named(&mut self, name: &str, expr: &Expr<'_>) -> Option<Value> {
        let local = self.locals.iter().rev().find(|local| local.name == name);
        if let Some(local) = local {
            return Some(Value {
                expression: Expression::Path(Path::of(&[&local.foreign], false)),
                kind: None,
                root: local.root.clone(),
            });
        }
        let Some(variable) = self.subject.prompt.variables.get(name) else {
            return self.nothing(expr);
        };
        // Inside of a loop the item is the context, and the name alone would be one of its fields.
        let is_plain = self.loops.is_empty() && !HELPERS.contains(&name);
        let path = if is_plain {
            Path::of(&[name], false)
        } else {
            Path::of(&["root", name], true)
        };
        Some(Value {
            expression: Expression::Path(path),
            kind: Some(variable.kind),
            root: name.to_owned(),
        })
    }

    fn constant(&mut self, value: &minijinja::Value, expr: &Expr<'_>) -> Option<Value> {
        let (expression, kind) = match (value.kind(), value.as_str()) {
            (_, Some(text)) if is_quotable(text) => {
                (Expression::Text(text.to_owned()), VariableKind::String)
            }
            (ValueKind::Number, _) if value.is_integer() => {
                (Expression::Number(value.to_string()), VariableKind::Integer)
            }
            (ValueKind::Bool, _) => (Expression::Boolean(value.is_true()), VariableKind::Boolean),
            _ => return self.nothing(expr),
        };
        Some(Value {
            expression,
            kind: Some(kind),
            root: value.to_string(),
        })
    }

    fn attribute(&mut self, it: &GetAttr<'_>, expr: &Expr<'_>) -> Option<Value> {
        if self.is_loop(&it.expr) {
            return self.about_loop(it.name, expr);
        }
        let base = self.value(&it.expr)?;
        self.member(base, it.name, expr)
    }

    /// Whether this is what Jinja knows about the innermost loop.
    fn is_loop(&self, expr: &Expr<'_>) -> bool {
        let is_hidden = self.is_local("loop");
        !self.loops.is_empty() && !is_hidden && matches!(expr, Expr::Var(it) if it.id == "loop")
    }

    fn about_loop(&mut self, name: &str, expr: &Expr<'_>) -> Option<Value> {
        let (word, kind) = match name {
            "index0" => ("index", VariableKind::Integer),
            "first" => ("first", VariableKind::Boolean),
            "last" => ("last", VariableKind::Boolean),
            "length" => {
                let Some(Some(list)) = self.loops.last().cloned() else {
                    return self.nothing(expr);
                };
                return self.with_segment(Expression::Path(list), "length", "loop", expr);
            }
            _ => return self.nothing(expr),
        };
        Some(Value {
            expression: Expression::Path(Path::of(&[word], true)),
            kind: Some(kind),
            root: "loop".to_owned(),
        })
    }

    /// A field of a mapping.
    fn member(&mut self, base: Value, name: &str, expr: &Expr<'_>) -> Option<Value> {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if name == "length" || is_number || name.contains([']', '\\']) {
            let message = format!("the field `{name}` means something else in Handlebars");
            let help = "give it under another name, or as a variable of its own";
            self.refuse("field-name", place(expr), &message, help);
            return None;
        }
        let value = self.with_segment(base.expression, name, &base.root, expr)?;
        Some(Value {
            kind: None,
            ..value
        })
    }

    /// The path to a part of a value. The kind is that of a length.
    fn with_segment(
        &mut self,
        base: Expression,
        segment: &str,
        root: &str,
        expr: &Expr<'_>,
    ) -> Option<Value> {
        let Expression::Path(mut path) = base else {
            return self.nothing(expr);
        };
        path.segments.push(segment.to_owned());
        path.original = format!("{}.{segment}", path.original);
        Some(Value {
            expression: Expression::Path(path),
            kind: Some(VariableKind::Integer),
            root: root.to_owned(),
        })
    }

    fn item(&mut self, it: &GetItem<'_>, expr: &Expr<'_>) -> Option<Value> {
        let base = self.value(&it.expr)?;
        let Some(key) = it.subscript_expr.as_const() else {
            let key = self.value(&it.subscript_expr)?;
            let root = base.root;
            let lookup = Call::of_helper("lookup", vec![base.expression, key.expression]);
            return Some(Value {
                expression: Expression::Call(Box::new(lookup)),
                kind: None,
                root,
            });
        };
        if let Some(name) = key.as_str() {
            return self.member(base, name, expr);
        }
        let is_list = matches!(base.kind, Some(VariableKind::Array) | None);
        let index = key.as_i64().filter(|index| *index >= 0 && is_list);
        let Some(index) = index else {
            return self.nothing(expr);
        };
        let item = self.with_segment(base.expression, &index.to_string(), &base.root, expr)?;
        Some(Value { kind: None, ..item })
    }

    /// How long a list or a text is.
    fn length(&mut self, inner: &Expr<'_>, expr: &Expr<'_>) -> Option<Value> {
        let value = self.value(inner)?;
        match value.kind {
            Some(VariableKind::Array) => {}
            Some(VariableKind::String) | None => {
                let message = "the length of a text is counted in another way there";
                let help = "characters beyond U+FFFF, such as emoji, count twice";
                self.changed("length-units", place(expr), message, help);
            }
            Some(_) => return self.nothing(expr),
        }
        self.with_segment(value.expression, "length", &value.root, expr)
    }
}

/// Whether a text can stand in quotes.
fn is_quotable(text: &str) -> bool {
    let has_both = text.contains('"') && text.contains('\'');
    !has_both && !text.contains('\\')
}
