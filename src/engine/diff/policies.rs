//! Which rules of which lane's policy differ, and whether a release has it easier by that.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::id::LaneName;
use crate::domain::lane::{
    ApprovalPolicy, FreezePolicy, GatePolicy, Lane, OnInconclusive, SignersFile,
};
use crate::domain::watch::WatchPlan;
use crate::engine::workspace::Workspace;

use super::{FileDiff, Sides};

/// How the policy of a lane differs.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDiff {
    /// The lane's file.
    pub file: FileDiff<LaneName>,
    /// The rules that differ; none where a side cannot be read, or has no such lane.
    pub rules: Vec<RuleChange>,
}

/// A rule that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// The rule, as in the file: `gate.margin`.
    pub key: String,
    /// What it said; absent: nothing.
    pub old: Option<String>,
    /// What it says; absent: nothing.
    pub new: Option<String>,
    /// What that means for a release.
    pub effect: Effect,
}

/// What another rule means for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// More must be shown.
    Stronger,
    /// Less must be shown.
    Weaker,
    /// Something else must be shown.
    Different,
}

impl Effect {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stronger => "stronger",
            Self::Weaker => "weaker",
            Self::Different => "different",
        }
    }
}

/// The rules of a policy that differ on two sides.
pub(super) fn compare(sides: &Sides<'_>, file: FileDiff<LaneName>) -> PolicyDiff {
    let (old, new) = sides.workspaces();
    let read = |workspace: &Workspace<'_>| workspace.lane(&file.id).ok();
    let rules = match (read(&old), read(&new)) {
        (Some(old), Some(new)) => rule_changes(&old, &new),
        _ => Vec::new(),
    };
    PolicyDiff { file, rules }
}

/// What a policy asks for in one respect.
struct Rule {
    /// The words.
    shown: String,
    /// The more, the more it asks for; a rule that is not there asks for the least.
    strength: f64,
}

/// The rules that differ, in the order of their names.
pub fn rule_changes(old: &Lane, new: &Lane) -> Vec<RuleChange> {
    let (mut before, mut after) = (rules(old), rules(new));
    let mut keys: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let change = |key: String| {
        let (old, new) = (before.remove(&key), after.remove(&key));
        let strength =
            |rule: &Option<Rule>| rule.as_ref().map_or(f64::NEG_INFINITY, |it| it.strength);
        let (was, is) = (strength(&old), strength(&new));
        let (old, new) = (old.map(|rule| rule.shown), new.map(|rule| rule.shown));
        let effect = if is > was {
            Effect::Stronger
        } else if is < was {
            Effect::Weaker
        } else {
            Effect::Different
        };
        (old != new).then_some(RuleChange {
            key,
            old,
            new,
            effect,
        })
    };
    keys.into_iter().filter_map(change).collect()
}

/// Everything that a policy asks for, by the name of the rule. Every field is taken apart by name: a
/// rule that is new to us cannot be forgotten here.
fn rules(lane: &Lane) -> BTreeMap<String, Rule> {
    let Lane {
        name: _,
        description: _,
        order,
        from,
        gate,
        freeze: FreezePolicy { windows, soak },
        watch,
        approval,
        signing,
        // Who is told of a release asks nothing of it.
        webhooks: _,
    } = lane;
    let mut rules = Rules::default();
    // One lane before this one is as good as another; none at all asks for less.
    let from = from.as_ref().map(|(from, _)| from.to_string());
    rules.put("from", from, 0.0);
    rules.put("order", Some(order.to_string()), 0.0);
    if let Some(gate) = gate {
        rules.gate(gate);
    }
    for window in windows {
        let key = format!("freeze.windows `{window}`");
        rules.put(&key, Some("frozen".to_owned()), 0.0);
    }
    if let Some(soak) = soak {
        rules.put("freeze.soak", Some(soak.to_string()), seconds(soak.seconds));
    }
    if let Some(watch) = watch {
        rules.watch(watch);
    }
    if let Some(approval) = approval {
        rules.approval(approval);
    }
    if let Some(SignersFile { path, span: _ }) = signing {
        rules.put("signing.allowed_signers", Some(path.clone()), 0.0);
    }
    rules.0
}

#[derive(Default)]
struct Rules(BTreeMap<String, Rule>);

impl Rules {
    fn put(&mut self, key: &str, shown: Option<String>, strength: f64) {
        if let Some(shown) = shown {
            self.0.insert(key.to_owned(), Rule { shown, strength });
        }
    }

    /// A number of which more asks for more.
    fn least(&mut self, key: &str, number: Option<f64>) {
        self.put(
            key,
            number.map(|it| it.to_string()),
            number.unwrap_or_default(),
        );
    }

    /// A number of which less asks for more.
    fn most(&mut self, key: &str, number: Option<f64>) {
        self.put(
            key,
            number.map(|it| it.to_string()),
            -number.unwrap_or_default(),
        );
    }

    fn gate(&mut self, gate: &GatePolicy) {
        let GatePolicy {
            floors,
            repeats,
            evidence_max_age,
            margin,
            confidence,
            on_inconclusive,
            judge_kappa,
            max_latency_p95_ratio,
            max_cost_ratio,
        } = gate;
        self.put("gate", Some("asked for".to_owned()), 0.0);
        for (evaluator, floor) in floors {
            self.least(&format!("gate.floors.{evaluator}"), Some(floor.rate));
        }
        self.least("gate.repeats", Some(f64::from(*repeats)));
        if let Some(age) = evidence_max_age {
            let text = Some(age.to_string());
            self.put("gate.evidence_max_age", text, -seconds(age.seconds));
        }
        self.most("gate.margin", *margin);
        let confidence = confidence.unwrap_or(GatePolicy::CONFIDENCE);
        self.least("gate.confidence", Some(confidence));
        let (word, strength) = match on_inconclusive {
            OnInconclusive::Block => ("block", 2.0),
            OnInconclusive::Approve => ("approve", 1.0),
            OnInconclusive::Warn => ("warn", 0.0),
        };
        self.put("gate.on_inconclusive", Some(word.to_owned()), strength);
        self.least("gate.judge_kappa", *judge_kappa);
        self.most("gate.max_latency_p95_ratio", *max_latency_p95_ratio);
        self.most("gate.max_cost_ratio", *max_cost_ratio);
    }

    fn approval(&mut self, approval: &ApprovalPolicy) {
        let ApprovalPolicy {
            required,
            not_author,
            allowed_signers: SignersFile { path, span: _ },
        } = approval;
        self.least("approval.required", Some(f64::from(*required)));
        let strength = if *not_author { 1.0 } else { 0.0 };
        self.put(
            "approval.not_author",
            Some(not_author.to_string()),
            strength,
        );
        self.put("approval.allowed_signers", Some(path.clone()), 0.0);
    }

    fn watch(&mut self, watch: &WatchPlan) {
        let WatchPlan {
            checkpoints,
            max_error_rate_increase,
            max_latency_p95_ratio,
            max_cost_per_call_ratio,
            min_score_delta,
        } = watch;
        let times = checkpoints.iter().map(ToString::to_string);
        let times = times.collect::<Vec<_>>().join(", ");
        self.put("watch.checkpoints", Some(times), 0.0);
        self.most("watch.max_error_rate_increase", *max_error_rate_increase);
        self.most("watch.max_latency_p95_ratio", *max_latency_p95_ratio);
        self.most("watch.max_cost_per_call_ratio", *max_cost_per_call_ratio);
        self.least("watch.min_score_delta", *min_score_delta);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a thousand years in seconds are far below 2^53"
)]
fn seconds(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::workspace::document::Source;
    use crate::engine::workspace::lane::read_lane;

    fn changes(old: &str, new: &str) -> Vec<String> {
        let name = LaneName::new("production").unwrap();
        let read = |text: &str| read_lane(&name, &Source::new(name.path(), text)).unwrap();
        let changes = rule_changes(&read(old), &read(new));
        let none = || "none".to_owned();
        let line = |it: RuleChange| {
            let (old, new) = (it.old.unwrap_or_else(none), it.new.unwrap_or_else(none));
            format!("{} {old} → {new} ({})", it.key, it.effect.name())
        };
        changes.into_iter().map(line).collect()
    }

    #[test]
    fn a_rule_that_asks_for_less_is_weaker() {
        for (old, new, expected) in [
            (
                "margin = 0.05",
                "margin = 0.1",
                "gate.margin 0.05 → 0.1 (weaker)",
            ),
            ("margin = 0.05", "", "gate.margin 0.05 → none (weaker)"),
            ("", "margin = 0.05", "gate.margin none → 0.05 (stronger)"),
            (
                "",
                "confidence = 0.9",
                "gate.confidence 0.95 → 0.9 (weaker)",
            ),
            ("repeats = 3", "", "gate.repeats 3 → 1 (weaker)"),
            (
                "floors = { a = 0.8 }",
                "floors = { a = 0.9 }",
                "gate.floors.a 0.8 → 0.9 (stronger)",
            ),
            (
                "floors = { a = 0.8 }",
                "",
                "gate.floors.a 0.8 → none (weaker)",
            ),
            (
                "evidence_max_age = \"1h\"",
                "evidence_max_age = \"7d\"",
                "gate.evidence_max_age 1h → 7d (weaker)",
            ),
            (
                "on_inconclusive = \"warn\"",
                "",
                "gate.on_inconclusive warn → block (stronger)",
            ),
            (
                "max_cost_ratio = 2",
                "max_cost_ratio = 1.5",
                "gate.max_cost_ratio 2 → 1.5 (stronger)",
            ),
        ] {
            let gate = |keys: &str| format!("[gate]\n{keys}\n");
            assert_eq!(changes(&gate(old), &gate(new)), [expected]);
        }
    }

    #[test]
    fn times_and_lanes_are_rules_too() {
        let before = "from = \"staging\"\n[freeze]\nsoak = \"24h\"\nwindows = [\"Fri 16:00 - Mon 08:00 UTC\"]\n";
        let after = "from = \"canary\"\n[freeze]\nsoak = \"2h\"\nwindows = []\n\
                     [watch]\ncheckpoints = [\"1h\"]\nmin_score_delta = -0.1\n";
        assert_eq!(
            changes(before, after),
            [
                "freeze.soak 24h → 2h (weaker)",
                "freeze.windows `Fri 16:00 - Mon 08:00 UTC` frozen → none (weaker)",
                "from staging → canary (different)",
                "watch.checkpoints none → 1h (stronger)",
                "watch.min_score_delta none → -0.1 (stronger)",
            ]
        );
        assert_eq!(
            changes("[gate]\nfloors = { a = 1 }\n", "# no gate\n"),
            [
                "gate asked for → none (weaker)",
                "gate.confidence 0.95 → none (weaker)",
                "gate.floors.a 1 → none (weaker)",
                "gate.on_inconclusive block → none (weaker)",
                "gate.repeats 1 → none (weaker)",
            ]
        );
    }

    #[test]
    fn who_must_approve_and_sign_are_rules_too() {
        let policy = |required: u32, path: &str| {
            format!(
                "[approval]\nrequired = {required}\nnot_author = true\nallowed_signers = \"{path}\"\n"
            )
        };
        let before = policy(2, "environments/a");
        assert_eq!(
            changes(&before, &policy(1, "environments/b")),
            [
                "approval.allowed_signers environments/a → environments/b (different)",
                "approval.required 2 → 1 (weaker)",
            ]
        );
        assert_eq!(
            changes("[signing]\nallowed_signers = \"environments/a\"\n", ""),
            ["signing.allowed_signers environments/a → none (weaker)"]
        );
    }

    #[test]
    fn other_words_for_the_same_rules_are_no_change() {
        assert_eq!(
            changes("order = 1\n", "# the first\norder = 1\n"),
            Vec::<String>::new()
        );
        let all = "[gate]\nconfidence = 0.95\nrepeats = 1\n";
        assert_eq!(changes("[gate]\n", all), Vec::<String>::new());
    }
}
