//! Google's dotprompt: settings in YAML above one template in Handlebars, in which `{{role}}` says where a
//! message begins.

mod branch;
mod messages;
mod schema;
mod settings;
mod template;
mod value;

use crate::engine::import::handlebars::{parse, print};

use super::Written;
use super::subject::Subject;
use messages::Messages;
use template::Work;

/// Writes the file, and those of the partials that it uses.
pub(super) fn write(subject: &mut Subject<'_>) -> Written {
    let settings = settings::settings(subject);
    let mut work = Work::new(subject.includes.keys());
    let program = Messages {
        subject,
        work: &mut work,
    }
    .program();
    let mut template = print(&program);
    if let Err(error) = parse(&template) {
        subject.refuse("too-large", &["messages"], &error.message, &error.help);
    }
    if template.ends_with(char::is_whitespace) {
        // The white space around the whole template goes; this stands behind it.
        template.push_str("{{!}}{{!}}");
    }
    let partials = work
        .written
        .into_iter()
        .map(|(name, text)| (file_name(&name), text));
    Written {
        text: format!("---\n{settings}---\n{template}\n"),
        partials: partials.collect(),
    }
}

/// The file of a partial: `a/tone` is `a/_tone.prompt`.
fn file_name(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/_{file}.prompt"),
        None => format!("_{name}.prompt"),
    }
}
