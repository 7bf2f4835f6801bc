//! Reads what is special about evaluators that ask a program, a server or a model of meaning.

use crate::domain::evaluator::{EmbeddingRule, VerdictFrom, VerdictRule};

use super::super::decode::{Decoder, Fields};
use super::super::prompt;
use super::super::provider;
use super::combination::Loader;
use super::comparison::{reference, threshold};

/// The least score that passes where the file does not say.
const DEFAULT_THRESHOLD: f64 = 0.5;

/// Reads the options of `exec`.
pub(super) fn program_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &Loader<'_>,
) -> Option<VerdictRule> {
    let program = provider::program(decoder, fields);
    let threshold = least_score(decoder, fields);
    Some(VerdictRule {
        from: VerdictFrom::Program(program?),
        threshold: threshold?,
        owner: loader.owner().clone(),
    })
}

/// Reads the options of `http`. The address and the key stand where those of all providers stand.
pub(super) fn server_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &Loader<'_>,
) -> Option<VerdictRule> {
    let provider = fields.required(decoder, "provider");
    let provider = provider.and_then(|node| Some((decoder.text(node)?, node.span)));
    let threshold = least_score(decoder, fields);
    let (provider, span) = provider?;
    Some(VerdictRule {
        from: VerdictFrom::Server(provider, span),
        threshold: threshold?,
        owner: loader.owner().clone(),
    })
}

/// Reads the options of `similarity` where its metric is `embedding`.
pub(super) fn embedding_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &Loader<'_>,
) -> Option<EmbeddingRule> {
    let model = fields.required(decoder, "model");
    let model = model.and_then(|node| Some((prompt::model(decoder, node)?, node.span)));
    let value = reference(decoder, fields);
    let threshold = threshold(decoder, fields);
    Some(EmbeddingRule {
        model: model?,
        value: value?,
        threshold: threshold?,
        owner: loader.owner().clone(),
    })
}

fn least_score(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<f64> {
    match fields.optional("threshold") {
        Some(node) => decoder.number_within(node, 0.0, 1.0),
        None => Some(DEFAULT_THRESHOLD),
    }
}
