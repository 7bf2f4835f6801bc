//! `--semantic`: who places texts by their meaning, for the commands that ask for it. Texts leave the
//! machine only where the option is given.

use crate::adapters::providers::build;
use crate::adapters::store::FileAnswerCache;
use crate::domain::prompt::ModelRef;
use crate::engine::evaluate::asked::Asked;
use crate::engine::traces::search::meaning::Placing;
use crate::engine::workspace::Workspace;

use super::context::Context;
use super::error::CommandError;
use super::evaluation::Workbench;
use super::ui::Ui;

/// Does something for which texts must be placed by this model, of which at most so many are sent.
pub fn with_placing<T>(
    context: &Context,
    model: &ModelRef,
    most_sent: usize,
    work: impl FnOnce(&Placing<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let bench = Workbench::new(context, &workspace, false)?;
    let mut asked = Asked::default();
    let option = "the option `--semantic`".to_owned();
    asked.providers.insert(model.provider.clone(), option);
    let key = |name: &str| bench.key(name);
    let providers = build(&bench.setup(&key, true), &asked)?;
    let cache = FileAnswerCache::new(context.state_dir()?);
    let provider = providers.get(&model.provider);
    work(&Placing {
        provider: provider
            .expect("a provider that is asked for is built, or refused")
            .as_ref(),
        model: model.model.clone(),
        cache: Some(&cache),
        most_sent,
    })
}

/// Says how many texts left the machine.
pub fn say_what_was_sent(ui: &mut Ui, model: &ModelRef, sent: usize) {
    if sent > 0 {
        let texts = if sent == 1 { "text was" } else { "texts were" };
        ui.note(format_args!(
            "{sent} {texts} sent to {model}; their places are kept"
        ));
    }
}
