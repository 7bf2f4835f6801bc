//! Grading text as it is: equal, contained, matched.

use serde_json::Value;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{TextOperator, TextRule, TextValue};
use crate::domain::run::Graded;
use crate::domain::untrusted::shorten;
use crate::engine::workspace::matchers::Pattern;

/// How much of a text a reason shows, in characters.
const SHOWN: usize = 80;

/// A text rule, ready to grade.
pub(super) struct TextGrader {
    operator: TextOperator,
    ignore_case: bool,
    trim: bool,
    values: Values,
}

/// What is compared with, as far as it is known before the row.
enum Values {
    Column(String),
    Fixed(Vec<Needle>),
}

/// One value to compare with.
enum Needle {
    Text { shown: String, compared: String },
    Pattern(Pattern),
}

impl TextGrader {
    /// Compiles the rule; the error says which pattern is wrong.
    pub(super) fn compile(rule: &TextRule) -> Result<Self, String> {
        let values = match &rule.value {
            TextValue::Column(column) => Values::Column(column.clone()),
            TextValue::Fixed(values) => {
                Values::Fixed(needles(rule.operator, rule.ignore_case, values)?)
            }
        };
        Ok(Self {
            operator: rule.operator,
            ignore_case: rule.ignore_case,
            trim: rule.trim,
            values,
        })
    }

    /// Grades an answer's text.
    pub(super) fn grade(&self, output: &str, row: &Row) -> Graded {
        let graded = match &self.values {
            Values::Fixed(needles) => self.compare(output, needles),
            Values::Column(column) => column_texts(column, row)
                .and_then(|texts| needles(self.operator, self.ignore_case, &texts))
                .and_then(|needles| self.compare(output, &needles)),
        };
        graded.unwrap_or_else(Graded::error)
    }

    /// The error says why it is not known whether the rule holds.
    fn compare(&self, output: &str, needles: &[Needle]) -> Result<Graded, String> {
        let output = if self.trim { output.trim() } else { output };
        let lowered;
        let haystack = if self.ignore_case && self.operator != TextOperator::Regex {
            lowered = output.to_lowercase();
            lowered.as_str()
        } else {
            output
        };
        let first = |wanted: bool| -> Result<Option<&Needle>, String> {
            for needle in needles {
                if needle.holds(self.operator, haystack)? == wanted {
                    return Ok(Some(needle));
                }
            }
            Ok(None)
        };
        Ok(match self.operator {
            TextOperator::ContainsAll => match first(false)? {
                None => Graded::pass("contains every value"),
                Some(needle) => Graded::fail(format!("does not contain {}", needle.shown())),
            },
            TextOperator::NotContainsAny => match first(true)? {
                None => Graded::pass("contains none of the values"),
                Some(needle) => Graded::fail(format!("contains {}", needle.shown())),
            },
            _ => match first(true)? {
                Some(needle) => Graded::pass(format!("{} {}", self.verb(), needle.shown())),
                None => Graded::fail(self.failure(needles)),
            },
        })
    }

    fn failure(&self, needles: &[Needle]) -> String {
        let negated = match self.operator {
            TextOperator::Equals => "is not",
            TextOperator::StartsWith => "does not start with",
            TextOperator::EndsWith => "does not end with",
            TextOperator::Regex => "does not match",
            _ => "does not contain",
        };
        match needles {
            [only] => format!("{negated} {}", only.shown()),
            several => format!("{negated} any of {} values", several.len()),
        }
    }

    fn verb(&self) -> &'static str {
        match self.operator {
            TextOperator::Equals => "is",
            TextOperator::StartsWith => "starts with",
            TextOperator::EndsWith => "ends with",
            TextOperator::Regex => "matches",
            _ => "contains",
        }
    }
}

impl Needle {
    /// Whether a text is as the operator has it. The error says why that is not known.
    fn holds(&self, operator: TextOperator, haystack: &str) -> Result<bool, String> {
        Ok(match self {
            Self::Pattern(pattern) => pattern
                .is_match(haystack)
                .map_err(|too_long| unusable(pattern.as_str(), &too_long.to_string()))?,
            Self::Text { compared, .. } => match operator {
                TextOperator::Equals => haystack == compared,
                TextOperator::StartsWith => haystack.starts_with(compared),
                TextOperator::EndsWith => haystack.ends_with(compared),
                _ => haystack.contains(compared),
            },
        })
    }

    fn shown(&self) -> String {
        match self {
            Self::Text { shown, .. } => format!("`{}`", shorten(shown, SHOWN)),
            Self::Pattern(pattern) => format!("`{}`", shorten(pattern.as_str(), SHOWN)),
        }
    }
}

fn needles(
    operator: TextOperator,
    ignore_case: bool,
    values: &[String],
) -> Result<Vec<Needle>, String> {
    values
        .iter()
        .map(|value| match operator {
            TextOperator::Regex => pattern(value, ignore_case).map(Needle::Pattern),
            _ => Ok(Needle::Text {
                shown: value.clone(),
                compared: if ignore_case {
                    value.to_lowercase()
                } else {
                    value.clone()
                },
            }),
        })
        .collect()
}

fn pattern(source: &str, ignore_case: bool) -> Result<Pattern, String> {
    Pattern::compile(source, ignore_case).map_err(|reason| unusable(source, &reason))
}

fn unusable(source: &str, reason: &str) -> String {
    let source = shorten(source, SHOWN);
    format!("the pattern `{source}` cannot be used: {reason}")
}

/// The texts in a row's column. An absent or an empty one is an error: comparing with nothing
/// would let every answer pass.
pub(super) fn column_texts(column: &str, row: &Row) -> Result<Vec<String>, String> {
    let value = row
        .column(column)
        .ok_or_else(|| format!("the row has no column `{column}`"))?;
    let texts = match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    let texts =
        texts.ok_or_else(|| format!("column `{column}` is neither a text nor a list of texts"))?;
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(format!("column `{column}` is empty or holds an empty text"));
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{evaluator, grade};
    use super::super::{Grader, Rule};
    use super::*;
    use crate::domain::evaluator::Grade;

    fn fixed(operator: TextOperator, values: &[&str]) -> Rule {
        rule(operator, values, false)
    }

    fn rule(operator: TextOperator, values: &[&str], ignore_case: bool) -> Rule {
        let values = values.iter().map(ToString::to_string).collect();
        Rule::Text(TextRule {
            operator,
            value: TextValue::Fixed(values),
            ignore_case,
            trim: false,
        })
    }

    fn column(operator: TextOperator, column: &str) -> Rule {
        Rule::Text(TextRule {
            operator,
            value: TextValue::Column(column.to_owned()),
            ignore_case: false,
            trim: false,
        })
    }

    #[test]
    fn every_operator_holds_and_fails_where_it_should() {
        use TextOperator as Op;
        for (operator, values, output, wanted) in [
            (Op::Equals, vec!["a", "b"], "b", Grade::Pass),
            (Op::Equals, vec!["a"], "a ", Grade::Fail),
            (Op::StartsWith, vec!["Dear"], "Dear Ana", Grade::Pass),
            (Op::StartsWith, vec!["Dear"], " Dear Ana", Grade::Fail),
            (Op::EndsWith, vec!["x", "."], "Done.", Grade::Pass),
            (Op::EndsWith, vec!["."], "Done.\n", Grade::Fail),
            (Op::ContainsAny, vec!["no", "bug"], "a bug", Grade::Pass),
            (Op::ContainsAny, vec!["no"], "a bug", Grade::Fail),
            (Op::ContainsAll, vec!["a", "bug"], "a bug", Grade::Pass),
            (Op::ContainsAll, vec!["a", "no"], "a bug", Grade::Fail),
            (Op::NotContainsAny, vec!["sorry"], "Done", Grade::Pass),
            (Op::NotContainsAny, vec!["x", "Done"], "Done", Grade::Fail),
            (Op::Regex, vec!["^TM[0-9]+$"], "TM42", Grade::Pass),
            (Op::Regex, vec!["^TM[0-9]+$"], "TM", Grade::Fail),
        ] {
            let (got, reason) = grade(fixed(operator, &values), output, json!({}));
            assert_eq!(got, wanted, "{operator:?} {values:?} {output:?}: {reason}");
        }
    }

    #[test]
    fn case_is_ignored_only_on_request_and_in_every_script() {
        let (got, _) = grade(
            rule(TextOperator::Equals, &["STRASSE ÄÖ"], true),
            "strasse äö",
            json!({}),
        );
        assert_eq!(got, Grade::Pass);
        let (got, _) = grade(rule(TextOperator::Regex, &["^ok$"], true), "OK", json!({}));
        assert_eq!(got, Grade::Pass);
        let (got, reason) = grade(fixed(TextOperator::Equals, &["ok"]), "OK", json!({}));
        assert_eq!((got, reason.as_str()), (Grade::Fail, "is not `ok`"));
    }

    #[test]
    fn values_come_from_a_column_of_the_row() {
        let contains = || column(TextOperator::ContainsAll, "facts");
        let (got, _) = grade(
            contains(),
            "7 days, 2 euro",
            json!({"facts": ["7 days", "2 euro"]}),
        );
        assert_eq!(got, Grade::Pass);
        let (got, reason) = grade(contains(), "7 days", json!({"facts": ["7 days", "2 euro"]}));
        assert_eq!(
            (got, reason.as_str()),
            (Grade::Fail, "does not contain `2 euro`")
        );
    }

    #[test]
    fn a_column_that_is_absent_empty_or_no_text_is_an_error_and_never_a_pass() {
        for columns in [
            json!({}),
            json!({"facts": []}),
            json!({"facts": ""}),
            json!({"facts": ["a", ""]}),
            json!({"facts": 7}),
            json!({"facts": ["a", 7]}),
            json!({"facts": null}),
        ] {
            for operator in [TextOperator::ContainsAll, TextOperator::NotContainsAny] {
                let (got, reason) = grade(column(operator, "facts"), "anything", columns.clone());
                assert_eq!(got, Grade::Error, "{columns}: {reason}");
                assert!(reason.contains("`facts`"), "{reason}");
            }
        }
        let (got, reason) = grade(column(TextOperator::Regex, "p"), "x", json!({"p": "("}));
        assert_eq!(got, Grade::Error, "{reason}");
    }

    #[test]
    fn patterns_that_are_wrong_or_too_large_are_refused_and_backtracking_ones_are_harmless() {
        for source in ["(", "(?=x)", "(a{1000}){1000}"] {
            let rule = fixed(TextOperator::Regex, &[source]);
            assert!(Grader::compile(&evaluator(rule), &[]).is_err(), "{source}");
        }
        let long = "a".repeat(100_000);
        let (got, _) = grade(
            fixed(TextOperator::Regex, &["^(a+)+$"]),
            &format!("{long}!"),
            json!({}),
        );
        assert_eq!(got, Grade::Fail);
    }

    #[test]
    fn a_pattern_that_would_take_too_long_is_an_error_and_never_a_pass() {
        let counting = fixed(TextOperator::Regex, &["[ab]*a[ab]{10000}c"]);
        let (got, reason) = grade(counting, &"ab".repeat(500_000), json!({}));
        assert_eq!(got, Grade::Error);
        assert_eq!(
            reason,
            "the pattern `[ab]*a[ab]{10000}c` cannot be used: it repeats too much for a text of \
             1000000 bytes: let it count less, or anchor it"
        );
    }
}
