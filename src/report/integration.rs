//! What the checks after an integration found, for people and for machines.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::untrusted::Untrusted;
use crate::engine::traces::integration::{Aspect, Check, Needed};

/// Each check with its shares; below what does not comply, an example and what to change.
pub fn render_integration(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.complies() { "ok  " } else { "FAIL" };
        let _ = writeln!(text, "{mark}  {}: {}", check.ident, check.question);
        for aspect in &check.aspects {
            let _ = writeln!(text, "      {}: {}", aspect.name, share(aspect));
            if aspect.complies() {
                continue;
            }
            if let Some(example) = &aspect.example {
                let place = [&example.trace, &example.span].map(|id| id.as_deref());
                let place = match place {
                    [Some(trace), Some(span)] => format!("{trace}/{span}: "),
                    _ => String::new(),
                };
                let said = format!("{place}{}", example.said);
                let _ = writeln!(text, "        example  {}", Untrusted(&said));
            }
            let _ = writeln!(text, "        change   {}", aspect.advice);
        }
    }
    text
}

fn share(aspect: &Aspect) -> String {
    let Aspect {
        total, complying, ..
    } = aspect;
    match aspect.needed {
        Needed::Count(needed) => format!("{complying}, needed are {needed}"),
        Needed::Share(_) if *total == 0 => "there is nothing that could say it".to_owned(),
        Needed::Share(needed) => format!(
            "{} of {total} ({}), needed are {}",
            complying,
            percent(fraction(*complying, *total)),
            percent(needed)
        ),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of spans needs no more digits"
)]
fn fraction(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Rounded down, so that all is only said of all.
fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1_000.0).floor() / 10.0)
}

/// What the checks found: `pointsman/doctor-integration/v1`.
#[derive(Debug, Serialize)]
pub struct IntegrationV1<'c> {
    schema: &'static str,
    complies: bool,
    checks: Vec<CheckV1<'c>>,
}

#[derive(Debug, Serialize)]
struct CheckV1<'c> {
    ident: &'static str,
    question: &'static str,
    complies: bool,
    aspects: Vec<AspectV1<'c>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AspectV1<'c> {
    name: &'static str,
    complies: bool,
    total: u64,
    complying: u64,
    share: Option<f64>,
    needed_share: Option<f64>,
    needed_count: Option<u64>,
    example: Option<ExampleV1<'c>>,
    advice: &'static str,
}

#[derive(Debug, Serialize)]
struct ExampleV1<'c> {
    trace: Option<&'c str>,
    span: Option<&'c str>,
    said: &'c str,
}

impl<'c> IntegrationV1<'c> {
    /// The result of all checks.
    pub fn new(checks: &'c [Check]) -> Self {
        let checks = checks.iter().map(|check| CheckV1 {
            ident: check.ident,
            question: check.question,
            complies: check.complies(),
            aspects: check.aspects.iter().map(AspectV1::from).collect(),
        });
        let checks: Vec<CheckV1<'_>> = checks.collect();
        Self {
            schema: "pointsman/doctor-integration/v1",
            complies: checks.iter().all(|check| check.complies),
            checks,
        }
    }
}

impl<'c> From<&'c Aspect> for AspectV1<'c> {
    fn from(aspect: &'c Aspect) -> Self {
        let (needed_share, needed_count) = match aspect.needed {
            Needed::Share(share) => (Some(share), None),
            Needed::Count(count) => (None, Some(count)),
        };
        let example = aspect.example.as_ref().map(|example| ExampleV1 {
            trace: example.trace.as_deref(),
            span: example.span.as_deref(),
            said: &example.said,
        });
        Self {
            name: aspect.name,
            complies: aspect.complies(),
            total: aspect.total,
            complying: aspect.complying,
            share: (aspect.total > 0).then(|| fraction(aspect.complying, aspect.total)),
            needed_share,
            needed_count,
            example,
            advice: aspect.advice,
        }
    }
}
