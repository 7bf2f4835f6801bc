//! Translates Jinja to Handlebars: texts, what is printed, loops and includes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Filter, ForLoop, Stmt};

use crate::domain::prompt::VariableKind;
use crate::engine::import::handlebars::print;
use crate::engine::import::handlebars::tree::{
    Block, Call, Expression, Kind, Partial, Path, Program, Statement,
};

use super::super::jinja::{described, described_expression, place, range, read, statements};
use super::super::subject::{Standing, Subject};
use super::value::{Local, Value};

/// How many statements one prompt may become: conditions and includes can repeat theirs.
const MAX_STATEMENTS: usize = 50_000;

/// What the JavaScript implementation cuts rendered texts at.
const MARKER: &str = "<<<dotprompt:";

/// What all templates of a prompt have in common.
pub(super) struct Work {
    /// The partials that are written, by name.
    pub(super) written: BTreeMap<String, String>,
    /// The names of partials, by the names that are included here.
    names: BTreeMap<String, String>,
    /// How many statements there are.
    statements: usize,
}

/// Translates one template.
pub(super) struct Translator<'t, 's> {
    pub(super) subject: &'s mut Subject<'t>,
    work: &'s mut Work,
    standing: Standing<'t>,
    /// The names that loops around this place gave, innermost last.
    pub(super) locals: Vec<Local>,
    /// The lists that the loops around this place go through, innermost last.
    pub(super) loops: Vec<Option<Path>>,
}

/// Statements that are made where they are needed, and again where they are needed again.
pub(super) type Part<'p, 't, 's> = dyn Fn(&mut Translator<'t, 's>) -> Vec<Statement> + 'p;

impl Work {
    /// Nothing is written yet. `includes` are the names of what can be included.
    pub(super) fn new<'n>(includes: impl Iterator<Item = &'n String>) -> Self {
        let mut taken = BTreeSet::new();
        let mut names = BTreeMap::new();
        for include in includes {
            let path = include.strip_prefix("_partials/").unwrap_or(include);
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            let stem = if stem.is_empty() { file } else { stem };
            let below = if folder.is_empty() { "" } else { "/" };
            let wanted = format!("{folder}{below}{}", stem.replace('.', "-"));
            let mut name = wanted.clone();
            let mut number = 1;
            while !taken.insert(name.clone()) {
                number += 1;
                name = format!("{wanted}-{number}");
            }
            names.insert(include.clone(), name);
        }
        Self {
            written: BTreeMap::new(),
            names,
            statements: 0,
        }
    }
}

impl<'t, 's> Translator<'t, 's> {
    /// Ready to read a template.
    pub(super) fn new(
        subject: &'s mut Subject<'t>,
        work: &'s mut Work,
        standing: Standing<'t>,
    ) -> Self {
        Self {
            subject,
            work,
            standing,
            locals: Vec::new(),
            loops: Vec::new(),
        }
    }

    /// Translates the whole template.
    pub(super) fn whole(&mut self) -> Vec<Statement> {
        self.subject.remark_comments(self.standing);
        let template = read(&self.standing.template.text);
        self.statements(statements(&template))
    }

    pub(super) fn statements(&mut self, all: &[Stmt<'_>]) -> Vec<Statement> {
        let mut body = Vec::new();
        for statement in all {
            body.extend(self.statement(statement));
        }
        body
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Vec<Statement> {
        let (what, span) = described(statement);
        let range = range(span);
        if !self.has_room(&range) {
            return Vec::new();
        }
        match statement {
            Stmt::EmitRaw(it) => vec![self.text(range, it.raw)],
            Stmt::EmitExpr(it) => self.print(&it.expr),
            Stmt::IfCond(it) => self.branch(
                &it.expr,
                &|inner| inner.statements(&it.true_body),
                &|inner| inner.statements(&it.false_body),
            ),
            Stmt::ForLoop(it) => self.each(it, range),
            Stmt::Include(it) => self.include(&it.name, &range),
            _ => {
                let message = format!("{what} has no counterpart in Handlebars");
                let help = "write the value where it is used, or give it as a variable";
                self.refuse("no-counterpart", range, &message, help);
                Vec::new()
            }
        }
    }

    /// Counts a statement that is made, or made again.
    pub(super) fn has_room(&mut self, range: &Range<usize>) -> bool {
        self.work.statements += 1;
        let has_room = self.work.statements <= MAX_STATEMENTS;
        if self.work.statements == MAX_STATEMENTS + 1 {
            let message = "the template becomes too large";
            let help = "conditions with `or`, and what is included in a loop, are written out: use \
                        fewer of them";
            self.refuse("too-large", range.clone(), message, help);
        }
        has_room
    }

    /// Text as it is.
    pub(super) fn text(&mut self, range: Range<usize>, text: &str) -> Statement {
        if text.contains(MARKER) {
            let message = format!("`{MARKER}` is where messages are cut there");
            let help = "spell it in another way";
            self.refuse("marker", range, &message, help);
        }
        Statement::text(text)
    }

    /// Prints a value.
    pub(super) fn print(&mut self, expr: &Expr<'_>) -> Vec<Statement> {
        if let Some(value) = expr.as_const() {
            return vec![self.text(place(expr), &value.to_string())];
        }
        match expr {
            Expr::IfExpr(it) => self.branch(
                &it.test_expr,
                &|inner| inner.print(&it.true_expr),
                &|inner| {
                    it.false_expr
                        .as_ref()
                        .map_or_else(Vec::new, |it| inner.print(it))
                },
            ),
            Expr::BinOp(it) => match it.op {
                BinOpKind::Concat => {
                    let mut body = self.print(&it.left);
                    body.extend(self.print(&it.right));
                    body
                }
                BinOpKind::ScOr => self.print_first(&it.left, &|inner| inner.print(&it.right)),
                BinOpKind::ScAnd => {
                    self.branch(&it.left, &|inner| inner.print(&it.right), &|inner| {
                        inner.print(&it.left)
                    })
                }
                BinOpKind::Eq | BinOpKind::Ne => self.print_truth(expr),
                _ => self.no_counterpart(expr),
            },
            Expr::UnaryOp(_) | Expr::Compare(_) | Expr::Test(_) => self.print_truth(expr),
            Expr::Filter(it) => self.print_filtered(it, expr),
            _ => self.print_value(expr),
        }
    }

    /// Prints a value that counts as true, and makes what follows `or` where it does not.
    fn print_first(&mut self, expr: &Expr<'_>, rest: &Part<'_, 't, 's>) -> Vec<Statement> {
        match expr {
            Expr::BinOp(it) if matches!(it.op, BinOpKind::ScOr) => {
                self.print_first(&it.left, &|inner| inner.print_first(&it.right, rest))
            }
            _ => self.branch(expr, &|inner| inner.print(expr), rest),
        }
    }

    /// Prints whether something holds, as Jinja spells it.
    fn print_truth(&mut self, expr: &Expr<'_>) -> Vec<Statement> {
        self.branch(expr, &|_| vec![Statement::text("True")], &|_| {
            vec![Statement::text("False")]
        })
    }

    fn print_value(&mut self, expr: &Expr<'_>) -> Vec<Statement> {
        let Some(value) = self.value(expr) else {
            return Vec::new();
        };
        let at = place(expr);
        match value.kind {
            Some(VariableKind::Boolean) => return self.print_truth(expr),
            Some(kind @ (VariableKind::Array | VariableKind::Object)) => {
                let message = format!("{} is printed in another way there", kind.name());
                let help = "print its items, or the whole as JSON: `|tojson`";
                self.refuse("printed-value", at, &message, help);
                return Vec::new();
            }
            Some(VariableKind::Number) => {
                let message = "a number with a fraction of zero, such as 3.0, prints as 3 there";
                let help = "declare it as `integer`, or give it as text, if that matters";
                self.subject
                    .changed_text("number-spelling", self.standing, at, message, help);
            }
            Some(_) => {}
            None => self.remark_unknown(&value, at),
        }
        vec![printed(value.expression)]
    }

    /// What a list or a mapping holds is not declared, and may print in another way.
    fn remark_unknown(&mut self, value: &Value, at: Range<usize>) {
        let message = format!(
            "what `{}` holds is not declared: only text and whole numbers print alike there",
            value.root
        );
        let help = "booleans, lists and mappings are spelled in another way there";
        self.subject
            .changed_text("unknown-type", self.standing, at, &message, help);
    }

    fn print_filtered(&mut self, filter: &Filter<'_>, expr: &Expr<'_>) -> Vec<Statement> {
        let Some(inner) = &filter.expr else {
            return self.no_counterpart(expr);
        };
        match (filter.name, filter.args.as_slice()) {
            ("safe", []) => self.print(inner),
            ("join", args) => match joined_by(args) {
                Some(separator) => self.joined(inner, &separator),
                None => self.no_counterpart(expr),
            },
            ("lower", []) => match self.value(inner) {
                Some(value) if value.kind == Some(VariableKind::Boolean) => {
                    vec![printed(value.expression)]
                }
                Some(_) => self.no_counterpart(expr),
                None => Vec::new(),
            },
            ("tojson", []) => match self.value(inner) {
                Some(value) => {
                    let message = "JSON is spelled in another way there";
                    let help = "without a space behind `:` and `,`, and without escapes like \
                                `\\u003c`; the values are the same";
                    let at = place(expr);
                    self.subject
                        .changed_text("json-spelling", self.standing, at, message, help);
                    let json = Call::of_helper("json", vec![value.expression]);
                    vec![Statement::of(Kind::Print(json))]
                }
                None => Vec::new(),
            },
            ("default" | "d", [CallArg::Pos(other), CallArg::Pos(even_empty)])
                if even_empty.as_const().is_some_and(|it| it.is_true()) && self.is_there(inner) =>
            {
                self.print_first(inner, &|it| it.print(other))
            }
            _ => self.print_value(expr),
        }
    }

    /// The items of a list with something between them.
    fn joined(&mut self, list: &Expr<'_>, separator: &str) -> Vec<Statement> {
        let Some(value) = self.value(list) else {
            return Vec::new();
        };
        let at = place(list);
        if !matches!(value.kind, Some(VariableKind::Array) | None) {
            return self.no_counterpart(list);
        }
        self.remark_unknown(&value, at.clone());
        if separator == "," && value.kind.is_some() {
            return vec![printed(value.expression)];
        }
        let name = self.fresh("item", None);
        let mut body = vec![printed(Expression::Path(Path::of(&[&name], false)))];
        if !separator.is_empty() {
            let between = Program::of(vec![self.text(at, separator)]);
            let is_last = Expression::Path(Path::of(&["last"], true));
            let unless = Call::of_helper("unless", vec![is_last]);
            let unless = Block::of(unless, Some(between), None);
            body.push(Statement::of(Kind::Block(Box::new(unless))));
        }
        let call = Call::of_helper("each", vec![value.expression]);
        let mut each = Block::of(call, Some(Program::of(body)), None);
        each.names = vec![name];
        vec![Statement::of(Kind::Block(Box::new(each)))]
    }

    /// A loop. The names of its items hide others, as they do here.
    fn each(&mut self, it: &ForLoop<'_>, at: Range<usize>) -> Vec<Statement> {
        if it.recursive || it.filter_expr.is_some() {
            let message =
                "a loop with `if` or `recursive` in its tag has no counterpart in Handlebars";
            let help = "put `{% if ... %}` inside of the loop";
            self.refuse("no-counterpart", at, message, help);
            return Vec::new();
        }
        let Some((list, names)) = self.looped(it, &at) else {
            return Vec::new();
        };
        let known = self.locals.len();
        let inside = self.inside(&list);
        let mut given = Vec::new();
        for name in names.iter().rev() {
            let foreign = self.fresh(name, inside.as_ref());
            self.locals.push(Local {
                name: name.clone(),
                foreign: foreign.clone(),
                root: list.root.clone(),
            });
            given.insert(0, foreign);
        }
        self.loops.push(inside);
        let body = self.statements(&it.body);
        self.loops.pop();
        self.locals.truncate(known);
        let otherwise = self.statements(&it.else_body);
        let inverse = (!otherwise.is_empty()).then(|| Program::of(otherwise));
        let call = Call::of_helper("each", vec![list.expression]);
        let mut each = Block::of(call, Some(Program::of(body)), inverse);
        each.names = given;
        vec![Statement::of(Kind::Block(Box::new(each)))]
    }

    /// The list that a loop goes through, as it is named inside of the loop; a mapping has no length.
    fn inside(&self, list: &Value) -> Option<Path> {
        match &list.expression {
            Expression::Path(_) if list.kind == Some(VariableKind::Object) => None,
            Expression::Path(path) if self.loops.is_empty() && !path.is_data => {
                let names = path.segments.iter().map(String::as_str);
                let names: Vec<&str> = ["root"].into_iter().chain(names).collect();
                Some(Path::of(&names, true))
            }
            Expression::Path(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// What a loop goes through, and the names that it gives: to the item, and then to its key.
    fn looped(&mut self, it: &ForLoop<'_>, at: &Range<usize>) -> Option<(Value, Vec<String>)> {
        let target: Vec<&str> = match &it.target {
            Expr::Var(name) => vec![name.id],
            Expr::Tuple(names) => names.items.iter().filter_map(name_of).collect(),
            Expr::List(names) => names.items.iter().filter_map(name_of).collect(),
            _ => Vec::new(),
        };
        let (iter, has_entries) = match &it.iter {
            Expr::Filter(filter) if filter.name == "items" && filter.args.is_empty() => {
                (filter.expr.as_ref()?, true)
            }
            iter => (iter, false),
        };
        let mut list = self.value(iter)?;
        if has_entries {
            list.kind = Some(VariableKind::Object);
        }
        let is_mapping = list.kind == Some(VariableKind::Object);
        let names = match (target.as_slice(), has_entries) {
            ([key, value], true) => vec![(*value).to_owned(), (*key).to_owned()],
            // The item has no name here: no name of a template has a hyphen.
            ([key], false) if is_mapping => vec!["-item".to_owned(), (*key).to_owned()],
            ([name], false) if matches!(list.kind, Some(VariableKind::Array) | None) => {
                vec![(*name).to_owned()]
            }
            _ => {
                let message = "this loop has no counterpart in Handlebars";
                let help = "go through a list, or through the entries of a mapping: \
                            `{% for key, value in x|items %}`";
                self.refuse("no-counterpart", at.clone(), message, help);
                return None;
            }
        };
        if has_entries || is_mapping {
            let message = "entries come in the order in which they were given there";
            let help = "here they come in the order of their keys";
            self.subject
                .changed_text("key-order", self.standing, at.clone(), message, help);
        }
        Some((list, names))
    }

    /// What is included is a partial of the same name; inside of a loop, whose names it may use, it is
    /// written out.
    fn include(&mut self, name: &Expr<'_>, at: &Range<usize>) -> Vec<Statement> {
        let name = name.as_const();
        let name = name.as_ref().and_then(|name| name.as_str());
        let known = self.subject.includes;
        let Some((name, included)) = name.and_then(|name| known.get_key_value(name)) else {
            return self.unknown_include(at);
        };
        let is_written_out = !self.subject.asked.with_partials || !self.loops.is_empty();
        if is_written_out {
            let mut inner = Translator {
                subject: &mut *self.subject,
                work: &mut *self.work,
                standing: included.standing(),
                locals: self.locals.clone(),
                loops: self.loops.clone(),
            };
            return inner.whole();
        }
        let partial = self.work.names[name].clone();
        if !self.work.written.contains_key(&partial) {
            let mut inner = Translator::new(self.subject, self.work, included.standing());
            let text = print(&Program::of(inner.whole()));
            self.work.written.insert(partial.clone(), text);
        }
        let call = Call::of(Expression::Text(partial), Vec::new());
        vec![Statement::of(Kind::Partial(Partial {
            call,
            indent: String::new(),
        }))]
    }

    fn unknown_include(&mut self, at: &Range<usize>) -> Vec<Statement> {
        let message = "what is included here is not known";
        let help = "name a file below `prompts/_partials/`";
        self.refuse("no-counterpart", at.clone(), message, help);
        Vec::new()
    }

    pub(super) fn no_counterpart(&mut self, expr: &Expr<'_>) -> Vec<Statement> {
        self.refuse_expression(expr);
        Vec::new()
    }

    pub(super) fn refuse_expression(&mut self, expr: &Expr<'_>) {
        let what = described_expression(expr);
        let message = format!("{what} has no counterpart in Handlebars");
        let help = "give the value that it computes as a variable";
        self.refuse("no-counterpart", place(expr), &message, help);
    }

    pub(super) fn refuse(&mut self, ident: &str, at: Range<usize>, message: &str, help: &str) {
        self.subject
            .refuse_text(ident, self.standing, at, message, help);
    }

    pub(super) fn changed(&mut self, ident: &str, at: Range<usize>, message: &str, help: &str) {
        self.subject
            .changed_text(ident, self.standing, at, message, help);
    }
}

/// The tag that prints a value.
fn printed(expression: Expression) -> Statement {
    let call = match expression {
        Expression::Call(call) => *call,
        name => Call::of(name, Vec::new()),
    };
    Statement::of(Kind::Print(call))
}

fn name_of<'e>(expr: &Expr<'e>) -> Option<&'e str> {
    match expr {
        Expr::Var(it) => Some(it.id),
        _ => None,
    }
}

/// What stands between the items, where it is written out.
fn joined_by(args: &[CallArg<'_>]) -> Option<String> {
    match args {
        [] => Some(String::new()),
        [CallArg::Pos(separator)] => Some(separator.as_const()?.as_str()?.to_owned()),
        _ => None,
    }
}
