//! Partials: files `_name.prompt`, which templates use as `{{> name}}`. One that is used with nothing
//! but the variables of the prompt becomes a file to include; any other is written out where it is used.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::prompt::VariableKind;
use crate::domain::suggest::did_you_mean;
use crate::engine::workspace::document::Source;

use super::super::handlebars::tree::{
    Block, Call, Expression, Kind, Partial, Program, Statement, Text,
};
use super::super::handlebars::{SyntaxError, parse};
use super::super::jinja::{Jinja, variable_name};
use super::super::remarks::At;
use super::scope::{Frame, Level};
use super::template::{MARKERS, Translator};

/// What the use of a partial costs, beside its bytes.
const PARTIAL_COST: usize = 100;

/// A partial.
#[derive(Debug)]
pub(super) struct PartialFile {
    /// Its file.
    pub(super) source: Source,
    /// What it says, or why that cannot be read.
    pub(super) program: Result<Program, SyntaxError>,
}

/// The partials of a folder by name: `_tone.prompt` is `tone`, `a/_b.prompt` is `a/b`.
#[derive(Debug, Default)]
pub(super) struct Partials {
    files: BTreeMap<String, PartialFile>,
    /// Those that say where messages begin, themselves or by another partial.
    marked: BTreeSet<String>,
}

impl Partials {
    /// Reads partials.
    pub(super) fn new(files: BTreeMap<String, Source>) -> Self {
        let read = |(name, source): (String, Source)| {
            let program = parse(&source.text);
            (name, PartialFile { source, program })
        };
        let files = files.into_iter().map(read).collect();
        let marked = marked(&files);
        Self { files, marked }
    }

    /// Whether a partial says where messages begin.
    pub(super) fn is_marked(&self, call: &Call) -> bool {
        literal_name(call).is_some_and(|name| self.marked.contains(name))
    }

    /// The programs that can be read.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        let files = self.files.values();
        files.filter_map(|file| file.program.as_ref().ok())
    }
}

/// The partials that a template uses.
pub(super) fn names(program: &Program) -> Vec<String> {
    let mut uses = Uses::default();
    uses.collect(program);
    uses.partials.into_iter().map(str::to_owned).collect()
}

/// The partials that say where messages begin, and those that use them.
fn marked(files: &BTreeMap<String, PartialFile>) -> BTreeSet<String> {
    let mut marked = BTreeSet::new();
    let mut used_by = Vec::new();
    for (name, file) in files {
        let Ok(program) = &file.program else { continue };
        let mut uses = Uses::default();
        uses.collect(program);
        if uses.has_markers {
            marked.insert(name.clone());
        }
        used_by.push((name, uses.partials));
    }
    loop {
        let count = marked.len();
        for (name, partials) in &used_by {
            if partials.iter().any(|partial| marked.contains(*partial)) {
                marked.insert((*name).clone());
            }
        }
        if marked.len() == count {
            return marked;
        }
    }
}

/// What a template uses.
#[derive(Default)]
struct Uses<'t> {
    has_markers: bool,
    partials: BTreeSet<&'t str>,
}

impl<'t> Uses<'t> {
    fn collect(&mut self, program: &'t Program) {
        for statement in &program.body {
            match &statement.kind {
                Kind::Print(call) => {
                    let helper = call.helper();
                    self.has_markers |= helper.is_some_and(|name| MARKERS.contains(&name));
                }
                Kind::Block(block) => {
                    let parts = [&block.program, &block.inverse];
                    for part in parts.into_iter().flatten() {
                        self.collect(part);
                    }
                }
                Kind::Partial(partial) => self.partials.extend(literal_name(&partial.call)),
                Kind::Text(_) | Kind::Comment(_) => {}
            }
        }
    }
}

/// The name of the partial in a file, if it is one.
pub(super) fn partial_name(path: &str) -> Option<String> {
    let (folder, file) = match path.rsplit_once('/') {
        Some((folder, file)) => (format!("{folder}/"), file),
        None => (String::new(), path),
    };
    let name = file.strip_prefix('_')?.strip_suffix(".prompt")?;
    Some(format!("{folder}{name}"))
}

impl<'t> Translator<'t> {
    /// Translates the use of a partial inside a message.
    pub(super) fn partial(&mut self, out: &mut Jinja, partial: &Partial) {
        let Some((name, file, program)) = self.find_partial(&partial.call) else {
            return;
        };
        let is_plain = partial.call.is_bare()
            && partial.indent.is_empty()
            && self.scope.is_at_root()
            && self.scope.loop_count() == 0;
        if is_plain && !self.partials.is_marked(&partial.call) {
            let include = self.include(&name, file, program);
            return out.tag(&include);
        }
        let Some(frame) = self.frame_of(&partial.call) else {
            return;
        };
        let indented = indented(program, &partial.indent);
        let floor = self.scope.enter_partial(frame);
        self.read_partial(name, file, |translator| {
            translator.statements(out, &indented.body);
        });
        self.scope.leave_partial(floor);
        if !partial.indent.is_empty() {
            let at = At::Bytes(self.source, partial.call.range.clone());
            let message = "lines of values are not indented here, only those of the partial";
            let help = "this partial stands indented, so that it is written out";
            self.remarks.changed("indented-partial", at, message, help);
        }
    }

    /// Reads a partial's statements, whose places are those of its own file.
    pub(super) fn read_partial<R>(
        &mut self,
        name: String,
        file: &'t PartialFile,
        read: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = std::mem::replace(&mut self.source, &file.source);
        self.path.push(name);
        let result = read(self);
        self.path.pop();
        self.source = outer;
        result
    }

    /// The partial that is used here. One that is not there, or uses itself, is a remark.
    pub(super) fn find_partial(
        &mut self,
        call: &Call,
    ) -> Option<(String, &'t PartialFile, &'t Program)> {
        let Some(name) = literal_name(call).map(str::to_owned) else {
            let message = "a partial whose name is computed has no counterpart";
            let help = "choose between partials with `{{#if}}`";
            self.refuse("dynamic-partial", call.range.clone(), message, help);
            return None;
        };
        if self.path.contains(&name) {
            let message = format!("the partial `{name}` uses itself");
            self.refuse(
                "partial-cycle",
                call.range.clone(),
                message,
                "break the circle",
            );
            return None;
        }
        let partials = self.partials;
        let Some(file) = partials.files.get(&name) else {
            let known = did_you_mean(&name, partials.files.keys().map(String::as_str));
            let message = format!("there is no partial `{name}`");
            let help = format!("import the folder that holds `_{name}.prompt`; {known}");
            self.refuse("missing-partial", call.range.clone(), message, &help);
            return None;
        };
        let size = file.source.text.len() + PARTIAL_COST;
        let Some(budget) = self.budget.checked_sub(size) else {
            let message = "the partials that are used here are too large together";
            let help = "use fewer or smaller ones";
            self.refuse("too-large", call.range.clone(), message, help);
            return None;
        };
        self.budget = budget;
        match &file.program {
            Ok(program) => Some((name, file, program)),
            Err(error) => {
                let at = At::Bytes(&file.source, error.range.clone());
                self.remarks
                    .refuse("invalid-template", at, &error.message, &error.help);
                None
            }
        }
    }

    /// The tag that includes a partial, whose file is written along. Where another prompt of this import
    /// needs the same partial in other words, it is written out.
    fn include(&mut self, name: &str, file: &'t PartialFile, program: &'t Program) -> String {
        let text = self.read_partial(name.to_owned(), file, |translator| {
            let mut inner = Jinja::default();
            translator.statements(&mut inner, &program.body);
            inner
        });
        let path = include_name(name);
        let whole = text.clone().finish();
        let known = self
            .includes
            .entry(path.clone())
            .or_insert_with(|| whole.clone());
        if *known == whole {
            format!("{{% include \"_partials/{path}\" %}}")
        } else {
            text.between_tags()
        }
    }

    /// The context and the parameters of a partial.
    pub(super) fn frame_of(&mut self, call: &Call) -> Option<Frame> {
        let context = match call.params.as_slice() {
            [] => match self.scope.level(0) {
                Level::Frame(frame) => Frame {
                    context: frame.context.clone(),
                    names: Vec::new(),
                    fields: frame.fields.clone(),
                },
                Level::Template | Level::Outside => Frame::new(None),
            },
            [value] => {
                let value = self.value(value)?;
                self.variables.guess(&value, VariableKind::Object);
                Frame::new(Some(value))
            }
            _ => return self.wrong_parameters(">", call),
        };
        let mut frame = context;
        for (key, value) in &call.hash {
            let value = self.value(value)?;
            frame.fields.insert(0, (key.clone(), value));
        }
        Some(frame)
    }
}

/// The name of the partial that is used, where it is written out.
fn literal_name(call: &Call) -> Option<&str> {
    match &call.name {
        Expression::Path(path) if !path.is_data && path.up == 0 => Some(&path.original),
        Expression::Text(text) => Some(text),
        _ => None,
    }
}

/// The file that a partial becomes, below `prompts/_partials/`.
fn include_name(name: &str) -> String {
    let plain = |character: char| {
        let is_plain = character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '/');
        if is_plain { character } else { '-' }
    };
    let name: String = name.chars().map(plain).collect();
    format!("{name}.md")
}

/// The program with each of its lines indented.
fn indented(program: &Program, indent: &str) -> Program {
    let mut program = program.clone();
    if !indent.is_empty() {
        let count = program.body.len();
        indent_lines(&mut program, indent);
        let last = program.body.get_mut(count.wrapping_sub(1));
        if let Some(Kind::Text(text)) = last.map(|statement| &mut statement.kind)
            && text.value.ends_with(&format!("\n{indent}"))
        {
            text.value.truncate(text.value.len() - indent.len());
        }
        program.body.insert(0, Statement::text(indent));
    }
    program
}

fn indent_lines(program: &mut Program, indent: &str) {
    for statement in &mut program.body {
        match &mut statement.kind {
            Kind::Text(Text { value, .. }) => {
                *value = value.replace('\n', &format!("\n{indent}"));
            }
            Kind::Block(block) => {
                let parts = [&mut block.program, &mut block.inverse];
                for part in parts.into_iter().flatten() {
                    indent_lines(part, indent);
                }
            }
            Kind::Comment(_) | Kind::Print(_) | Kind::Partial(_) => {}
        }
    }
}

/// Collects the first names of all paths: no variable of a loop may be called like one of them.
pub(super) fn collect_names(program: &Program, names: &mut BTreeSet<String>) {
    for statement in &program.body {
        match &statement.kind {
            Kind::Text(_) | Kind::Comment(_) => {}
            Kind::Print(call) => collect_call(call, names),
            Kind::Partial(partial) => collect_call(&partial.call, names),
            Kind::Block(block) => {
                let Block {
                    call,
                    program,
                    inverse,
                    ..
                } = block.as_ref();
                collect_call(call, names);
                for part in [program, inverse].into_iter().flatten() {
                    collect_names(part, names);
                }
            }
        }
    }
}

fn collect_call(call: &Call, names: &mut BTreeSet<String>) {
    let hash = call.hash.iter().map(|(_, value)| value);
    for expression in [&call.name].into_iter().chain(&call.params).chain(hash) {
        match expression {
            Expression::Path(path) => {
                let used = path.segments.iter().take(2);
                names.extend(used.map(|name| variable_name(name)));
            }
            Expression::Call(call) => collect_call(call, names),
            _ => {}
        }
    }
}
