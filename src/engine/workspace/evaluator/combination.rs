//! Reads rules that combine others, and follows the names of those to their files.

use crate::domain::evaluator::{Combination, CombineRule, Part, Rule};
use crate::domain::finding::{Findings, Span};
use crate::domain::id::EvaluatorId;
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::FileTree;

use super::super::Workspace;
use super::super::decode::{Decoder, Fields};
use super::super::document::{Node, Value};
use super::super::files::read_text;
use super::Kind;

/// How many parts a combination may have, with those of its parts: names that name each other
/// could ask for more than memory holds.
const MAX_PARTS: usize = 64;

/// Follows names to files, and knows how it came where it is.
pub(super) struct Loader<'t> {
    pub(super) tree: &'t dyn FileTree,
    /// The evaluators that are being read, from the outermost inwards.
    path: Vec<EvaluatorId>,
    parts: usize,
}

impl<'t> Loader<'t> {
    pub(super) fn new(tree: &'t dyn FileTree, id: &EvaluatorId) -> Self {
        Self {
            tree,
            path: vec![id.clone()],
            parts: 0,
        }
    }

    /// The evaluator whose file is being read.
    pub(super) fn owner(&self) -> &EvaluatorId {
        self.path.last().expect("the path starts with an evaluator")
    }

    /// The rule of another evaluator; what is wrong with the name is reported at `span`.
    fn load(&mut self, decoder: &mut Decoder<'_>, id: &EvaluatorId, span: Span) -> Option<Rule> {
        if let Some(start) = self.path.iter().position(|known| known == id) {
            let circle = self.path[start..].iter().chain([id]);
            let circle: Vec<&str> = circle.map(EvaluatorId::as_str).collect();
            let message = format!("the evaluators form a circle: {}", circle.join(" → "));
            decoder.error("evaluator-circle", span, message, "remove one of the names");
            return None;
        }
        if let Some(owner) = id.owner() {
            let message = format!("`{id}` belongs to the prompt `{owner}` and cannot be combined");
            let help = "write the rule to a file below `evaluators/`, and name that";
            decoder.error("own-evaluator", span, message, help);
            return None;
        }
        let source = match read_text(self.tree, &id.path()) {
            Ok(Some(source)) => source,
            Ok(None) => {
                let known = Workspace::new(self.tree).evaluator_ids();
                let known = known.unwrap_or_default();
                let help = did_you_mean(id.as_str(), known.iter().map(EvaluatorId::as_str));
                let message = format!("there is no evaluator `{id}`");
                decoder.error("missing-evaluator", span, message, help);
                return None;
            }
            Err(Findings(findings)) => {
                decoder.report(findings);
                return None;
            }
        };
        self.path.push(id.clone());
        let read = super::read(id, &source, self);
        self.path.pop();
        match read {
            Ok(evaluator) => Some(evaluator.rule),
            Err(Findings(findings)) => {
                decoder.report(findings);
                None
            }
        }
    }
}

/// Reads the options of `all`, `any`, `not` and `weighted`.
pub(super) fn combine_rule(
    kind: Kind,
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &mut Loader<'_>,
) -> Option<CombineRule> {
    let weighted = matches!(kind, Kind::Weighted);
    let combination = match kind {
        Kind::Any => Some(Combination::Any),
        Kind::Not => Some(Combination::Not),
        Kind::Weighted => fields
            .required(decoder, "threshold")
            .and_then(|node| decoder.number_within(node, 0.0, 1.0))
            .map(|threshold| Combination::Weighted { threshold }),
        _ => Some(Combination::All),
    };
    let of = fields.required(decoder, "of")?;
    let mut read = |decoder: &mut Decoder<'_>, node: &Node| part(decoder, node, weighted, loader);
    let parts = match of.value {
        Value::List(_) => decoder.list_of(of, read),
        _ => read(decoder, of).map(|part| vec![part]),
    };
    let parts = parts?;
    if parts.is_empty() {
        let help = "name evaluators, or write their rules here";
        decoder.error("empty-value", of.span, "nothing is combined", help);
        return None;
    }
    if matches!(kind, Kind::Not) && parts.len() > 1 {
        let help = "combine them with `all` or `any` in one part";
        decoder.error("out-of-range", of.span, "`not` has one part", help);
        return None;
    }
    if parts.iter().map(|part| part.weight).sum::<f64>() <= 0.0 {
        let help = "give at least one part a weight above 0";
        decoder.error("out-of-range", of.span, "no part has any weight", help);
        return None;
    }
    Some(CombineRule {
        combination: combination?,
        parts,
    })
}

fn part(
    decoder: &mut Decoder<'_>,
    node: &Node,
    weighted: bool,
    loader: &mut Loader<'_>,
) -> Option<Part> {
    loader.parts += 1;
    if loader.parts > MAX_PARTS {
        if loader.parts == MAX_PARTS + 1 {
            let message = format!("this combines more than {MAX_PARTS} rules in all");
            decoder.error("too-many-parts", node.span, message, "combine fewer");
        }
        return None;
    }
    if matches!(node.value, Value::Text(_)) {
        let id: EvaluatorId = decoder.parsed(node)?;
        let rule = loader.load(decoder, &id, node.span)?;
        return Some(Part {
            name: Some(id),
            weight: 1.0,
            rule,
        });
    }
    let mut fields = decoder.fields(node)?;
    let weight = if weighted {
        fields.optional("weight")
    } else {
        None
    };
    let weight = match weight {
        Some(node) => decoder.number_within(node, 0.0, 1e9),
        None => Some(1.0),
    };
    let (name, rule) = if let Some(named) = fields.optional("evaluator") {
        let id: EvaluatorId = decoder.parsed(named)?;
        let rule = loader.load(decoder, &id, named.span);
        (Some(id), rule)
    } else {
        let kind = super::kind(decoder, &mut fields)?;
        (None, super::rule(kind, decoder, &mut fields, loader))
    };
    fields.finish(decoder);
    Some(Part {
        name,
        weight: weight?,
        rule: rule?,
    })
}
