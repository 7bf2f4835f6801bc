//! Compiles the templates of a prompt, and collects the files that they and the messages reach.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use minijinja::Environment;

use crate::domain::content::{MediaPart, MediaSource};
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::media::MediaKind;
use crate::domain::prompt::{Prompt, Template};
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::FileTree;

use super::document::Source;
use super::files::read_text;
use super::media::{
    MAX_REQUEST_MEDIA_BYTES, MediaFile, expect_kind, prompt_media_path, read_media,
};
use super::renderer::{add_template, endless_tag, engine};
use super::template::{Include, engine_finding, find_name, include_path, includes, span_in_file};

/// What a prompt is made of, ready to render.
pub(super) struct Compiled {
    pub(super) engine: Environment<'static>,
    /// The partials that the templates reach: path to content.
    pub(super) includes: IndexMap<String, String>,
    /// The files that the messages show, by the names that they have there.
    pub(super) media: BTreeMap<String, MediaFile>,
    /// The variables that are used.
    pub(super) used: Vec<String>,
}

/// The name under which the engine knows the text of a message, or of one of its parts.
pub(super) fn template_name(message_index: usize, part_number: usize) -> String {
    format!("message {}, part {part_number}", message_index + 1)
}

/// Compiles a prompt. What is wrong with it, or missing, is collected in full.
pub(super) fn compile(
    prompt: &Prompt,
    source: &Source,
    tree: &dyn FileTree,
) -> Result<Compiled, Findings> {
    let mut compiler = Compiler {
        prompt,
        tree,
        compiled: Compiled {
            engine: engine(),
            includes: IndexMap::new(),
            media: BTreeMap::new(),
            used: Vec::new(),
        },
        media_bytes: 0,
        findings: Vec::new(),
    };
    for (index, message) in prompt.messages.iter().enumerate() {
        for (number, template) in message.content.templates() {
            let name = template_name(index, number);
            compiler.add(source, &name, template, &mut Vec::new());
        }
        for part in message.content.media() {
            compiler.add_media(source, part);
        }
    }
    let Compiler {
        mut compiled,
        findings,
        ..
    } = compiler;
    if !findings.is_empty() {
        return Err(Findings(findings));
    }
    compiled.includes.sort_keys();
    Ok(compiled)
}

struct Compiler<'c> {
    prompt: &'c Prompt,
    tree: &'c dyn FileTree,
    compiled: Compiled,
    media_bytes: u64,
    findings: Vec<Finding>,
}

impl Compiler<'_> {
    /// Adds a template and, before it, what it includes. `path` is the chain of includes above it.
    fn add(&mut self, source: &Source, name: &str, template: &Template, path: &mut Vec<String>) {
        if let Some(range) = endless_tag(&template.text) {
            let place = source.place(span_in_file(template, range));
            let message = "this tag or line is longer than one of a template may be";
            let finding = Finding::error("endless-tag", place, message);
            self.findings
                .push(finding.with_help("take it apart with `{% set … %}`"));
            return;
        }
        let what = format!("compiling {name} of `{}`", self.prompt.id);
        let added = add_template(&mut self.compiled.engine, name, &template.text, what);
        if let Err(error) = added {
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
        let engine = &self.compiled.engine;
        let Ok(compiled) = engine.get_template(name) else {
            return;
        };
        let mut names: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
        names.sort();
        let globals: Vec<String> = engine.globals().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let place = || source.place(find_name(template, &name));
            match self.prompt.variables.get(&name) {
                Some(variable) if variable.kind.media().is_some() => {
                    let kind = variable.kind.name();
                    let message = format!("the variable `{name}` is no text: its type is {kind}");
                    let help = format!("show it as a part: `{{ type: {kind}, variable: {name} }}`");
                    self.findings
                        .push(Finding::error("media-in-text", place(), message).with_help(help));
                }
                Some(_) => self.compiled.used.push(name),
                None if globals.contains(&name) => {}
                None => {
                    let finding = self.undeclared(&name, place());
                    self.findings.push(finding);
                }
            }
        }
    }

    fn undeclared(&self, name: &str, place: Place) -> Finding {
        let known = self.prompt.variables.keys().map(String::as_str);
        let help = format!(
            "declare it under `variables` of {}; {}",
            self.prompt.id.path(),
            did_you_mean(name, known)
        );
        let message = format!("the variable `{name}` is not declared");
        Finding::error("undeclared-variable", place, message).with_help(help)
    }

    fn add_media(&mut self, source: &Source, part: &MediaPart) {
        let place = source.place(part.span);
        match &part.source {
            MediaSource::Variable(name) => match self.prompt.variables.get(name) {
                None => {
                    let finding = self.undeclared(name, place);
                    self.findings.push(finding);
                }
                Some(variable) if variable.kind.media() == Some(part.kind) => {
                    self.compiled.used.push(name.clone());
                }
                Some(variable) => {
                    self.compiled.used.push(name.clone());
                    let (found, wanted) = (variable.kind.name(), part.kind.name());
                    let message = format!("the variable `{name}` is of type {found}, not {wanted}");
                    let help = format!("declare it as `{name}: {{ type: {wanted} }}`");
                    self.findings
                        .push(Finding::error("wrong-type", place, message).with_help(help));
                }
            },
            MediaSource::File(name) => self.add_file(place, part.kind, name),
        }
    }

    /// Reads a file of the prompt, as long as all of them together are not too large.
    fn add_file(&mut self, place: Place, kind: MediaKind, name: &str) {
        if self.media_bytes > MAX_REQUEST_MEDIA_BYTES {
            return;
        }
        let read = prompt_media_path(name).and_then(|path| {
            let file = read_media(self.tree, &path)?;
            expect_kind(&file.media, kind)?;
            Ok(file)
        });
        let file = match read {
            Ok(file) => file,
            Err(error) => return self.findings.push(error.at(place)),
        };
        self.media_bytes += file.media.bytes;
        if self.media_bytes > MAX_REQUEST_MEDIA_BYTES {
            let message = format!(
                "the files up to here are more than the {MAX_REQUEST_MEDIA_BYTES} bytes that one \
                 request may show"
            );
            self.findings.push(
                Finding::error("too-large", place, message)
                    .with_help("show fewer or smaller files"),
            );
        }
        self.compiled.media.insert(name.to_owned(), file);
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
        if self.compiled.includes.contains_key(&file) {
            return;
        }
        match read_text(self.tree, &file) {
            Ok(Some(mut partial)) => {
                // As git keeps it, however it was checked out: a prompt is the same prompt on every machine.
                partial.text = partial.text.replace("\r\n", "\n");
                let template = Template {
                    text: partial.text.clone(),
                    span: start_of_file(),
                };
                self.compiled
                    .includes
                    .insert(file.clone(), partial.text.clone());
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

fn start_of_file() -> Span {
    Span {
        line: 1,
        column: 1,
        length: 1,
    }
}
