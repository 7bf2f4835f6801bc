//! Translates the blocks of Handlebars: conditions, loops and changes of context.

use std::fmt::Write as _;

use crate::domain::prompt::VariableKind;

use super::super::handlebars::tree::{Block, Call, Expression, Kind, Program};
use super::super::jinja::{Jinja, variable_name};
use super::super::shape::Shape;
use super::scope::{Frame, Loop};
use super::template::Translator;
use super::value::Named;

impl Translator<'_> {
    /// Translates a block.
    pub(super) fn block(&mut self, out: &mut Jinja, block: &Block) {
        let inside = match (block.call.helper(), block.call.params.as_slice()) {
            (Some("if"), _) => self.condition_block(block, false),
            (Some("unless"), _) => self.condition_block(block, true),
            (Some("ifEquals"), _) => self.comparison_block(block, "=="),
            (Some("unlessEquals"), _) => self.comparison_block(block, "!="),
            (Some("each"), [list]) => {
                let list = self.value(list);
                list.map(|list| self.each(block, &list))
            }
            (Some("with"), [value]) => {
                let value = self.value(value);
                value.map(|value| self.with(block, value))
            }
            (Some(name @ ("each" | "with")), _) => self.wrong_parameters(name, &block.call),
            _ if block.call.is_bare() => self.section(block),
            (name, _) => {
                let name = name.unwrap_or_default().to_owned();
                self.unknown_helper(&name, block.call.range.clone());
                None
            }
        };
        if let Some(inside) = inside {
            out.tag(&inside);
        }
    }

    fn condition_block(&mut self, block: &Block, is_negated: bool) -> Option<String> {
        let condition = self.condition(&block.call)?;
        let condition = if is_negated {
            negated(&condition)
        } else {
            condition
        };
        Some(self.if_else(&condition, block))
    }

    /// The condition that `if` and `unless` ask.
    fn condition(&mut self, call: &Call) -> Option<String> {
        let [value] = call.params.as_slice() else {
            return self.wrong_parameters("if", call);
        };
        let named = self.value(value)?;
        self.variables.guess(&named, VariableKind::Boolean);
        let zero = call.hash.iter().find(|(key, _)| key == "includeZero");
        match zero {
            None | Some((_, Expression::Boolean(false))) => Some(named.condition()),
            Some((_, Expression::Boolean(true))) => Some(named.condition_with_zero()),
            Some(_) => self.wrong_parameters("if", call),
        }
    }

    fn comparison_block(&mut self, block: &Block, operator: &str) -> Option<String> {
        let [left, right] = block.call.params.as_slice() else {
            return self.wrong_parameters("ifEquals", &block.call);
        };
        let (left, right) = (self.value(left)?, self.value(right)?);
        for (one, other) in [(&left, &right), (&right, &left)] {
            let guess = other.kind().unwrap_or_default();
            self.variables.guess(one, guess);
        }
        let kinds = [left.kind(), right.kind()];
        if kinds
            .iter()
            .any(|kind| matches!(kind, Some(VariableKind::Array | VariableKind::Object)))
        {
            let message = "Handlebars asks whether two lists or mappings are the same one";
            let help = "compare one of their fields";
            self.refuse("compared-object", block.call.range.clone(), message, help);
            return None;
        }
        let is = |kind| kinds.contains(&Some(kind));
        if is(VariableKind::Boolean) && (is(VariableKind::Integer) || is(VariableKind::Number)) {
            let message = "a boolean and a number are never equal there, and may be here";
            let help = "compare values of the same type";
            self.refuse("compared-types", block.call.range.clone(), message, help);
            return None;
        }
        let condition = format!("{} {operator} {}", left.operand(), right.operand());
        Some(self.if_else(&condition, block))
    }

    fn if_else(&mut self, condition: &str, block: &Block) -> String {
        let mut text = format!("{{% if {condition} %}}");
        text.push_str(&self.inside(block.program.as_ref()));
        text.push_str(&self.otherwise(block.inverse.as_ref()));
        text.push_str("{% endif %}");
        text
    }

    /// The part after `else`, with its tag; a chain of `if` stays one.
    fn otherwise(&mut self, inverse: Option<&Program>) -> String {
        let Some(inverse) = inverse else {
            return String::new();
        };
        if let [statement] = inverse.body.as_slice()
            && let Kind::Block(block) = &statement.kind
            && block.call.helper() == Some("if")
            && let Some(condition) = self.condition(&block.call)
        {
            let mut text = format!("{{% elif {condition} %}}");
            text.push_str(&self.inside(block.program.as_ref()));
            text.push_str(&self.otherwise(block.inverse.as_ref()));
            return text;
        }
        let inside = self.inside(Some(inverse));
        if inside.is_empty() {
            return inside;
        }
        format!("{{% else %}}{inside}")
    }

    /// A loop. The context of its inside is the item.
    fn each(&mut self, block: &Block, list: &Named) -> String {
        self.variables.guess(list, VariableKind::Array);
        let is_mapping = list.kind() == Some(VariableKind::Object);
        let wanted = |index: usize, or: &str| {
            let name = block.names.get(index).map_or(or, String::as_str);
            variable_name(name)
        };
        let (item, key) = (wanted(0, "item"), wanted(1, "key"));
        let item = self.fresh(&item);
        let key = is_mapping.then(|| self.fresh(&key));
        let shape = if is_mapping {
            list.shape.items.clone().unwrap_or_default()
        } else {
            list.shape.item()
        };
        let value = Named::new(item.clone(), shape);
        let alias = format!("loop{}", self.scope.loop_count() + 1);
        let alias = self.fresh(&alias);
        let fresh = [Some(&item), key.as_ref(), Some(&alias)];
        let fresh: Vec<String> = fresh.into_iter().flatten().cloned().collect();
        self.scope.push_loop(Loop {
            alias,
            is_asked_for: false,
            key: key.clone(),
        });
        let index = match &key {
            Some(key) => Named::new(key.clone(), Shape::of(VariableKind::String)),
            None => Named::new("loop.index0", Shape::of(VariableKind::Integer)),
        };
        let names = block.names.iter().cloned().zip([value.clone(), index]);
        self.scope.push(Frame {
            names: names.collect(),
            ..Frame::new(Some(value))
        });
        let inside = self.inside(block.program.as_ref());
        self.scope.pop();
        let inner = self.scope.pop_loop();
        for name in &fresh {
            self.taken.remove(name);
        }
        let inverse = self.inside(block.inverse.as_ref());
        let (variables, through) = match &key {
            Some(key) => (format!("{key}, {item}"), list.entries()),
            None => (item, list.items()),
        };
        let mut text = format!("{{% for {variables} in {through} %}}");
        if let Some(inner) = inner.filter(|inner| inner.is_asked_for) {
            let _ = write!(text, "{{% set {} = loop %}}", inner.alias);
        }
        text.push_str(&inside);
        if !inverse.is_empty() {
            let _ = write!(text, "{{% else %}}{inverse}");
        }
        text.push_str("{% endfor %}");
        text
    }

    /// A change of context.
    fn with(&mut self, block: &Block, value: Named) -> String {
        self.variables.guess(&value, VariableKind::Object);
        let is_certain = value.kind() == Some(VariableKind::Object)
            && !value.may_be_missing
            && !value.may_be_empty;
        let condition = value.condition_with_zero();
        let names = block.names.iter().cloned().zip([value.clone()]);
        self.scope.push(Frame {
            names: names.collect(),
            ..Frame::new(Some(Named {
                may_be_missing: false,
                may_be_empty: false,
                guessed: None,
                ..value
            }))
        });
        let inside = self.inside(block.program.as_ref());
        self.scope.pop();
        let inverse = self.inside(block.inverse.as_ref());
        if is_certain && inverse.is_empty() {
            return inside;
        }
        let mut text = format!("{{% if {condition} %}}{inside}");
        if !inverse.is_empty() {
            let _ = write!(text, "{{% else %}}{inverse}");
        }
        text.push_str("{% endif %}");
        text
    }

    /// `{{#x}} ... {{/x}}`: a loop, a condition or a change of context, by what `x` is.
    fn section(&mut self, block: &Block) -> Option<String> {
        let value = self.value(&block.call.name)?;
        let kind = value.kind();
        if let (Some(VariableKind::Boolean | VariableKind::Array | VariableKind::Object), None) =
            (kind, &block.program)
        {
            let condition = negated(&value.condition());
            let inside = self.inside(block.inverse.as_ref());
            return Some(format!("{{% if {condition} %}}{inside}{{% endif %}}"));
        }
        match kind {
            Some(VariableKind::Boolean) => Some(self.if_else(&value.condition(), block)),
            Some(VariableKind::Array) => Some(self.each(block, &value)),
            Some(VariableKind::Object) => Some(self.with(block, value)),
            _ => {
                let message = "what this block does depends on the type of the value";
                let help = "write `{{#if x}}` or `{{#each x}}`, or declare the type as boolean, \
                            array or object in `input.schema`";
                self.refuse("unknown-section", block.call.range.clone(), message, help);
                None
            }
        }
    }
}

fn negated(condition: &str) -> String {
    if condition.contains(' ') {
        format!("not ({condition})")
    } else {
        format!("not {condition}")
    }
}
