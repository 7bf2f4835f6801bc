//! What can be said in a form, which asks again.

use serde::Serialize;

use crate::domain::untrusted::Untrusted;

/// What can be said in a form.
#[derive(Debug, Serialize)]
pub struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    example: &'static str,
    wide: bool,
    choices: Vec<Choice>,
}

/// One of the values of a field.
#[derive(Debug, Serialize)]
struct Choice {
    value: String,
    label: String,
}

impl Field {
    /// A field for a text.
    pub fn text(name: &'static str, label: &'static str, value: &str) -> Self {
        Self {
            name,
            label,
            value: Untrusted(value).to_string(),
            example: "",
            wide: false,
            choices: Vec::new(),
        }
    }

    /// A field for one of several values, each with what it is called.
    pub fn choice<S: AsRef<str>>(
        name: &'static str,
        label: &'static str,
        value: &str,
        choices: &[(S, S)],
    ) -> Self {
        let choices = choices.iter().map(|(value, label)| Choice {
            value: Untrusted(value.as_ref()).to_string(),
            label: Untrusted(label.as_ref()).to_string(),
        });
        Self {
            choices: choices.collect(),
            ..Self::text(name, label, value)
        }
    }

    /// Shows what could be said.
    #[must_use]
    pub fn like(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Gives it as much room as there is.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }
}
