//! Reads what is special about evaluators that ask a model.

use crate::domain::evaluator::{JudgeRule, JudgeVerdict};
use crate::domain::finding::Span;
use crate::domain::suggest::did_you_mean;

use super::super::decode::{Decoder, Fields};
use super::super::document::Node;
use super::comparison::column;

/// Reads the options of a judge.
pub(super) fn judge_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<JudgeRule> {
    let prompt = fields
        .required(decoder, "prompt")
        .and_then(|node| Some((decoder.parsed(node)?, node.span)));
    let calibration = match fields.optional("calibration") {
        Some(node) => decoder.parsed(node).map(|id| Some((id, node.span))),
        None => Some(None),
    };
    let ways = ["scale", "labels", "compareWith"].map(|way| fields.optional(way));
    let verdict = match ways {
        [Some(scale), None, None] => {
            let threshold = fields.required(decoder, "threshold");
            scale_verdict(decoder, scale, threshold)
        }
        [None, Some(labels), None] => {
            let pass = fields.required(decoder, "pass");
            label_verdict(decoder, labels, pass)
        }
        [None, None, Some(other)] => better_verdict(decoder, fields, other),
        found => {
            let found = found.into_iter().flatten().next();
            let span = found.map_or_else(Span::default, |node| node.span);
            let help =
                "give one of `scale` with `threshold`, `labels` with `pass`, or `compareWith`";
            let span = prompt.as_ref().map_or(span, |(_, span): &(_, Span)| *span);
            decoder.error(
                "missing-key",
                span,
                "a judge has exactly one way to answer",
                help,
            );
            None
        }
    };
    Some(JudgeRule {
        prompt: prompt?,
        verdict: verdict?,
        calibration: calibration?,
    })
}

/// A judge that is shown two answers. An answer that is as good as the other does not pass, unless
/// the file says so.
fn better_verdict(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    other: &Node,
) -> Option<JudgeVerdict> {
    const TIES: [(&str, bool); 2] = [("pass", true), ("fail", false)];
    let tie_passes = match fields.optional("tie") {
        Some(node) => decoder.word(node, &TIES),
        None => Some(false),
    };
    let than = column(decoder, other);
    Some(JudgeVerdict::Better {
        than: than?,
        tie_passes: tie_passes?,
    })
}

fn scale_verdict(
    decoder: &mut Decoder<'_>,
    scale: &Node,
    threshold: Option<&Node>,
) -> Option<JudgeVerdict> {
    let mut fields = decoder.fields(scale)?;
    let min = fields
        .required(decoder, "min")
        .and_then(|node| decoder.number(node));
    let max = fields
        .required(decoder, "max")
        .and_then(|node| decoder.number(node));
    fields.finish(decoder);
    let (min, max) = (min?, max?);
    if min >= max {
        decoder.error(
            "out-of-range",
            scale.span,
            "`min` must be less than `max`",
            "correct the scale",
        );
        return None;
    }
    let threshold = decoder.number_within(threshold?, min, max)?;
    Some(JudgeVerdict::Scale {
        min,
        max,
        threshold,
    })
}

fn label_verdict(
    decoder: &mut Decoder<'_>,
    labels: &Node,
    pass: Option<&Node>,
) -> Option<JudgeVerdict> {
    let pass_node = pass?;
    let labels = decoder.texts(labels)?;
    let pass = decoder.texts(pass_node)?;
    let strangers: Vec<&String> = pass
        .iter()
        .filter(|label| !labels.contains(label))
        .collect();
    if let Some(stranger) = strangers.first() {
        let help = did_you_mean(stranger, labels.iter().map(String::as_str));
        decoder.error(
            "unknown-word",
            pass_node.span,
            format!("`{stranger}` is not one of the labels"),
            help,
        );
        return None;
    }
    Some(JudgeVerdict::Labels { labels, pass })
}
