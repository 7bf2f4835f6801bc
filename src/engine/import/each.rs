//! What importers of single files have in common: each file becomes one prompt, or is refused.

use std::collections::btree_map::Entry;

use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::prompt::ModelRef;
use crate::engine::ports::FileTree;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::files::read_text;

use super::Import;
use super::draft::Draft;
use super::remarks::{At, Remarks};
use super::settings::Models;

/// Reads files, all of which must be there.
pub(super) fn read_sources(
    tree: &dyn FileTree,
    files: &[impl AsRef<str>],
) -> Result<Vec<Source>, Findings> {
    let read = |file: &str| {
        let missing = || {
            let finding =
                Finding::error("missing-file", Place::file(file), "there is no such file");
            Findings::from(finding.with_help("name files, or a folder that holds them"))
        };
        read_text(tree, file)?.ok_or_else(missing)
    };
    files.iter().map(|file| read(file.as_ref())).collect()
}

/// Makes a prompt of each file. `model` answers for those that name none.
pub(super) fn import_each(
    sources: &[Source],
    model: Option<&ModelRef>,
    mut draft: impl FnMut(&Source, &mut Models, &mut Remarks) -> Option<Draft>,
) -> Import {
    let mut import = Import::default();
    let mut models = Models {
        fallback: model.cloned(),
        ..Models::default()
    };
    for source in sources {
        let mut remarks = Remarks::default();
        let known = models.providers.clone();
        let draft = draft(source, &mut models, &mut remarks);
        if let Some(draft) = draft.filter(|_| !remarks.is_refused()) {
            match import.files.entry(draft.id.path()) {
                Entry::Vacant(entry) => {
                    entry.insert(draft.text());
                }
                Entry::Occupied(_) => {
                    let message = format!("another file becomes the prompt `{}`, too", draft.id);
                    let place = Place::file(&source.path);
                    let help = "rename one of the two";
                    remarks.refuse("same-name", At::Place(&place), message, help);
                }
            }
        }
        if remarks.is_refused() {
            models.providers = known;
        }
        import
            .remarks
            .extend(remarks.finish(&source.path, "imported"));
    }
    import.providers = models.providers;
    import
}
