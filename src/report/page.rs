//! A page of HTML that is made of a template of ours: every value is escaped.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

/// Prints a page. What the template names, the page has.
pub(super) fn render_page(template: &str, page: &impl Serialize) -> String {
    let mut engine = Environment::new();
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine
        .render_str(template, Serde(page))
        .expect("our own template prints our own page")
}
