//! Asking a judge which of two answers is better, in both orders: judges tend to prefer a place, and
//! a preference that goes with the place says nothing about the answers.

use serde::Deserialize;

use crate::domain::run::Graded;
use crate::domain::untrusted::shorten;

/// How much of a judge's text a reason shows, in characters.
const SHOWN: usize = 200;

/// The names of the variables under which the judge sees the answer and the other one, for each
/// order.
pub(super) const ORDERS: [[&str; 2]; 2] = [["first", "second"], ["second", "first"]];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BetterVerdict {
    better: Choice,
    reason: String,
}

/// Which of the two answers that it was shown a judge finds better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    First,
    Second,
    Neither,
}

/// Which answer a judge prefers, whatever its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preference {
    Answer,
    Other,
    Neither,
}

impl Preference {
    fn in_words(self) -> &'static str {
        match self {
            Self::Answer => "the answer",
            Self::Other => "the other one",
            Self::Neither => "neither",
        }
    }
}

/// The grade that two verdicts give, in the order of [`ORDERS`]. Where they differ, nothing is
/// known.
pub(super) fn in_both_orders(verdicts: &[&str], tie_passes: bool) -> Graded {
    let [one, two] = verdicts else {
        return Graded::error("the judge was not asked in both orders");
    };
    let (one, two) = match (read(one, 0), read(two, 1)) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(error), _) | (_, Err(error)) => return error,
    };
    let ((preference, reason), (other_way, _)) = (&one, &two);
    if preference != other_way {
        return Graded::unknown(format!(
            "the judge's verdict depends on the order: it prefers {} where the answer comes first, \
             and {} where it comes second",
            preference.in_words(),
            other_way.in_words()
        ));
    }
    let reason = format!(
        "in both orders the judge prefers {}: {}",
        preference.in_words(),
        shorten(reason, SHOWN)
    );
    match preference {
        Preference::Answer => Graded::pass(reason),
        Preference::Other => Graded::fail(reason),
        Preference::Neither => Graded {
            score: 0.5,
            ..if tie_passes {
                Graded::pass(reason)
            } else {
                Graded::fail(reason)
            }
        },
    }
}

/// Reads a verdict strictly; `order` is the place of the order in [`ORDERS`].
fn read(answer: &str, order: usize) -> Result<(Preference, String), Graded> {
    let unreadable = |error: String| {
        let shown = shorten(answer, SHOWN);
        Graded::error(format!(
            "the judge did not answer with one JSON object of `better` and `reason` ({error}): \
             `{shown}`"
        ))
    };
    if !answer.trim_start().starts_with('{') {
        return Err(unreadable("it does not start with `{`".to_owned()));
    }
    let verdict: BetterVerdict =
        serde_json::from_str(answer).map_err(|error| unreadable(error.to_string()))?;
    let preference = match (verdict.better, order) {
        (Choice::Neither, _) => Preference::Neither,
        (Choice::First, 0) | (Choice::Second, 1) => Preference::Answer,
        _ => Preference::Other,
    };
    Ok((preference, verdict.reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluator::Grade;

    fn grade(one: &str, two: &str) -> Grade {
        let verdict = |better: &str| format!(r#"{{"better": "{better}", "reason": "r"}}"#);
        in_both_orders(&[&verdict(one), &verdict(two)], false).grade
    }

    #[test]
    fn a_verdict_counts_only_where_both_orders_agree() {
        for (one, two, wanted) in [
            ("first", "second", Grade::Pass),
            ("second", "first", Grade::Fail),
            ("neither", "neither", Grade::Fail),
            ("first", "first", Grade::Unknown),
            ("second", "second", Grade::Unknown),
            ("first", "neither", Grade::Unknown),
            ("neither", "first", Grade::Unknown),
        ] {
            assert_eq!(grade(one, two), wanted, "{one} {two}");
        }
        let tie = r#"{"better": "neither", "reason": "r"}"#;
        let graded = in_both_orders(&[tie, tie], true);
        assert_eq!(graded.grade, Grade::Pass);
        assert!((graded.score - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_judge_that_prefers_a_place_is_told_so() {
        let first = r#"{"better": "first", "reason": "r"}"#;
        let graded = in_both_orders(&[first, first], true);
        assert!(
            graded.reason.contains("depends on the order"),
            "{}",
            graded.reason
        );
    }

    #[test]
    fn anything_but_exactly_two_verdicts_is_an_error() {
        let good = r#"{"better": "first", "reason": "r"}"#;
        for bad in [
            "",
            "first",
            r#"{"better": "First", "reason": "r"}"#,
            r#"{"better": "A", "reason": "r"}"#,
            r#"{"better": "first"}"#,
            r#"{"better": "first", "reason": "r", "more": 1}"#,
            r#"{"better": "first", "better": "second", "reason": "r"}"#,
            r#"{"better": "first", "reason": "r"} {"better": "second", "reason": "r"}"#,
            r#"["first", "r"]"#,
        ] {
            for pair in [[good, bad], [bad, good]] {
                assert_eq!(in_both_orders(&pair, true).grade, Grade::Error, "{bad}");
            }
        }
        assert_eq!(in_both_orders(&[good], true).grade, Grade::Error);
    }
}
