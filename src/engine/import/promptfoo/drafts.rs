//! From the assertions of a test to evaluators, as promptfoo adds up what its assertions say.

use serde_json::json;

use super::fields::{Assertion, Check, check};
use super::files::{Item, Reader, Spot};
use super::mapping::Mapping;
use super::providers::Targets;
use super::shapes::{Shape, SlotValue};
use super::tests::TestCase;
use super::variables::Plans;
use super::vars::Values;

/// An evaluator, but for its name and for what differs from row to row.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Words to make a name of.
    pub(super) hint: String,
    /// Whether the words were chosen by people.
    pub(super) named: bool,
    pub(super) blocking: bool,
    pub(super) shape: Shape,
    pub(super) slots: Vec<SlotValue>,
}

impl Draft {
    /// Whether two rows can share the evaluator.
    pub(super) fn key(&self) -> String {
        json!([self.hint, self.named, self.blocking, self.shape.key()]).to_string()
    }
}

/// Makes evaluators of assertions.
pub(super) struct Drafter<'d, 't> {
    pub(super) reader: &'d mut Reader<'t>,
    pub(super) targets: &'d mut Targets,
    pub(super) plans: &'d Plans,
}

impl Drafter<'_, '_> {
    /// Reads the assertions of a test.
    pub(super) fn checks(&mut self, test: &TestCase) -> Vec<Option<Check>> {
        let mut checks = Vec::new();
        for item in &test.asserts {
            for item in self.spread(item) {
                checks.push(check(self.reader, &item));
            }
        }
        checks
    }

    /// The assertions that an entry of the list stands for: a file may hold several.
    fn spread(&mut self, item: &Item) -> Vec<Item> {
        if item.file_name().is_none() {
            return vec![item.clone()];
        }
        let resolved = self.reader.resolved(item);
        resolved.map(|item| item.items()).unwrap_or_default()
    }

    /// The evaluators of one row of a test.
    pub(super) fn drafts(
        &mut self,
        test: &TestCase,
        checks: &[Option<Check>],
        values: &Values,
    ) -> Vec<Draft> {
        if let Some(threshold) = test.threshold {
            return self.by_score(test, threshold, checks, values);
        }
        let mut drafts = Vec::new();
        for check in checks.iter().flatten() {
            let weight = check.weight();
            #[expect(
                clippy::float_cmp,
                reason = "these are the numbers as they are written"
            )]
            if weight != 0.0 && weight != 1.0 {
                let message = "without a threshold the weight changes no verdict, and is not kept";
                self.reader.changed(check.spot().place(), "weight", message);
            }
            match check {
                Check::One(assertion) => drafts.extend(self.one(test, assertion, values)),
                Check::Set { .. } => drafts.extend(self.set(test, check, values)),
            }
        }
        drafts
    }

    fn one(&mut self, test: &TestCase, assertion: &Assertion, values: &Values) -> Option<Draft> {
        let mut slots = Vec::new();
        let shape = self.shape(test, assertion, values, &mut slots, false)?;
        let kind = assertion.kind.replace(':', "-");
        let kind = if assertion.inverse {
            format!("not-{kind}")
        } else {
            kind
        };
        Some(Draft {
            named: assertion.metric.is_some(),
            hint: assertion.metric.clone().unwrap_or(kind),
            blocking: assertion.weight != 0.0,
            shape,
            slots,
        })
    }

    fn shape(
        &mut self,
        test: &TestCase,
        assertion: &Assertion,
        values: &Values,
        slots: &mut Vec<SlotValue>,
        scored: bool,
    ) -> Option<Shape> {
        let grader = test.options.get("provider");
        let grader = grader.and_then(|item| {
            let id = item.get("id").and_then(|id| id.text().map(str::to_owned));
            item.text().map(str::to_owned).or(id)
        });
        let mut mapping = Mapping {
            reader: self.reader,
            targets: self.targets,
            row: &values.graded,
            is_nested: self.plans.row(&values.shown) != values.graded,
            grader,
            slots: std::mem::take(slots),
            scored,
        };
        let shape = mapping.shape(assertion);
        *slots = mapping.slots;
        match shape {
            Ok(shape) => Some(shape),
            Err(why) => {
                let not = if assertion.inverse { "not-" } else { "" };
                let message = format!("`{not}{}` is left out: {why}", assertion.kind);
                self.reader
                    .left_out(assertion.spot.place(), "unsupported-assertion", message);
                None
            }
        }
    }

    /// A set: all of its parts, or enough of them.
    fn set(&mut self, test: &TestCase, check: &Check, values: &Values) -> Vec<Draft> {
        let Check::Set {
            spot,
            parts,
            threshold,
            metric,
            ..
        } = check
        else {
            return Vec::new();
        };
        // A part without weight passes in any case.
        let (counting, advisory): (Vec<&Assertion>, Vec<&Assertion>) =
            parts.iter().partition(|part| part.weight != 0.0);
        let mut drafts: Vec<Draft> = advisory
            .into_iter()
            .filter_map(|part| self.one(test, part, values))
            .collect();
        let mut slots = Vec::new();
        let scored = threshold.is_some();
        let shapes: Vec<Option<(f64, Shape)>> = counting
            .iter()
            .map(|part| {
                let shape = self.shape(test, part, values, &mut slots, scored)?;
                Some((part.weight, shape))
            })
            .collect();
        let shape = match shapes.into_iter().collect::<Option<Vec<_>>>() {
            Some(parts) if !parts.is_empty() => set_shape(parts, *threshold),
            Some(_) => Err("no part has any weight"),
            None => Err("a part of it is left out"),
        };
        match shape {
            Ok(shape) => drafts.push(Draft {
                named: metric.is_some(),
                hint: metric.clone().unwrap_or_else(|| "assert-set".to_owned()),
                blocking: true,
                shape,
                slots,
            }),
            Err(why) => self.leave_out(spot, "this set", why),
        }
        drafts
    }

    fn leave_out(&mut self, spot: &Spot, what: &str, why: &str) {
        let message = format!("{what} is left out: {why}");
        self.reader
            .left_out(spot.place(), "unsupported-assertion", message);
    }

    /// A test with a threshold passes by the mean of all scores.
    fn by_score(
        &mut self,
        test: &TestCase,
        threshold: f64,
        checks: &[Option<Check>],
        values: &Values,
    ) -> Vec<Draft> {
        if checks.is_empty() {
            return Vec::new();
        }
        let mut drafts = Vec::new();
        let mut slots = Vec::new();
        let mut parts = Vec::new();
        let mut complete = checks.iter().all(Option::is_some);
        for check in checks.iter().flatten() {
            if let Check::One(assertion) = check
                && assertion.weight == 0.0
            {
                drafts.extend(self.one(test, assertion, values));
                continue;
            }
            match self.score(test, check, values, &mut slots) {
                Some(shape) => parts.push((check.weight(), shape)),
                None => complete = false,
            }
        }
        let weight: f64 = parts.iter().map(|(weight, _)| weight).sum();
        let why = if !complete {
            Some("its threshold counts the scores of all, and some have no counterpart")
        } else if weight <= 0.0 {
            Some("no assertion has any weight")
        } else if !(0.0..=1.0).contains(&threshold) {
            Some("its threshold is not from 0 to 1")
        } else {
            None
        };
        if let Some(why) = why {
            let what = format!("the list of {} assertion(s)", checks.len());
            self.leave_out(&test.spot, &what, why);
            return drafts;
        }
        drafts.push(Draft {
            hint: "score".to_owned(),
            named: true,
            blocking: true,
            shape: Shape::Weighted { threshold, parts },
            slots,
        });
        drafts
    }

    /// The rule whose score is that of an assertion or a set.
    fn score(
        &mut self,
        test: &TestCase,
        check: &Check,
        values: &Values,
        slots: &mut Vec<SlotValue>,
    ) -> Option<Shape> {
        match check {
            Check::One(assertion) => self.shape(test, assertion, values, slots, true),
            Check::Set { parts, .. } => {
                let mut shapes = Vec::new();
                for part in parts {
                    shapes.push((part.weight, self.shape(test, part, values, slots, true)?));
                }
                let weight: f64 = shapes.iter().map(|(weight, _)| weight).sum();
                // Only its score is asked for.
                (weight > 0.0).then_some(Shape::Weighted {
                    threshold: 1.0,
                    parts: shapes,
                })
            }
        }
    }
}

/// The rule of a set, of parts that all have weight.
fn set_shape(parts: Vec<(f64, Shape)>, threshold: Option<f64>) -> Result<Shape, &'static str> {
    match threshold {
        Some(threshold) if (0.0..=1.0).contains(&threshold) => {
            Ok(Shape::Weighted { threshold, parts })
        }
        Some(_) => Err("its threshold is not from 0 to 1"),
        None => Ok(Shape::All(
            parts.into_iter().map(|(_, shape)| shape).collect(),
        )),
    }
}
