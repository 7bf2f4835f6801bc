//! Reads evaluator files, with the evaluators and scripts that they are made of.

mod combination;
mod comparison;
mod example;
mod judge;
mod length;
mod outside;
mod script;
mod tool_calls;

use crate::domain::evaluator::{Evaluator, Rule};
use crate::domain::finding::Findings;
use crate::domain::id::EvaluatorId;
use crate::engine::ports::FileTree;

use super::decode::{Decoder, Fields};
use super::document::{Node, Source};
use super::yaml::parse_yaml;

use combination::Loader;

/// Reads one evaluator; `tree` holds the evaluators that it may combine, and its script.
pub fn read_evaluator(
    id: &EvaluatorId,
    source: &Source,
    tree: &dyn FileTree,
) -> Result<Evaluator, Findings> {
    read(id, source, &mut Loader::new(tree, id))
}

fn read(id: &EvaluatorId, source: &Source, loader: &mut Loader<'_>) -> Result<Evaluator, Findings> {
    let node = parse_yaml(source)?;
    let mut decoder = Decoder::new(source);
    let evaluator = evaluator(id, &mut decoder, &node, loader);
    decoder.finish(evaluator)
}

fn evaluator(
    id: &EvaluatorId,
    decoder: &mut Decoder<'_>,
    node: &Node,
    loader: &mut Loader<'_>,
) -> Option<Evaluator> {
    let mut fields = decoder.fields(node)?;
    let description = fields
        .optional("description")
        .and_then(|node| decoder.text(node));
    let blocking = match fields.optional("blocking") {
        Some(node) => decoder.boolean(node),
        None => Some(true),
    };
    let examples = match fields.optional("examples") {
        Some(node) => decoder.list_of(node, example::example),
        None => Some(Vec::new()),
    };
    // Without a kind, the other keys cannot be told from unknown ones.
    let kind = kind(decoder, &mut fields)?;
    let rule = rule(kind, decoder, &mut fields, loader);
    fields.finish(decoder);
    if let (Some(rule), Some(examples)) = (&rule, &examples) {
        example::check_examples(decoder, rule, examples);
    }
    Some(Evaluator {
        id: id.clone(),
        description,
        blocking: blocking?,
        rule: rule?,
        examples: examples?,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Json,
    Expected,
    Similarity,
    ToolCalls,
    Length,
    Latency,
    Cost,
    LlmJudge,
    JavaScript,
    Exec,
    Http,
    All,
    Any,
    Not,
    Weighted,
}

const KINDS: [(&str, Kind); 16] = [
    ("text", Kind::Text),
    ("json", Kind::Json),
    ("expected", Kind::Expected),
    ("similarity", Kind::Similarity),
    ("tool-calls", Kind::ToolCalls),
    ("length", Kind::Length),
    ("latency", Kind::Latency),
    ("cost", Kind::Cost),
    ("llm-judge", Kind::LlmJudge),
    ("javascript", Kind::JavaScript),
    ("exec", Kind::Exec),
    ("http", Kind::Http),
    ("all", Kind::All),
    ("any", Kind::Any),
    ("not", Kind::Not),
    ("weighted", Kind::Weighted),
];

fn kind(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<Kind> {
    let node = fields.required(decoder, "kind")?;
    decoder.word(node, &KINDS)
}

fn rule(
    kind: Kind,
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &mut Loader<'_>,
) -> Option<Rule> {
    match kind {
        Kind::Text => comparison::text_rule(decoder, fields).map(Rule::Text),
        Kind::Json => comparison::json_rule(decoder, fields).map(Rule::Json),
        Kind::Expected => comparison::expected_rule(decoder, fields).map(Rule::Expected),
        Kind::Similarity => comparison::similarity_rule(decoder, fields, loader),
        Kind::ToolCalls => tool_calls::tool_calls_rule(decoder, fields).map(Rule::ToolCalls),
        Kind::Length => length::length_rule(decoder, fields),
        Kind::Latency => {
            let node = fields.required(decoder, "maxMs")?;
            let max_ms = decoder.number_within(node, 0.0, f64::MAX)?;
            Some(Rule::Latency { max_ms })
        }
        Kind::Cost => {
            let node = fields.required(decoder, "maxUsd")?;
            let max_usd = decoder.number_within(node, 0.0, f64::MAX)?;
            Some(Rule::Cost { max_usd })
        }
        Kind::LlmJudge => judge::judge_rule(decoder, fields).map(Rule::LlmJudge),
        Kind::JavaScript => script::script_rule(decoder, fields, loader).map(Rule::Script),
        Kind::Exec => outside::program_rule(decoder, fields, loader).map(Rule::Verdict),
        Kind::Http => outside::server_rule(decoder, fields, loader).map(Rule::Verdict),
        Kind::All | Kind::Any | Kind::Not | Kind::Weighted => {
            combination::combine_rule(kind, decoder, fields, loader).map(Rule::Combine)
        }
    }
}

#[cfg(test)]
mod tests;
