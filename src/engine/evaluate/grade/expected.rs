//! Grading against the row's `expected` value.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{ExpectedRule, Grade};
use crate::domain::run::Graded;
use crate::domain::untrusted::shorten;

/// How much of a text a reason shows, in characters.
const SHOWN: usize = 80;

/// A number as people write it: digits, perhaps grouped by commas, a fraction and an exponent.
const NUMBER: &str = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|\.\d+";

/// An `expected` rule, ready to grade.
pub(super) enum ExpectedGrader {
    Exact,
    Normalized,
    Label,
    Numeric { tolerance: f64, number: Regex },
    Set { separator: String },
}

impl ExpectedGrader {
    /// Prepares the rule.
    pub(super) fn new(rule: &ExpectedRule) -> Self {
        match rule {
            ExpectedRule::Exact => Self::Exact,
            ExpectedRule::Normalized => Self::Normalized,
            ExpectedRule::Label => Self::Label,
            ExpectedRule::Numeric { tolerance } => Self::Numeric {
                tolerance: *tolerance,
                number: Regex::new(NUMBER).expect("the pattern is ours and is tested"),
            },
            ExpectedRule::Set { separator } => Self::Set {
                separator: separator.clone(),
            },
        }
    }

    /// Grades an answer's text.
    pub(super) fn grade(&self, output: &str, row: &Row) -> Graded {
        let Some(expected) = &row.expected else {
            return Graded::error("the row has no `expected` value");
        };
        let graded = match self {
            Self::Exact => compare_texts(output, expected, str::to_owned),
            Self::Normalized => compare_texts(output, expected, normalize),
            Self::Label => compare_texts(output, expected, label),
            Self::Numeric { tolerance, number } => {
                compare_numbers(output, expected, *tolerance, number)
            }
            Self::Set { separator } => compare_sets(output, expected, separator),
        };
        graded.unwrap_or_else(Graded::error)
    }
}

fn compare_texts(
    output: &str,
    expected: &Value,
    form: impl Fn(&str) -> String,
) -> Result<Graded, String> {
    let wanted = match expected {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => expected.to_string(),
        _ => return Err("the row's `expected` value is not a text".to_owned()),
    };
    let formed = form(&wanted);
    if formed.is_empty() && !wanted.is_empty() {
        return Err("nothing is left of the row's `expected` value to compare with".to_owned());
    }
    Ok(if form(output) == formed {
        Graded::pass("is as expected")
    } else {
        let wanted = shorten(&wanted, SHOWN);
        Graded::fail(format!(
            "expected `{wanted}`, got `{}`",
            shorten(output, SHOWN)
        ))
    })
}

/// Lower case, with single spaces between words and none around.
fn normalize(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Normalized, without closing punctuation.
fn label(text: &str) -> String {
    let normalized = normalize(text);
    let closing =
        |character: char| matches!(character, '.' | ',' | ';' | ':' | '!' | '?' | '…' | '。');
    normalized.trim_end_matches(closing).trim_end().to_owned()
}

fn compare_numbers(
    output: &str,
    expected: &Value,
    tolerance: f64,
    number: &Regex,
) -> Result<Graded, String> {
    let wanted = match expected {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace(',', "").parse().ok(),
        _ => None,
    };
    let wanted: f64 = wanted
        .filter(|number| number.is_finite())
        .ok_or("the row's `expected` value is not a number")?;
    let Some(found) = last_number(output, number) else {
        return Ok(Graded::fail("holds no number"));
    };
    let difference = (found - wanted).abs();
    // Decimal fractions are not exact in binary: 0.8 and 0.7 must be within 0.1 of one another.
    let slack = 1e-12 * wanted.abs().max(found.abs()).max(1.0);
    Ok(if difference <= tolerance + slack {
        Graded::pass(format!("{found} is within {tolerance} of {wanted}"))
    } else {
        Graded::fail(format!("expected {wanted} ± {tolerance}, got {found}"))
    })
}

/// The last number in a text. A minus sign counts where it cannot be a hyphen or a subtraction.
fn last_number(text: &str, number: &Regex) -> Option<f64> {
    let found = number.find_iter(text).last()?;
    let size: f64 = found.as_str().replace(',', "").parse().ok()?;
    let before = &text[..found.start()];
    let negative = ["-", "−"].iter().any(|sign| {
        before
            .strip_suffix(sign)
            .is_some_and(|rest| !rest.ends_with(|last: char| last.is_alphanumeric()))
    });
    let value = if negative { -size } else { size };
    value.is_finite().then_some(value)
}

fn compare_sets(output: &str, expected: &Value, separator: &str) -> Result<Graded, String> {
    let wanted: BTreeSet<&str> = match expected {
        Value::String(text) => items(text, separator),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map(str::trim))
            .collect::<Option<_>>()
            .ok_or("the row's `expected` value holds something other than texts")?,
        _ => return Err("the row's `expected` value is neither a list nor a text".to_owned()),
    };
    let found = items(output, separator);
    let list = |items: Vec<&&str>| {
        let items: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
        shorten(&items.join(", "), SHOWN).into_owned()
    };
    let missing: Vec<_> = wanted.difference(&found).collect();
    let extra: Vec<_> = found.difference(&wanted).collect();
    if missing.is_empty() && extra.is_empty() {
        return Ok(Graded::pass("holds the expected items and no others"));
    }
    let common = wanted.intersection(&found).count();
    let all = wanted.union(&found).count();
    let mut reasons = Vec::new();
    if !missing.is_empty() {
        reasons.push(format!("lacks {}", list(missing)));
    }
    if !extra.is_empty() {
        reasons.push(format!("adds {}", list(extra)));
    }
    Ok(Graded {
        grade: Grade::Fail,
        score: share(common, all),
        reason: reasons.join(" and "),
    })
}

fn share(part: usize, whole: usize) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an answer has far fewer items than 2^52"
    )]
    let share = part as f64 / whole as f64;
    share
}

fn items<'t>(text: &'t str, separator: &str) -> BTreeSet<&'t str> {
    text.split(separator)
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Rule;
    use super::super::tests::{answer, grade, row};
    use super::*;

    fn graded(rule: &ExpectedRule, output: &str, expected: impl Into<Value>) -> Grade {
        grade(
            Rule::Expected(rule.clone()),
            output,
            json!({"expected": expected.into()}),
        )
        .0
    }

    #[test]
    fn exact_compares_every_character() {
        assert_eq!(
            graded(&ExpectedRule::Exact, "a b", json!("a b")),
            Grade::Pass
        );
        assert_eq!(
            graded(&ExpectedRule::Exact, "a b\n", json!("a b")),
            Grade::Fail
        );
        assert_eq!(graded(&ExpectedRule::Exact, "5", json!(5)), Grade::Pass);
        assert_eq!(
            graded(&ExpectedRule::Exact, "true", json!(true)),
            Grade::Pass
        );
        assert_eq!(graded(&ExpectedRule::Exact, "", json!("")), Grade::Pass);
    }

    #[test]
    fn normalized_and_label_forgive_case_space_and_closing_punctuation() {
        let normalized = ExpectedRule::Normalized;
        assert_eq!(
            graded(&normalized, "  New\n York ", json!("new york")),
            Grade::Pass
        );
        assert_eq!(
            graded(&normalized, "New York.", json!("new york")),
            Grade::Fail
        );
        let label = ExpectedRule::Label;
        assert_eq!(graded(&label, "Billing.", json!("billing")), Grade::Pass);
        assert_eq!(graded(&label, "BILLING !", json!("billing")), Grade::Pass);
        assert_eq!(
            graded(&label, "the billing queue", json!("billing")),
            Grade::Fail
        );
    }

    #[test]
    fn numeric_takes_the_last_number_within_the_tolerance() {
        let rule = |tolerance| ExpectedRule::Numeric { tolerance };
        for (output, expected, tolerance, wanted) in [
            ("It is 12, no: 42.", json!(42), 0.0, Grade::Pass),
            ("1,234.50 euro", json!(1234.5), 0.0, Grade::Pass),
            ("from 5-10", json!(10), 0.0, Grade::Pass),
            ("about -3", json!(-3), 0.0, Grade::Pass),
            ("−3", json!("-3"), 0.0, Grade::Pass),
            ("0.8", json!(0.7), 0.1, Grade::Pass),
            ("0.81", json!(0.7), 0.1, Grade::Fail),
            ("1e3", json!(1000), 0.0, Grade::Pass),
            (".5", json!(0.5), 0.0, Grade::Pass),
            ("none", json!(0), 1e9, Grade::Fail),
            ("9e999", json!(0), 1e9, Grade::Fail),
            ("5", json!("five"), 1.0, Grade::Error),
            ("5", json!("NaN"), 1.0, Grade::Error),
            ("5", json!(null), 1.0, Grade::Error),
        ] {
            assert_eq!(
                graded(&rule(tolerance), output, expected),
                wanted,
                "{output}"
            );
        }
    }

    #[test]
    fn a_set_ignores_order_and_repeats_and_scores_the_overlap() {
        let rule = ExpectedRule::Set {
            separator: ",".to_owned(),
        };
        assert_eq!(graded(&rule, "b, a, a", json!(["a", "b"])), Grade::Pass);
        assert_eq!(graded(&rule, "a,b", json!("b, a")), Grade::Pass);
        assert_eq!(graded(&rule, "", json!([])), Grade::Pass);
        assert_eq!(graded(&rule, "a", json!([1])), Grade::Error);
        let graded = ExpectedGrader::new(&rule).grade(
            &answer("a, c").output,
            &row(json!({"expected": ["a", "b"]})),
        );
        assert_eq!(graded.grade, Grade::Fail);
        assert_eq!(graded.reason, "lacks `b` and adds `c`");
        assert!((graded.score - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_row_without_an_expected_value_is_an_error_for_every_comparison() {
        for rule in [
            ExpectedRule::Exact,
            ExpectedRule::Normalized,
            ExpectedRule::Label,
            ExpectedRule::Numeric { tolerance: 1.0 },
            ExpectedRule::Set {
                separator: ",".to_owned(),
            },
        ] {
            let (got, reason) = grade(Rule::Expected(rule.clone()), "x", json!({}));
            assert_eq!(got, Grade::Error, "{rule:?}: {reason}");
        }
        assert_eq!(
            graded(&ExpectedRule::Exact, "x", json!({"a": 1})),
            Grade::Error
        );
        assert_eq!(
            graded(&ExpectedRule::Label, "...", json!("...")),
            Grade::Error
        );
    }
}
