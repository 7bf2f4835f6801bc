//! Reads bounds on the length of an answer.

use crate::domain::evaluator::{LengthUnit, Rule};

use super::super::decode::{Decoder, Fields};

/// Reads the options of `length`.
pub(super) fn length_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<Rule> {
    let unit_node = fields.required(decoder, "unit")?;
    let unit = decoder.word(unit_node, &LengthUnit::ALL);
    let mut bound = |key| match fields.optional(key) {
        Some(node) => {
            let bound = decoder.integer_within(node, 0, i64::from(u32::MAX))?;
            Some(u64::try_from(bound).ok())
        }
        None => Some(None),
    };
    let (min, max) = (bound("min")?, bound("max")?);
    if min.is_none() && max.is_none() {
        decoder.error(
            "missing-key",
            unit_node.span,
            "there is no bound",
            "add `min`, `max` or both",
        );
        return None;
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let message = format!("nothing is at least {min} and at most {max}");
        decoder.error(
            "out-of-range",
            unit_node.span,
            message,
            "correct `min` or `max`",
        );
        return None;
    }
    Some(Rule::Length {
        unit: unit?,
        min,
        max,
    })
}
