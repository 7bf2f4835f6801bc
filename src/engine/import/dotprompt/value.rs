//! A value that a Handlebars template names, as a Jinja expression, and how it is printed, asked and
//! looped over there. Handlebars takes what is missing for nothing; Jinja is strict here, so that
//! whatever may be missing by its schema gets a default.

use std::rc::Rc;

use crate::domain::prompt::VariableKind;

use super::super::jinja::{is_member_name, quoted};
use super::super::shape::Shape;
use super::variables::Origin;

/// A value that is named.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// The expression, which binds stronger than any operator.
    pub(super) jinja: String,
    /// What is known of it.
    pub(super) shape: Rc<Shape>,
    /// Whether it may be missing, or `none`.
    pub(super) may_be_missing: bool,
    /// Whether its fields may be, because it was not given.
    pub(super) may_be_empty: bool,
    /// The variable that it is, where nothing is declared of that.
    pub(super) guessed: Option<Origin>,
}

impl Named {
    /// A value that is there.
    pub(super) fn new(jinja: impl Into<String>, shape: Rc<Shape>) -> Self {
        Self {
            jinja: jinja.into(),
            shape,
            may_be_missing: false,
            may_be_empty: false,
            guessed: None,
        }
    }

    /// What kind it is of.
    pub(super) fn kind(&self) -> Option<VariableKind> {
        self.shape.kind
    }

    /// The expression, with something that takes the place of what is missing.
    fn or(&self, default: &str) -> String {
        if self.may_be_missing {
            format!("{}|default({default}, true)", self.jinja)
        } else {
            self.jinja.clone()
        }
    }

    /// A member of it.
    pub(super) fn member(&self, segment: &str) -> Self {
        let is_list = self.kind() == Some(VariableKind::Array);
        let is_sized = is_list || self.kind() == Some(VariableKind::String);
        if segment == "length" && (is_sized || self.kind().is_none()) {
            let empty = if is_list { "[]" } else { "\"\"" };
            let jinja = format!("({}|length)", self.or(empty));
            return Self::new(jinja, Shape::of(VariableKind::Integer));
        }
        let base = if self.may_be_missing {
            format!("({})", self.or("{}"))
        } else {
            self.jinja.clone()
        };
        let is_index = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if is_index && self.kind() != Some(VariableKind::Object) {
            let mut item = Self::new(format!("{base}[{segment}]"), self.shape.item());
            item.may_be_missing = self.may_be_missing;
            return item;
        }
        let (shape, is_required) = self.shape.field(segment);
        let jinja = if is_member_name(segment) {
            format!("{base}.{segment}")
        } else {
            format!("{base}[{}]", quoted(segment))
        };
        Self {
            may_be_missing: self.may_be_missing || self.may_be_empty || !is_required,
            ..Self::new(jinja, shape)
        }
    }

    /// The member that another value names.
    pub(super) fn member_named_by(&self, key: &str) -> Self {
        let shape = match self.kind() {
            Some(VariableKind::Array) => self.shape.item(),
            _ => self.shape.items.clone().unwrap_or_default(),
        };
        let mut member = Self::new(format!("({})[{key}]", self.or("{}")), shape);
        member.may_be_missing = self.may_be_missing;
        member
    }

    /// The tags that print it; `None` where Handlebars prints nothing that anybody could want.
    pub(super) fn printed(&self) -> Option<String> {
        let jinja = &self.jinja;
        Some(match self.kind() {
            Some(VariableKind::Object) => return None,
            Some(VariableKind::Array) => {
                let item = self.shape.item();
                if matches!(item.kind, Some(VariableKind::Array | VariableKind::Object)) {
                    return None;
                }
                let is_boolean = item.kind == Some(VariableKind::Boolean);
                let spelled = if is_boolean { "|map(\"lower\")" } else { "" };
                format!("{{{{ {}{spelled}|join(\",\") }}}}", self.or("[]"))
            }
            // Jinja prints `True`.
            Some(VariableKind::Boolean) if self.may_be_missing => format!(
                "{{% if {jinja}|default(none) is not none %}}{{{{ {jinja}|lower }}}}{{% endif %}}"
            ),
            Some(VariableKind::Boolean) => format!("{{{{ {jinja}|lower }}}}"),
            _ if !self.may_be_missing => format!("{{{{ {jinja} }}}}"),
            Some(VariableKind::String) => format!("{{{{ {} }}}}", self.or("\"\"")),
            _ => format!(
                "{{% if {jinja}|default(none) is not none %}}{{{{ {jinja} }}}}{{% endif %}}"
            ),
        })
    }

    /// The condition that `{{#if}}` asks. An object counts as true even where it is empty.
    pub(super) fn condition(&self) -> String {
        match self.kind() {
            Some(VariableKind::Object) if self.may_be_missing => {
                format!("{}|default(none) is mapping", self.jinja)
            }
            Some(VariableKind::Object) if !self.may_be_empty => {
                format!("{} is mapping", self.jinja)
            }
            _ => self.or("false"),
        }
    }

    /// The condition of `{{#if x includeZero=true}}`, and of `{{#with x}}`.
    pub(super) fn condition_with_zero(&self) -> String {
        let is_number = matches!(
            self.kind(),
            Some(VariableKind::Integer | VariableKind::Number)
        );
        match self.kind() {
            Some(_) if !is_number => self.condition(),
            _ if self.may_be_missing => {
                let jinja = &self.jinja;
                format!("({jinja}|default(none) is number or {})", self.or("false"))
            }
            _ => format!("({} is number or {})", self.jinja, self.jinja),
        }
    }

    /// What a loop goes through, for a list.
    pub(super) fn items(&self) -> String {
        self.or("[]")
    }

    /// What a loop goes through, for a mapping: keys and values.
    pub(super) fn entries(&self) -> String {
        format!("{}|items", self.or("{}"))
    }

    /// The expression as an operand.
    pub(super) fn operand(&self) -> String {
        if self.may_be_missing {
            format!("({}|default(none))", self.jinja)
        } else {
            self.jinja.clone()
        }
    }
}
