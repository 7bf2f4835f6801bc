//! `--semantic`: who places texts by their meaning, for the commands that ask for it. Texts leave the
//! machine only where the option is given.

use crate::adapters::providers::build;
use crate::adapters::store::FileAnswerCache;
use crate::domain::prompt::ModelRef;
use crate::engine::evaluate::asked::Asked;
use crate::engine::traces::search::meaning::Placing;
use crate::engine::workspace::Workspace;

use super::arguments::model_ref;
use super::context::Context;
use super::error::CommandError;
use super::evaluation::Workbench;
use super::ui::Ui;

/// Options about texts that are compared by their meaning.
#[derive(Debug, clap::Args)]
pub struct MeaningArgs {
    /// Compare texts by their meaning, too: by this provider of `pointsman.toml` and its model
    #[arg(long, value_name = "PROVIDER/MODEL", value_parser = model_ref)]
    pub semantic: Option<ModelRef>,
    /// Send no more texts than this at once
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1_000,
        requires = "semantic"
    )]
    pub most_texts: usize,
}

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
