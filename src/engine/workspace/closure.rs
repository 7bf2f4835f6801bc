//! A prompt with all it includes: what is fingerprinted, rendered and released as one.

use std::collections::BTreeMap;
use std::io::Write;

use indexmap::IndexMap;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Findings};
use crate::domain::prompt::{Prompt, Template, Variable};
use crate::domain::run::{ModelRequest, RenderedMessage};
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::FileTree;

use super::document::Source;
use super::files::read_text;
use super::template::{Include, engine_finding, engine_message, find_name, include_path, includes};

/// How many steps a template may take, loops included.
const FUEL: u64 = 1_000_000;

/// The longest message that a template may print, in bytes.
const MAX_RENDERED_BYTES: usize = 4 * 1024 * 1024;

/// A prompt with all it includes, compiled.
pub struct Closure {
    prompt: Prompt,
    includes: IndexMap<String, String>,
    engine: Environment<'static>,
    used: Vec<String>,
}

/// A prompt could not be rendered with these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub String);

impl Closure {
    /// Compiles a prompt that was read from `source`. Templates that do not parse, includes that are
    /// missing or go in circles, and variables that are not declared are findings.
    pub fn compile(prompt: Prompt, source: &Source, tree: &dyn FileTree) -> Result<Self, Findings> {
        let mut compiler = Compiler {
            prompt: &prompt,
            tree,
            engine: engine(),
            includes: IndexMap::new(),
            used: Vec::new(),
            findings: Vec::new(),
        };
        for (index, message) in prompt.messages.iter().enumerate() {
            let name = message_name(index);
            compiler.add(source, &name, &message.content, &mut Vec::new());
        }
        let Compiler {
            engine,
            mut includes,
            used,
            findings,
            ..
        } = compiler;
        if !findings.is_empty() {
            return Err(Findings(findings));
        }
        includes.sort_keys();
        Ok(Self {
            prompt,
            includes,
            engine,
            used,
        })
    }

    /// The prompt.
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// The partials that the templates reach: path (relative to the workspace root) to content.
    pub fn includes(&self) -> &IndexMap<String, String> {
        &self.includes
    }

    /// See [`Prompt::fingerprint`].
    pub fn fingerprint(&self) -> Digest {
        self.prompt.fingerprint(&self.includes)
    }

    /// The declared variables that no template uses.
    pub fn unused_variables(&self) -> impl Iterator<Item = (&String, &Variable)> {
        let declared = self.prompt.variables.iter();
        declared.filter(|(name, _)| !self.used.contains(name))
    }

    /// Renders the prompt. A declared variable must have a value of its kind, or a default; a text
    /// that spells such a value will do, because the cells of a CSV file have no other kind. Values
    /// for variables that are not declared are left aside: a row may hold more than one prompt needs.
    pub fn render(
        &self,
        variables: &IndexMap<String, Value>,
        repeat_index: u32,
    ) -> Result<ModelRequest, RenderError> {
        let values = self.values(variables)?;
        let mut messages = Vec::with_capacity(self.prompt.messages.len());
        for (index, message) in self.prompt.messages.iter().enumerate() {
            messages.push(RenderedMessage {
                role: message.role,
                content: self.render_message(index, &values)?,
            });
        }
        Ok(ModelRequest {
            prompt: self.prompt.id.clone(),
            model: self.prompt.model.clone(),
            messages,
            parameters: self.prompt.model_parameters.clone(),
            response_format: self.prompt.response_format.clone(),
            tools: self.prompt.tools.clone(),
            repeat_index,
        })
    }

    /// Renders the prompt for a row: with its variables, and with its conversation after the
    /// prompt's own messages.
    pub fn render_row(&self, row: &Row, repeat_index: u32) -> Result<ModelRequest, RenderError> {
        let mut request = self.render(&row.vars, repeat_index)?;
        request.messages.extend(row.messages.iter().cloned());
        Ok(request)
    }

    fn values(
        &self,
        given: &IndexMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, RenderError> {
        let mut values = BTreeMap::new();
        for (name, variable) in &self.prompt.variables {
            let value = given
                .get(name)
                .or(variable.default.as_ref())
                .ok_or_else(|| {
                    RenderError(format!("the variable `{name}` has no value and no default"))
                })?;
            let value = coerce(variable, value).ok_or_else(|| {
                RenderError(format!(
                    "the variable `{name}` must be of type {}",
                    variable.kind.name()
                ))
            })?;
            values.insert(name.clone(), value);
        }
        Ok(values)
    }

    fn render_message(
        &self,
        index: usize,
        values: &BTreeMap<String, Value>,
    ) -> Result<String, RenderError> {
        let failed = |error: minijinja::Error| {
            RenderError(format!(
                "message {} cannot be rendered: {}",
                index + 1,
                engine_message(&error)
            ))
        };
        let template = self
            .engine
            .get_template(&message_name(index))
            .map_err(failed)?;
        let mut output = Capped(Vec::new());
        template
            .render_captured_to(Serde(values), &mut output)
            .map_err(failed)?;
        Ok(String::from_utf8(output.0).expect("a template engine that works on text prints text"))
    }
}

fn message_name(index: usize) -> String {
    format!("message {}", index + 1)
}

/// The value as one of the variable's kind, if it is or spells one.
pub fn coerce(variable: &Variable, value: &Value) -> Option<Value> {
    if variable.kind.accepts(value) {
        return Some(value.clone());
    }
    let spelled: Value = serde_json::from_str(value.as_str()?).ok()?;
    variable.kind.accepts(&spelled).then_some(spelled)
}

/// A template engine that is strict about names, reads no file by itself and has no filter that can
/// be told to fill memory.
fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    engine.set_debug(true);
    for filter in ["format", "indent", "center"] {
        engine.remove_filter(filter);
    }
    for global in ["debug", "namespace"] {
        engine.remove_global(global);
    }
    engine
}

/// Takes what is printed, up to a limit.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED_BYTES {
            let message = format!("the text grows beyond {MAX_RENDERED_BYTES} bytes");
            return Err(std::io::Error::other(message));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Compiler<'c> {
    prompt: &'c Prompt,
    tree: &'c dyn FileTree,
    engine: Environment<'static>,
    includes: IndexMap<String, String>,
    used: Vec<String>,
    findings: Vec<Finding>,
}

impl Compiler<'_> {
    /// Adds a template and, before it, what it includes. `path` is the chain of includes above it.
    fn add(&mut self, source: &Source, name: &str, template: &Template, path: &mut Vec<String>) {
        if let Err(error) = self
            .engine
            .add_template_owned(name.to_owned(), template.text.clone())
        {
            self.findings.push(engine_finding(source, template, &error));
            return;
        }
        self.check_names(source, name, template);
        match includes(source, template) {
            Ok(includes) => {
                for include in &includes {
                    self.include(source, include, path);
                }
            }
            Err(findings) => self.findings.extend(findings),
        }
    }

    fn check_names(&mut self, source: &Source, name: &str, template: &Template) {
        let Ok(compiled) = self.engine.get_template(name) else {
            return;
        };
        let mut names: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
        names.sort();
        let globals: Vec<String> = self
            .engine
            .globals()
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in names {
            if self.prompt.variables.contains_key(&name) {
                self.used.push(name);
            } else if !globals.contains(&name) {
                let place = source.place(find_name(template, &name));
                let known = self.prompt.variables.keys().map(String::as_str);
                let help = format!(
                    "declare it under `variables` of {}; {}",
                    self.prompt.id.path(),
                    did_you_mean(&name, known)
                );
                let message = format!("the variable `{name}` is not declared");
                self.findings
                    .push(Finding::error("undeclared-variable", place, message).with_help(help));
            }
        }
    }

    fn include(&mut self, source: &Source, include: &Include, path: &mut Vec<String>) {
        let place = source.place(include.span);
        let Some(file) = include_path(&include.name) else {
            let message = format!("`{}` cannot be included", include.name);
            let help = "includes live below `prompts/_partials/`: write `{% include \"_partials/name.md\" %}`";
            self.findings
                .push(Finding::error("invalid-include", place, message).with_help(help));
            return;
        };
        if path.contains(&file) {
            let message = format!("`{}` includes itself", include.name);
            self.findings.push(
                Finding::error("include-cycle", place, message).with_help("break the circle"),
            );
            return;
        }
        if self.includes.contains_key(&file) {
            return;
        }
        match read_text(self.tree, &file) {
            Ok(Some(partial)) => {
                let template = Template {
                    text: partial.text.clone(),
                    span: start_of_file(),
                };
                self.includes.insert(file.clone(), partial.text.clone());
                path.push(file);
                self.add(&partial, &include.name, &template, path);
                path.pop();
            }
            Ok(None) => {
                let message = format!("there is no `{file}`");
                let help = "write the file, or correct the name";
                self.findings
                    .push(Finding::error("missing-include", place, message).with_help(help));
            }
            Err(findings) => self.findings.extend(findings.0),
        }
    }
}

fn start_of_file() -> crate::domain::finding::Span {
    crate::domain::finding::Span {
        line: 1,
        column: 1,
        length: 1,
    }
}
