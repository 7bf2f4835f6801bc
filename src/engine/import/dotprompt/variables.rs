//! The variables of a template: what they are called here, and what is known or guessed of them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::domain::finding::{Place, Span};
use crate::domain::media::MediaKind;
use crate::domain::prompt::{Variable, VariableKind};

use super::super::jinja::variable_name;
use super::super::remarks::{At, Remarks};
use super::super::shape::{Shape, kind_of, nothing};
use super::super::usage::stronger;
use super::value::Named;

/// How many variables a prompt may have: a hostile file could name millions.
const MAX_VARIABLES: usize = 1_000;

/// Where a name comes from: the input, or what the caller's context has under `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Origin {
    /// `{{name}}`.
    Input(String),
    /// `{{@name}}`.
    Context(String),
}

/// A variable that a template uses.
#[derive(Debug)]
struct Used {
    name: String,
    place: Place,
    guess: Option<VariableKind>,
    media: Option<MediaKind>,
    uses_as_text: usize,
}

/// The variables of one prompt.
#[derive(Debug)]
pub(super) struct Variables {
    schema: Rc<Shape>,
    has_schema: bool,
    defaults: Map<String, Value>,
    used: IndexMap<Origin, Used>,
    /// The names that are in use, and how many others wanted them.
    taken: BTreeMap<String, usize>,
}

impl Variables {
    /// What the front matter declares: the schema of the input, if there is one, and defaults.
    pub(super) fn new(schema: Option<Rc<Shape>>, defaults: Map<String, Value>) -> Self {
        Self {
            has_schema: schema.is_some(),
            schema: schema.unwrap_or_default(),
            defaults,
            used: IndexMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// The names that declarations use or will use, so that nothing else is called like them.
    pub(super) fn declared(&self) -> impl Iterator<Item = String> + '_ {
        let names = self.schema.fields.keys().chain(self.defaults.keys());
        names.map(|name| variable_name(name))
    }

    /// The variable of this name, which is used at `place`.
    pub(super) fn named(&mut self, origin: Origin, place: impl FnOnce() -> Place) -> Named {
        let known = match &origin {
            Origin::Input(name) => self.declaration(name),
            Origin::Context(_) => None,
        };
        let name = self.name_of(&origin, place);
        let Some((shape, is_required)) = known else {
            return Named {
                guessed: Some(origin),
                ..Named::new(name, Rc::default())
            };
        };
        Named {
            may_be_empty: !is_required,
            ..Named::new(name, shape)
        }
    }

    /// What is declared of an input, and whether it must be given.
    fn declaration(&self, name: &str) -> Option<(Rc<Shape>, bool)> {
        let default = self.defaults.get(name);
        if let Some((shape, is_required)) = self.schema.fields.get(name) {
            return Some((Rc::clone(shape), *is_required || default.is_some()));
        }
        let kind = kind_of(default?)?;
        Some((Shape::of(kind), true))
    }

    fn name_of(&mut self, origin: &Origin, place: impl FnOnce() -> Place) -> String {
        if let Some(used) = self.used.get_mut(origin) {
            used.uses_as_text += 1;
            return used.name.clone();
        }
        let (Origin::Input(foreign) | Origin::Context(foreign)) = origin;
        let mut name = variable_name(foreign);
        if matches!(origin, Origin::Context(_)) && self.schema.fields.contains_key(foreign) {
            name.push_str("_context");
        }
        name = self.free(&name);
        let used = Used {
            name: name.clone(),
            place: place(),
            guess: None,
            media: None,
            uses_as_text: 1,
        };
        self.used.insert(origin.clone(), used);
        name
    }

    /// The name, or where it is taken, the name with a number.
    fn free(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        while self.taken.contains_key(&free) {
            let wanted = self.taken.entry(name.to_owned()).or_insert(1);
            *wanted += 1;
            free = format!("{name}_{wanted}");
        }
        self.taken.insert(free.clone(), 1);
        free
    }

    /// Whether another variable would be too many.
    pub(super) fn is_full(&self) -> bool {
        self.used.len() >= MAX_VARIABLES
    }

    /// Takes note of what a variable is used for, where nothing is known of it.
    pub(super) fn guess(&mut self, named: &Named, kind: VariableKind) {
        let origin = named.guessed.as_ref();
        if let Some(used) = origin.and_then(|origin| self.used.get_mut(origin)) {
            used.guess = Some(stronger(used.guess, kind));
        }
    }

    /// Takes note that the last use of an input was to show a picture or a document.
    pub(super) fn show(&mut self, name: &str, kind: MediaKind) {
        if let Some(used) = self.used.get_mut(&Origin::Input(name.to_owned())) {
            used.media = Some(kind);
            used.uses_as_text -= 1;
        }
    }

    /// The declarations, with remarks on what a declaration cannot say. `place` is that of the schema.
    pub(super) fn declarations(
        self,
        remarks: &mut Remarks,
        place: &Place,
    ) -> IndexMap<String, Variable> {
        let mut declared = IndexMap::new();
        for name in self.unused() {
            let message = format!("the variable `{name}` is declared, but no template uses it");
            let help = "it is left out: what a prompt does not use is no part of its contract";
            remarks.left_out("unused-variable", At::Place(place), message, help);
        }
        for (origin, used) in self.in_order() {
            let variable = self.variable(origin, used, remarks, place);
            declared.insert(used.name.clone(), variable);
        }
        declared
    }

    /// Those that are used, in the order of the schema, and then as they are used.
    fn in_order(&self) -> Vec<(&Origin, &Used)> {
        let mut used: Vec<(&Origin, &Used)> = self.used.iter().collect();
        let position = |origin: &Origin| match origin {
            Origin::Input(name) => self.schema.fields.get_index_of(name),
            Origin::Context(_) => None,
        };
        used.sort_by_key(|(origin, _)| position(origin).unwrap_or(usize::MAX));
        used
    }

    fn unused(&self) -> Vec<&String> {
        let names = self.schema.fields.keys().chain(self.defaults.keys());
        let is_unused = |name: &&String| !self.used.contains_key(&Origin::Input((*name).clone()));
        let unused: BTreeSet<&String> = names.filter(is_unused).collect();
        unused.into_iter().collect()
    }

    fn variable(
        &self,
        origin: &Origin,
        used: &Used,
        remarks: &mut Remarks,
        place: &Place,
    ) -> Variable {
        let (foreign, known) = match origin {
            Origin::Input(name) => (name, self.declaration(name)),
            Origin::Context(name) => (name, None),
        };
        if let Origin::Context(name) = origin {
            let message = format!("`@{name}` comes from the caller's context there");
            let help = format!(
                "here it is the variable `{}`, given like the others",
                used.name
            );
            remarks.changed("context-variable", At::Place(&used.place), message, help);
        } else if used.name != *foreign {
            let message = format!("`{foreign}` cannot be the name of a variable here");
            let help = format!("it is called `{}`", used.name);
            remarks.changed("renamed-variable", At::Place(&used.place), message, help);
        }
        // What nothing is declared of must be given.
        let (shape, is_required) = known.unwrap_or_else(|| (Rc::default(), true));
        let guess = used.guess.unwrap_or_default();
        let mut variable = Variable {
            kind: shape.kind.unwrap_or(guess),
            description: shape.described(),
            default: self
                .defaults
                .get(foreign)
                .or(shape.default.as_ref())
                .cloned(),
            span: Span::default(),
        };
        if let Some(media) = used.media {
            variable.kind = match media {
                MediaKind::Image => VariableKind::Image,
                MediaKind::File => VariableKind::File,
            };
            variable.default = None;
            if used.uses_as_text > 0 {
                let message = format!("`{foreign}` is shown to the model, and printed as well");
                let help = "a file has no text: give its name as another variable";
                remarks.refuse("media-in-text", At::Place(&used.place), message, help);
            }
            return variable;
        }
        let is_text = variable.kind == VariableKind::String;
        if matches!(origin, Origin::Input(_)) && shape.kind.is_none() && !is_text {
            self.remark_guess(used, variable.kind, remarks);
        }
        if shape.is_structured() {
            let message = format!("what `{foreign}` holds is declared more closely there");
            let help = format!(
                "here it is declared as {}, and no more",
                variable.kind.name()
            );
            remarks.changed("inner-schema", At::Place(place), message, help);
        }
        Self::settle_default(&mut variable, foreign, is_required, remarks, place);
        variable
    }

    fn remark_guess(&self, used: &Used, kind: VariableKind, remarks: &mut Remarks) {
        let why = if self.has_schema {
            "the schema does not say"
        } else {
            "there is no `input.schema`"
        };
        let message = format!(
            "the type of `{}` is taken from its use, as {why}: {}",
            used.name,
            kind.name()
        );
        let help = "correct it under `variables` if it is another one";
        remarks.changed("guessed-type", At::Place(&used.place), message, help);
    }

    /// A variable that need not be given has a default here, which prints nothing.
    fn settle_default(
        variable: &mut Variable,
        foreign: &str,
        is_required: bool,
        remarks: &mut Remarks,
        place: &Place,
    ) {
        if let Some(default) = &variable.default {
            if !variable.kind.accepts(default) {
                let message = format!("the default of `{foreign}` is not of its type");
                let help = "correct one of the two there, or write a default here";
                remarks.left_out("wrong-default", At::Place(place), message, help);
                variable.default = None;
            }
            return;
        }
        if is_required {
            return;
        }
        variable.default = nothing(variable.kind);
        if variable.default.is_none() {
            let message = format!("`{foreign}` need not be given there");
            let help = "here it must be given, because no number prints as nothing";
            remarks.changed("optional-number", At::Place(place), message, help);
        }
    }
}
