//! Google's dotprompt: files `.prompt` with settings in YAML and a template in Handlebars. What they mean
//! is what the JavaScript implementation (npm `dotprompt` 1.1.2) does with them.

mod blocks;
mod messages;
mod partials;
mod picoschema;
mod scope;
mod settings;
mod template;
mod value;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::Findings;
use crate::domain::prompt::ModelRef;
use crate::engine::ports::FileTree;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::front_matter::cut;

use super::draft::Draft;
use super::each::{import_each, read_sources};
use super::front_matter::open;
use super::handlebars::parse;
use super::remarks::{At, Remarks};
use super::settings::{Models, prompt_id};
use super::{Import, sniff};
use partials::{Partials, partial_name};
use scope::Scope;
use settings::Settings;
use template::Translator;

/// How files of prompts, and of partials, end.
pub const ENDING: &str = ".prompt";

/// How many bytes of partials one prompt may use, each use counted.
const PARTIALS_BUDGET: usize = 4 * 1024 * 1024;

/// Reads the prompts in `files` of `tree`. Partials are found by their names from the top of the tree.
/// `model` answers for prompts that name none.
pub fn import(
    tree: &dyn FileTree,
    files: &[String],
    model: Option<&ModelRef>,
) -> Result<Import, Findings> {
    let prompts = files.iter().filter(|file| partial_name(file).is_none());
    let sources = read_sources(tree, &prompts.collect::<Vec<_>>())?;
    let partials = read_partials(tree, &sources)?;
    let mut includes = BTreeMap::new();
    let mut import = import_each(&sources, model, |source, models, remarks| {
        draft(source, &partials, &mut includes, models, remarks)
    });
    for (name, text) in includes {
        import
            .files
            .insert(format!("prompts/_partials/{name}"), text);
    }
    Ok(import)
}

/// The partials that the templates use, and those that these use.
fn read_partials(tree: &dyn FileTree, sources: &[Source]) -> Result<Partials, Findings> {
    let mut read: BTreeMap<String, Source> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let bodies = sources.iter().map(|source| match cut(source, &["---"]) {
        Ok(parts) => parts.body.text,
        Err(_) => String::new(),
    });
    let mut wanted: Vec<String> = bodies.flat_map(|body| names_in(&body)).collect();
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let path = match name.rsplit_once('/') {
            Some((folder, file)) => format!("{folder}/_{file}{ENDING}"),
            None => format!("_{name}{ENDING}"),
        };
        let is_inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if is_inside && let Some(source) = read_text(tree, &path)? {
            wanted.extend(names_in(&source.text));
            read.insert(name, source);
        }
    }
    Ok(Partials::new(read))
}

/// The partials that a template uses; none where it cannot be read.
fn names_in(template: &str) -> Vec<String> {
    parse(template).map_or_else(|_| Vec::new(), |program| partials::names(&program))
}

/// Reads one file. What it includes is added to `includes`.
fn draft(
    source: &Source,
    partials: &Partials,
    includes: &mut BTreeMap<String, String>,
    models: &mut Models,
    remarks: &mut Remarks,
) -> Option<Draft> {
    let id = prompt_id(&source.path, ENDING, remarks)?;
    let opened = open(source, &["---"], remarks)?;
    let body = &opened.body;
    sniff::expect_dotprompt(body, remarks)?;
    let program = match parse(&body.text) {
        Ok(mut program) => {
            if opened.has_settings {
                program.trim();
            }
            program
        }
        Err(error) => {
            let at = At::Bytes(body, error.range);
            remarks.refuse("invalid-template", at, error.message, error.help);
            return None;
        }
    };
    let settings = Settings::read(&id, &opened, models, remarks)?;
    let mut taken: BTreeSet<String> = settings.variables.declared().collect();
    for program in partials.programs().chain([&program]) {
        partials::collect_names(program, &mut taken);
    }
    let mut translator = Translator {
        source: body,
        partials,
        variables: settings.variables,
        scope: Scope::default(),
        taken,
        path: Vec::new(),
        budget: PARTIALS_BUDGET,
        includes: includes.clone(),
        remarks: std::mem::take(remarks),
    };
    let messages = translator.messages(&program);
    let Translator {
        variables,
        includes: all_includes,
        remarks: all_remarks,
        ..
    } = translator;
    *remarks = all_remarks;
    if messages.is_empty() {
        let at = At::Bytes(body, 0..1);
        remarks.refuse("no-messages", at, "there is no message", "write a template");
    }
    let variables = variables.declarations(remarks, &settings.input_place);
    if !remarks.is_refused() {
        *includes = all_includes;
    }
    Some(Draft {
        id,
        name: settings.name,
        description: settings.description,
        model: settings.model,
        model_parameters: settings.parameters,
        variables,
        messages,
        response_format: settings.response_format,
        tools: settings.tools,
        rows: Vec::new(),
    })
}
