//! Grading against a limit: length, latency, cost.

use crate::domain::evaluator::LengthUnit;
use crate::domain::run::{Answer, Graded};

/// A limit on something that is measured.
pub(super) enum Limit {
    Length {
        unit: LengthUnit,
        min: Option<u64>,
        max: Option<u64>,
    },
    Latency {
        max_ms: f64,
    },
    Cost {
        max_usd: f64,
    },
}

impl Limit {
    /// Grades an answer.
    pub(super) fn grade(&self, answer: &Answer) -> Graded {
        match self {
            Self::Length { unit, min, max } => grade_length(answer, *unit, *min, *max),
            Self::Latency { max_ms } => match answer.latency_ms {
                None => Graded::unknown("the latency is not known"),
                Some(latency) => within(latency <= *max_ms, || {
                    format!("took {latency:.0} ms, the limit is {max_ms} ms")
                }),
            },
            Self::Cost { max_usd } => match answer.cost_usd {
                None => Graded::unknown("the cost is not known: the model has no price"),
                Some(cost) => within(cost <= *max_usd, || {
                    format!("cost ${cost:.6}, the limit is ${max_usd}")
                }),
            },
        }
    }
}

fn within(holds: bool, reason: impl Fn() -> String) -> Graded {
    if holds {
        Graded::pass(reason())
    } else {
        Graded::fail(reason())
    }
}

fn grade_length(answer: &Answer, unit: LengthUnit, min: Option<u64>, max: Option<u64>) -> Graded {
    let (count, name) = match unit {
        LengthUnit::Words => (answer.output.split_whitespace().count() as u64, "word(s)"),
        LengthUnit::Characters => (answer.output.chars().count() as u64, "character(s)"),
        LengthUnit::Tokens => match answer.output_tokens {
            Some(tokens) => (tokens, "token(s)"),
            None => {
                return Graded::unknown(
                    "the length in tokens is not known: the provider did not count them",
                );
            }
        },
    };
    match (min, max) {
        (Some(min), _) if count < min => {
            Graded::fail(format!("has {count} {name}, at least {min} are asked for"))
        }
        (_, Some(max)) if count > max => {
            Graded::fail(format!("has {count} {name}, at most {max} are allowed"))
        }
        _ => Graded::pass(format!("has {count} {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::answer;
    use super::*;
    use crate::domain::evaluator::Grade;

    #[test]
    fn lengths_include_both_ends() {
        let words = Limit::Length {
            unit: LengthUnit::Words,
            min: Some(1),
            max: Some(2),
        };
        for (output, wanted) in [
            ("", Grade::Fail),
            (" \n", Grade::Fail),
            ("one", Grade::Pass),
            ("one\ttwo ", Grade::Pass),
            ("one two three", Grade::Fail),
        ] {
            assert_eq!(words.grade(&answer(output)).grade, wanted, "{output:?}");
        }
        let characters = Limit::Length {
            unit: LengthUnit::Characters,
            min: None,
            max: Some(2),
        };
        assert_eq!(characters.grade(&answer("你好")).grade, Grade::Pass);
        assert_eq!(characters.grade(&answer("你好!")).grade, Grade::Fail);
    }

    #[test]
    fn tokens_are_those_that_the_provider_counted_or_else_unknown() {
        let tokens = Limit::Length {
            unit: LengthUnit::Tokens,
            min: None,
            max: Some(3),
        };
        let mut counted = answer("one two three four");
        let graded = tokens.grade(&counted);
        assert_eq!(graded.grade, Grade::Unknown);
        assert!(graded.reason.contains("did not count"), "{}", graded.reason);
        for (count, wanted) in [(0, Grade::Pass), (3, Grade::Pass), (4, Grade::Fail)] {
            counted.output_tokens = Some(count);
            assert_eq!(tokens.grade(&counted).grade, wanted);
        }
    }

    #[test]
    fn a_latency_or_a_cost_that_is_not_known_is_unknown_and_never_a_pass() {
        let latency = Limit::Latency { max_ms: 100.0 };
        let cost = Limit::Cost { max_usd: 0.01 };
        let mut measured = answer("x");
        assert_eq!(latency.grade(&measured).grade, Grade::Unknown);
        assert_eq!(cost.grade(&measured).grade, Grade::Unknown);
        measured.latency_ms = Some(100.0);
        measured.cost_usd = Some(0.010_001);
        assert_eq!(latency.grade(&measured).grade, Grade::Pass);
        assert_eq!(cost.grade(&measured).grade, Grade::Fail);
    }
}
