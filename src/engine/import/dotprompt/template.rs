//! Translates Handlebars to Jinja. What has no exact counterpart is a remark at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use crate::domain::prompt::VariableKind;
use crate::engine::workspace::document::Source;

use super::super::handlebars::tree::{Call, Expression, Kind, Path, Program, Statement};
use super::super::jinja::{Jinja, quoted};
use super::super::remarks::{At, Remarks};
use super::super::shape::Shape;
use super::partials::Partials;
use super::scope::{Level, Scope, find};
use super::value::Named;
use super::variables::{Origin, Variables};

/// Helpers that print a value.
const VALUES: [&str; 2] = ["json", "lookup"];

/// Helpers that say where a message or a part begins, which is told from the template's source.
pub(super) const MARKERS: [&str; 4] = ["role", "history", "media", "section"];

/// What the translation of one prompt needs, and what it finds out.
pub(super) struct Translator<'t> {
    /// The file that is being read.
    pub(super) source: &'t Source,
    /// The partials of the folder.
    pub(super) partials: &'t Partials,
    /// The variables.
    pub(super) variables: Variables,
    /// What names mean here.
    pub(super) scope: Scope,
    /// Names that no variable of a loop may have.
    pub(super) taken: BTreeSet<String>,
    /// The partials that are being read, outermost first.
    pub(super) path: Vec<String>,
    /// How many bytes of partials may still be read: each use counts.
    pub(super) budget: usize,
    /// Partials that the templates include: the name of the file below `_partials/` and its text.
    pub(super) includes: BTreeMap<String, String>,
    /// What is to be said.
    pub(super) remarks: Remarks,
}

impl Translator<'_> {
    /// Translates statements that stand inside a message.
    pub(super) fn statements(&mut self, out: &mut Jinja, body: &[Statement]) {
        for statement in body {
            self.statement(out, statement);
        }
    }

    /// Translates a statement that stands inside a message.
    pub(super) fn statement(&mut self, out: &mut Jinja, statement: &Statement) {
        match &statement.kind {
            Kind::Text(text) => out.text(&text.value),
            Kind::Comment(text) => comment(out, text),
            Kind::Print(call) => self.print(out, call),
            Kind::Block(block) => self.block(out, block),
            Kind::Partial(partial) => self.partial(out, partial),
        }
    }

    /// Translates the inside of a block.
    pub(super) fn inside(&mut self, program: Option<&Program>) -> String {
        let mut inner = Jinja::default();
        if let Some(program) = program {
            self.statements(&mut inner, &program.body);
        }
        inner.between_tags()
    }

    fn print(&mut self, out: &mut Jinja, call: &Call) {
        match call.helper() {
            Some(name) if MARKERS.contains(&name) => {
                let message =
                    format!("`{name}` stands inside a block or a partial with parameters");
                let help = "what messages there are must be known without rendering: let messages \
                            and their parts begin outside of blocks; conversations belong into rows";
                return self.refuse("moving-message", call.range.clone(), message, help);
            }
            Some("log") => {
                let message = "`log` prints nothing into a prompt";
                let at = At::Bytes(self.source, call.range.clone());
                return self.remarks.left_out("log", at, message, "it is left out");
            }
            Some(name) if !VALUES.contains(&name) && !call.is_bare() => {
                return self.unknown_helper(name, call.range.clone());
            }
            _ => {}
        }
        let Some(named) = self.called(call) else {
            return;
        };
        self.variables.guess(&named, VariableKind::String);
        if named.kind() == Some(VariableKind::Boolean) && named.may_be_empty {
            let message = "where this is not given, it prints nothing there, and `false` here";
            let at = At::Bytes(self.source, call.range.clone());
            let help = "print it inside `{% if ... %}`";
            self.remarks.changed("optional-boolean", at, message, help);
        }
        match named.printed() {
            Some(tags) => out.tag(&tags),
            None => self.refuse(
                "printed-object",
                call.range.clone(),
                "Handlebars prints a mapping as `[object Object]`",
                "print its fields, or the whole with `{{json ...}}`",
            ),
        }
    }

    pub(super) fn unknown_helper(&mut self, name: &str, range: Range<usize>) {
        let message = format!("`{name}` is a helper that is defined in code");
        let help = "give the value that it computes as a variable";
        self.refuse("unknown-helper", range, message, help);
    }

    /// The value of a name with or without parameters.
    fn called(&mut self, call: &Call) -> Option<Named> {
        match call.helper() {
            Some("json") => self.json(call),
            Some("lookup") => self.lookup(call),
            Some(name) if !call.is_bare() => {
                self.unknown_helper(name, call.range.clone());
                None
            }
            _ => match &call.name {
                Expression::Path(path) if call.is_bare() => self.named(path),
                _ => {
                    let message = "this is neither a variable nor a known helper";
                    let help = "write the name of a variable";
                    self.refuse("unknown-name", call.range.clone(), message, help);
                    None
                }
            },
        }
    }

    fn json(&mut self, call: &Call) -> Option<Named> {
        let [value] = call.params.as_slice() else {
            return self.wrong_parameters("json", call);
        };
        let named = self.value(value)?;
        self.variables.guess(&named, VariableKind::Object);
        let at = At::Bytes(self.source, call.range.clone());
        let message = "JSON is spelled in another way here";
        let help = "`<`, `>`, `&` and `'` are escapes like `\\u003c`, keys are in order, and a space \
                    follows `:` and `,`; the values are the same";
        self.remarks.changed("json-spelling", at, message, help);
        let operand = named.operand();
        let indent = call.hash.iter().find(|(key, _)| key == "indent");
        let jinja = match indent {
            Some((_, Expression::Number(indent))) => format!("({operand}|tojson(indent={indent}))"),
            Some(_) => return self.wrong_parameters("json", call),
            None => format!("({operand}|tojson)"),
        };
        Some(Named::new(jinja, Shape::of(VariableKind::String)))
    }

    fn lookup(&mut self, call: &Call) -> Option<Named> {
        let [base, key] = call.params.as_slice() else {
            return self.wrong_parameters("lookup", call);
        };
        let base = self.value(base)?;
        match key {
            Expression::Text(key) | Expression::Number(key) => {
                self.variables.guess(&base, VariableKind::Object);
                Some(base.member(key))
            }
            key => {
                let key = self.value(key)?;
                self.variables.guess(&base, VariableKind::Object);
                self.variables.guess(&key, VariableKind::String);
                Some(base.member_named_by(&key.operand()))
            }
        }
    }

    pub(super) fn wrong_parameters<T>(&mut self, name: &str, call: &Call) -> Option<T> {
        let message = format!("these are not the parameters that `{name}` takes");
        let help = "see https://google.github.io/dotprompt/reference/template";
        self.refuse("wrong-parameters", call.range.clone(), message, help);
        None
    }

    /// The value of a parameter.
    pub(super) fn value(&mut self, expression: &Expression) -> Option<Named> {
        let literal = |jinja: &str, kind| Some(Named::new(jinja, Shape::of(kind)));
        match expression {
            Expression::Path(path) => self.named(path),
            Expression::Call(call) => self.called(call),
            Expression::Text(text) => literal(&quoted(text), VariableKind::String),
            Expression::Number(number) if number.contains('.') => {
                literal(number, VariableKind::Number)
            }
            Expression::Number(number) => literal(number, VariableKind::Integer),
            Expression::Boolean(true) => literal("true", VariableKind::Boolean),
            Expression::Boolean(false) => literal("false", VariableKind::Boolean),
            Expression::Null | Expression::Undefined => Some(Named::new("none", Rc::default())),
        }
    }

    /// The value that a path names. What cannot be named is a remark.
    pub(super) fn named(&mut self, path: &Path) -> Option<Named> {
        if path.is_data {
            return self.data(path);
        }
        let first = path.segments.first();
        if path.up == 0
            && !path.is_scoped
            && let Some(named) = first.and_then(|name| self.scope.name(name))
        {
            return Some(self.members(named.clone(), &path.segments[1..]));
        }
        let frame = match self.scope.level(path.up) {
            Level::Template => return self.input(path, &path.segments),
            Level::Frame(frame) => frame,
            Level::Outside => {
                let message = format!("`{}` leads out of the template", path.original);
                let help = "give the value to the partial as a parameter: `{{> name x=x}}`";
                self.refuse("outside-name", path.range.clone(), message, help);
                return None;
            }
        };
        let field = first.and_then(|first| find(frame.fields.iter(), first));
        if let Some(field) = field.cloned() {
            return Some(self.members(field, &path.segments[1..]));
        }
        match frame.context.clone() {
            Some(context) => Some(self.members(context, &path.segments)),
            None => self.input(path, &path.segments),
        }
    }

    /// A value of the input.
    fn input(&mut self, path: &Path, segments: &[String]) -> Option<Named> {
        let Some((first, rest)) = segments.split_first() else {
            let message = "this is the input as a whole, which has no name here";
            let help = "name one of its fields";
            self.refuse("whole-input", path.range.clone(), message, help);
            return None;
        };
        let variable = self.variable(Origin::Input(first.clone()), &path.range)?;
        Some(self.members(variable, rest))
    }

    fn variable(&mut self, origin: Origin, range: &Range<usize>) -> Option<Named> {
        if self.variables.is_full() {
            let message = "the template names too many variables";
            self.refuse("too-large", range.clone(), message, "pass a mapping");
            return None;
        }
        let at = At::Bytes(self.source, range.clone());
        Some(self.variables.named(origin, || at.place()))
    }

    fn members(&mut self, base: Named, segments: &[String]) -> Named {
        let mut named = base;
        for segment in segments {
            let kind = if segment == "length" {
                VariableKind::Array
            } else {
                VariableKind::Object
            };
            self.variables.guess(&named, kind);
            named = named.member(segment);
        }
        named
    }

    /// What stands behind an `@`: something about a loop, the whole input, or the caller's context.
    fn data(&mut self, path: &Path) -> Option<Named> {
        let (first, rest) = path.segments.split_first()?;
        if first == "root" {
            return self.input(path, rest);
        }
        if !matches!(first.as_str(), "index" | "first" | "last" | "key") {
            let variable = self.variable(Origin::Context(first.clone()), &path.range)?;
            return Some(self.members(variable, rest));
        }
        let up = path.up;
        let Some(inner) = self.scope.enclosing(up) else {
            let message = format!("`{}` stands outside of a loop", path.original);
            let help = "it prints nothing there: remove it";
            self.refuse("outside-loop", path.range.clone(), message, help);
            return None;
        };
        inner.is_asked_for |= up > 0;
        let name = if up > 0 { inner.alias.as_str() } else { "loop" };
        let (jinja, kind) = match (first.as_str(), &inner.key) {
            ("key", Some(key)) => (key.clone(), VariableKind::String),
            ("index" | "key", _) => (format!("{name}.index0"), VariableKind::Integer),
            (word, _) => (format!("{name}.{word}"), VariableKind::Boolean),
        };
        Some(Named::new(jinja, Shape::of(kind)))
    }

    /// A name for a loop's variable that nothing around it has.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}{number}");
        }
        name
    }

    pub(super) fn refuse(
        &mut self,
        ident: &str,
        range: Range<usize>,
        message: impl Into<String>,
        help: &str,
    ) {
        let at = At::Bytes(self.source, range);
        self.remarks.refuse(ident, at, message, help);
    }
}

/// A comment goes along as one, but for what would end it.
pub(super) fn comment(out: &mut Jinja, text: &str) {
    if !text.trim().is_empty() {
        out.tag(&format!("{{#{}#}}", text.replace("#}", "# }")));
    }
}
