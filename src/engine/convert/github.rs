//! GitHub's `.prompt.yml`, as `gh models eval` and `actions/ai-inference` read it: messages are texts in
//! which `{{name}}` is replaced, and nothing else is understood.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, Expr, Stmt};
use serde_json::{Map, Value as Json, json};

use crate::domain::content::{Content, Part};
use crate::domain::prompt::{ResponseFormat, Template, VariableKind};
use crate::engine::workspace::yaml_text::yaml_text;

use super::Written;
use super::jinja::{described, described_expression, place, range, read, statements};
use super::subject::{Standing, Subject};

/// The settings of a model that GitHub knows.
const PARAMETERS: [&str; 3] = ["maxTokens", "temperature", "topP"];

/// What a template would be taken for.
const TAGS: [&str; 3] = ["{{", "{%", "{#"];

/// Writes the file.
pub(super) fn write(subject: &mut Subject<'_>) -> Written {
    let mut file = subject.words();
    file.insert("model".to_owned(), json!(subject.model()));
    let parameters = parameters(subject);
    if !parameters.is_empty() {
        file.insert("modelParameters".to_owned(), Json::Object(parameters));
    }
    leave_declarations(subject);
    let messages = messages(subject);
    file.insert("messages".to_owned(), messages.into());
    response_format(subject, &mut file);
    if !subject.prompt.tools.is_empty() {
        let message = "tools have no place in the file there";
        let help = "give them to the model in the code that calls it";
        subject.left_out("tools", &["tools"], message, help);
    }
    for key in ["testData", "evaluators"] {
        if let Some(entry) = subject.entry(key) {
            file.insert(key.to_owned(), entry.node.to_json());
        }
    }
    subject.leave_evals();
    Written {
        text: yaml_text(&Json::Object(file)),
        partials: BTreeMap::new(),
    }
}

fn parameters(subject: &mut Subject<'_>) -> Map<String, Json> {
    let mut parameters = subject.parameters();
    parameters.retain(|key, _| {
        let is_known = PARAMETERS.contains(&key.as_str());
        if !is_known {
            let message = format!("there is no parameter `{key}` there");
            let help = format!("the parameters are {}", PARAMETERS.join(", "));
            subject.left_out("parameter", &["modelParameters", key], &message, &help);
        }
        is_known
    });
    parameters
}

/// A variable is declared there by its use, and that is all.
fn leave_declarations(subject: &mut Subject<'_>) {
    let prompt = subject.prompt;
    for (name, variable) in &prompt.variables {
        let keys = ["variables", name.as_str()];
        let mut lost = Vec::new();
        if variable.description.is_some() {
            lost.push("its description");
        }
        if variable.default.is_some() {
            lost.push("its default");
        }
        if !lost.is_empty() {
            let message = format!(
                "{} of `{name}` cannot be told there",
                lost.join(" and ").replace("its ", "the ")
            );
            let help = "a variable is declared there by its use; callers must give it";
            subject.left_out("declaration", &keys, &message, help);
        }
        if matches!(variable.kind, VariableKind::Integer | VariableKind::Number) {
            let message = format!("`{name}` is text there, like every variable");
            let help = "give the number as it is to be printed";
            subject.changed("variable-type", &keys, &message, help);
        }
    }
}

fn response_format(subject: &mut Subject<'_>, file: &mut Map<String, Json>) {
    let format = match &subject.prompt.response_format {
        ResponseFormat::Text => return,
        ResponseFormat::JsonObject => "json_object",
        ResponseFormat::JsonSchema(_) => {
            // A text, because that is what GitHub reads.
            let schema = subject.prompt.response_format.canonical();
            let schema = serde_json::to_string_pretty(&schema).unwrap_or_default();
            file.insert("responseFormat".to_owned(), json!("json_schema"));
            file.insert("jsonSchema".to_owned(), json!(schema));
            return;
        }
    };
    file.insert("responseFormat".to_owned(), json!(format));
}

fn messages(subject: &mut Subject<'_>) -> Vec<Json> {
    let prompt = subject.prompt;
    let mut messages = Vec::new();
    for (index, message) in prompt.messages.iter().enumerate() {
        let role = subject.role(index);
        let mut plain = Plain::default();
        let parts = match &message.content {
            Content::Text(template) => vec![template],
            Content::Parts(parts) => texts(subject, index, parts),
        };
        for template in parts {
            let standing = Standing {
                source: subject.source,
                template,
            };
            plain.template(subject, standing);
        }
        let content = plain.finish(subject, index);
        messages.push(json!({"role": role.name(), "content": content}));
    }
    messages
}

/// The texts of a message of several parts, which is one text there.
fn texts<'p>(subject: &mut Subject<'_>, index: usize, parts: &'p [Part]) -> Vec<&'p Template> {
    if parts.iter().any(|part| matches!(part, Part::Media(_))) {
        let message = "pictures and documents have no place in a message there";
        let help = "say in words what they show";
        subject.refuse_message("media", index, message, help);
    } else if parts.len() > 1 {
        let message = "the parts of this message are one text there";
        let help = "nothing stands between them: end a part with a line break if one is needed";
        subject.changed_message("joined-parts", index, message, help);
    }
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(template) => Some(template),
        Part::Media(_) => None,
    });
    texts.collect()
}

/// A text in which names are replaced.
#[derive(Default)]
struct Plain {
    text: String,
    /// Where the last stretch of plain text begins in `text`.
    literal: usize,
}

impl Plain {
    fn template(&mut self, subject: &mut Subject<'_>, standing: Standing<'_>) {
        subject.remark_comments(standing);
        let read = read(&standing.template.text);
        self.statements(subject, standing, statements(&read));
    }

    fn statements(&mut self, subject: &mut Subject<'_>, standing: Standing<'_>, all: &[Stmt<'_>]) {
        for statement in all {
            match statement {
                Stmt::EmitRaw(it) => self.literal(subject, standing, range(it.span()), it.raw),
                Stmt::EmitExpr(it) => self.print(subject, standing, &it.expr),
                Stmt::Include(it) => {
                    let name = it.name.as_const();
                    let name = name.as_ref().and_then(|name| name.as_str());
                    let includes = subject.includes;
                    if let Some(included) = name.and_then(|name| includes.get(name)) {
                        self.template(subject, included.standing());
                    }
                }
                other => {
                    let (what, span) = described(other);
                    no_counterpart(subject, standing, range(span), what);
                }
            }
        }
    }

    fn print(&mut self, subject: &mut Subject<'_>, standing: Standing<'_>, expr: &Expr<'_>) {
        if let Some(value) = expr.as_const() {
            return self.literal(subject, standing, place(expr), &value.to_string());
        }
        match expr {
            Expr::Var(it) => {
                let kind = subject.prompt.variables.get(it.id).map(|it| it.kind);
                if matches!(
                    kind,
                    Some(VariableKind::String | VariableKind::Integer | VariableKind::Number)
                ) {
                    return self.name(subject, standing, place(expr), it.id);
                }
                let kind = kind.map_or("a function", VariableKind::name);
                let what = format!("`{}`, which is of type {kind}", it.id);
                no_counterpart(subject, standing, place(expr), &what);
            }
            Expr::BinOp(it) if matches!(it.op, BinOpKind::Concat) => {
                self.print(subject, standing, &it.left);
                self.print(subject, standing, &it.right);
            }
            other => {
                let what = described_expression(other);
                no_counterpart(subject, standing, place(other), &what);
            }
        }
    }

    fn name(
        &mut self,
        subject: &mut Subject<'_>,
        standing: Standing<'_>,
        at: Range<usize>,
        name: &str,
    ) {
        if self.text[self.literal..].ends_with('{') {
            looks_like_a_tag(subject, standing, at);
        }
        self.text.push_str("{{");
        self.text.push_str(name);
        self.text.push_str("}}");
        self.literal = self.text.len();
    }

    fn literal(
        &mut self,
        subject: &mut Subject<'_>,
        standing: Standing<'_>,
        at: Range<usize>,
        text: &str,
    ) {
        let is_open = self.text[self.literal..].ends_with('{');
        let seam = self.text.len() - usize::from(is_open);
        self.text.push_str(text);
        if TAGS.iter().any(|tag| self.text[seam..].contains(tag)) {
            looks_like_a_tag(subject, standing, at);
        }
    }

    fn finish(mut self, subject: &mut Subject<'_>, index: usize) -> String {
        if self.text.ends_with('\n') {
            let message = "this message ends with one line break more there";
            let help = "here one is cut off a template, and GitHub cuts none";
            subject.changed_message("final-line-break", index, message, help);
            self.text.push('\n');
        }
        self.text
    }
}

fn looks_like_a_tag(subject: &mut Subject<'_>, standing: Standing<'_>, at: Range<usize>) {
    let message = "this text would be read as a tag";
    let help = "there is no way to write `{{`, `{%` or `{#` as text in GitHub's format";
    subject.refuse_text("literal-tag", standing, at, message, help);
}

fn no_counterpart(subject: &mut Subject<'_>, standing: Standing<'_>, at: Range<usize>, what: &str) {
    let message = format!("{what} has no counterpart in GitHub's format");
    let help = "templates replace `{{name}}` there and do no more: give what is to be printed as a \
                variable, or keep the file as it is, which pointsman runs unchanged";
    subject.refuse_text("no-counterpart", standing, at, &message, help);
}
