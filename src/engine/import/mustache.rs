//! Mustache templates that do no more than print: `{{name}}`, which is the same in Jinja.

use crate::domain::prompt::VariableKind;
use crate::engine::workspace::document::Source;

use super::handlebars::parse;
use super::handlebars::tree::{Expression, Kind, Path, Statement};
use super::jinja::{Jinja, is_member_name};
use super::remarks::{At, Remarks};
use super::spoken::Plain;

/// A template in Jinja. What does more than print is refused at its place; `start` is where the template
/// begins in the source.
pub(super) fn plain(
    template: &str,
    start: usize,
    source: &Source,
    remarks: &mut Remarks,
) -> Option<Plain> {
    let program = match parse(template) {
        Ok(program) => program,
        Err(error) => {
            let range = start + error.range.start..start + error.range.end;
            let at = At::Bytes(source, range);
            remarks.refuse("invalid-template", at, error.message, error.help);
            return None;
        }
    };
    let mut out = Jinja::default();
    let mut plain = Plain::default();
    for statement in &program.body {
        let range = start + statement.range.start..start + statement.range.end;
        if let Some(path) = printed(statement) {
            out.tag(&format!("{{{{ {} }}}}", path.segments.join(".")));
            let kind = match path.segments.len() {
                1 => VariableKind::String,
                _ => VariableKind::Object,
            };
            plain
                .variables
                .push((path.segments[0].clone(), kind, range));
            continue;
        }
        match &statement.kind {
            Kind::Text(text) => out.text(&text.value),
            Kind::Comment(_) => {}
            _ => {
                let at = At::Bytes(source, range);
                let message = "what a section of Mustache does depends on the type of its value";
                let help = "write the template in Jinja: `{% if x %}`, `{% for x in xs %}`";
                remarks.refuse("unknown-section", at, message, help);
                return None;
            }
        }
    }
    plain.template = out.finish();
    Some(plain)
}

/// The name that a statement prints, if it prints one.
fn printed(statement: &Statement) -> Option<&Path> {
    let Kind::Print(call) = &statement.kind else {
        return None;
    };
    let Expression::Path(path) = &call.name else {
        return None;
    };
    let is_plain = call.is_bare() && !path.is_data && !path.is_scoped && !path.segments.is_empty();
    let are_names = path.segments.iter().all(|segment| is_member_name(segment));
    (is_plain && are_names).then_some(path)
}
