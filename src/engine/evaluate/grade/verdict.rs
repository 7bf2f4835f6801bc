//! Reading the verdict of somebody who is not ours, strictly: what is not exactly a verdict is an
//! error.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::evaluator::Grade;
use crate::domain::run::Graded;
use crate::domain::untrusted::shorten;

/// How much of a verdict's reason is kept, in characters.
const KEPT_REASON: usize = 500;

/// How much of what is no verdict a reason shows, in characters.
const SHOWN: usize = 120;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    grade: Option<Grade>,
    pass: Option<bool>,
    score: Option<f64>,
    reason: Option<String>,
}

/// Reads a verdict: `true` or `false`, a score from 0 to 1, or an object of `grade` or `pass`,
/// `score` and `reason`. Where there is only a score, it passes from `threshold` on.
pub(super) fn read_verdict(text: &str, threshold: f64) -> Graded {
    let verdict = match serde_json::from_str::<Value>(text) {
        Ok(Value::Bool(pass)) => Ok(Verdict {
            grade: None,
            pass: Some(pass),
            score: None,
            reason: None,
        }),
        Ok(Value::Number(score)) => Ok(Verdict {
            grade: None,
            pass: None,
            score: score.as_f64(),
            reason: None,
        }),
        Ok(object @ Value::Object(_)) => {
            // From the text and not from the value, which has forgotten keys that stand twice.
            drop(object);
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        Ok(_) => Err("expected an object, `true`, `false` or a score".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    verdict
        .and_then(|verdict| graded(verdict, threshold))
        .unwrap_or_else(|reason| {
            let shown = shorten(text, SHOWN);
            Graded::error(format!("the verdict cannot be read: {reason}: `{shown}`"))
        })
}

fn graded(verdict: Verdict, threshold: f64) -> Result<Graded, String> {
    if let Some(score) = verdict.score
        && !(0.0..=1.0).contains(&score)
    {
        return Err(format!("the score {score} is not from 0 to 1"));
    }
    let decide = |pass: bool| if pass { Grade::Pass } else { Grade::Fail };
    let grade = match (verdict.grade, verdict.pass, verdict.score) {
        (Some(_), Some(_), _) => return Err("it has both `grade` and `pass`".to_owned()),
        (Some(grade), None, _) => grade,
        (None, Some(pass), _) => decide(pass),
        (None, None, Some(score)) => decide(score >= threshold),
        (None, None, None) => return Err("it has no `grade`, `pass` or `score`".to_owned()),
    };
    let passes = if grade == Grade::Pass { 1.0 } else { 0.0 };
    let score = match grade {
        Grade::Pass | Grade::Fail => verdict.score.unwrap_or(passes),
        Grade::Unknown | Grade::Error => 0.0,
    };
    let reason = verdict.reason.map_or_else(
        || format!("the score is {score}"),
        |reason| shorten(&reason, KEPT_REASON).into_owned(),
    );
    Ok(Graded {
        grade,
        score,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_a_boolean_a_score_or_an_object() {
        for (text, grade, score) in [
            ("true", Grade::Pass, 1.0),
            ("false", Grade::Fail, 0.0),
            ("0.5", Grade::Pass, 0.5),
            ("0.49", Grade::Fail, 0.49),
            ("1", Grade::Pass, 1.0),
            (r#"{"pass": true}"#, Grade::Pass, 1.0),
            (r#"{"grade": "fail", "score": 0.9}"#, Grade::Fail, 0.9),
            (r#"{"score": 0.2, "reason": "poor"}"#, Grade::Fail, 0.2),
            (r#"{"grade": "unknown", "score": 1}"#, Grade::Unknown, 0.0),
            (r#"{"grade": "error"}"#, Grade::Error, 0.0),
        ] {
            let graded = read_verdict(text, 0.5);
            assert_eq!(graded.grade, grade, "{text}");
            assert!((graded.score - score).abs() < 1e-12, "{text}");
        }
    }

    #[test]
    fn anything_else_is_an_error_and_never_a_pass() {
        for text in [
            "",
            "null",
            "pass",
            "\"pass\"",
            "[true]",
            "1.01",
            "-0.1",
            "{}",
            r#"{"pass": "true"}"#,
            r#"{"pass": 1}"#,
            r#"{"grade": "passed"}"#,
            r#"{"pass": true, "grade": "fail"}"#,
            r#"{"pass": true, "score": 2}"#,
            r#"{"pass": true, "verdict": "x"}"#,
            r#"{"pass": false, "pass": true}"#,
            r#"{"reason": "fine"}"#,
            "true false",
        ] {
            assert_eq!(read_verdict(text, 0.5).grade, Grade::Error, "{text}");
        }
    }
}
