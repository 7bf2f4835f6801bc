//! Reads lane files.

use std::collections::BTreeMap;

use crate::domain::finding::Findings;
use crate::domain::id::{EvaluatorId, LaneName};
use crate::domain::lane::{
    ApprovalPolicy, Floor, FreezePolicy, GatePolicy, Lane, OnInconclusive, SignersFile,
};
use crate::domain::watch::WatchPlan;

use super::decode::Decoder;
use super::document::{Node, Source};
use super::toml::parse_toml;
use super::webhook::webhooks;

/// What a gate may do where too little is shown.
const ON_INCONCLUSIVE: [(&str, OnInconclusive); 3] = [
    ("block", OnInconclusive::Block),
    ("warn", OnInconclusive::Warn),
    ("approve", OnInconclusive::Approve),
];

/// The folder of everything that policies consist of.
const POLICY_FOLDER: &str = "environments/";

/// Reads one lane.
pub fn read_lane(name: &LaneName, source: &Source) -> Result<Lane, Findings> {
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let lane = lane(name, &mut decoder, &node);
    decoder.finish(lane)
}

fn lane(name: &LaneName, decoder: &mut Decoder<'_>, node: &Node) -> Option<Lane> {
    let mut fields = decoder.fields(node)?;
    let description = fields
        .optional("description")
        .and_then(|node| decoder.text(node));
    let order = match fields.optional("order") {
        Some(node) => decoder.integer_within(node, 0, 1_000)?,
        None => 0,
    };
    let from = match fields.optional("from") {
        Some(node) => Some((decoder.parsed(node)?, node.span)),
        None => None,
    };
    let gate = match fields.optional("gate") {
        Some(node) => Some(gate(decoder, node)?),
        None => None,
    };
    let webhooks = match fields.optional("webhook") {
        Some(node) => webhooks(decoder, node)?,
        None => Vec::new(),
    };
    let approval = match fields.optional("approval") {
        Some(node) => Some(approval(decoder, node)?),
        None => None,
    };
    let signing = match fields.optional("signing") {
        Some(node) => Some(signing(decoder, node)?),
        None => None,
    };
    let freeze = match fields.optional("freeze") {
        Some(node) => freeze(decoder, node, from.is_some())?,
        None => FreezePolicy::default(),
    };
    let watch = match fields.optional("watch") {
        Some(node) => Some(watch(decoder, node)?),
        None => None,
    };
    fields.finish(decoder);
    let asks = gate
        .as_ref()
        .is_some_and(|gate: &GatePolicy| gate.on_inconclusive == OnInconclusive::Approve);
    if asks && approval.is_none() {
        decoder.error(
            "missing-key",
            node.span,
            "`on_inconclusive = \"approve\"` needs to know whose approval counts",
            "add an `[approval]` table with `allowed_signers`",
        );
    }
    Some(Lane {
        name: name.clone(),
        description,
        order,
        from,
        gate,
        webhooks,
        approval,
        signing,
        freeze,
        watch,
    })
}

fn approval(decoder: &mut Decoder<'_>, node: &Node) -> Option<ApprovalPolicy> {
    let mut fields = decoder.fields(node)?;
    let required = match fields.optional("required") {
        Some(node) => decoder.integer_within(node, 0, 20)?,
        None => 1,
    };
    let not_author = match fields.optional("not_author") {
        Some(node) => decoder.boolean(node)?,
        None => false,
    };
    let allowed_signers = fields.required(decoder, "allowed_signers");
    let allowed_signers = allowed_signers.and_then(|node| signers_file(decoder, node));
    fields.finish(decoder);
    Some(ApprovalPolicy {
        required: u32::try_from(required).ok()?,
        not_author,
        allowed_signers: allowed_signers?,
    })
}

fn signing(decoder: &mut Decoder<'_>, node: &Node) -> Option<SignersFile> {
    let mut fields = decoder.fields(node)?;
    let allowed_signers = fields.required(decoder, "allowed_signers");
    let allowed_signers = allowed_signers.and_then(|node| signers_file(decoder, node));
    fields.finish(decoder);
    allowed_signers
}

/// A file of keys must be released with the policy, so that a lane knows it.
fn signers_file(decoder: &mut Decoder<'_>, node: &Node) -> Option<SignersFile> {
    let path = decoder.text(node)?;
    let plain = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && !segment.contains(['\\', ':'])
            && !segment.chars().any(char::is_control)
    };
    let name = path.strip_prefix(POLICY_FOLDER).unwrap_or_default();
    let is_policy = name.strip_suffix(".toml").is_some();
    if is_policy || !name.split('/').all(plain) {
        decoder.error(
            "invalid-value",
            node.span,
            format!("`{path}` is not a plain path below `{POLICY_FOLDER}`"),
            "put the file there: `environments/allowed_signers`",
        );
        return None;
    }
    let span = node.span;
    Some(SignersFile { path, span })
}

fn freeze(decoder: &mut Decoder<'_>, node: &Node, has_lane_before: bool) -> Option<FreezePolicy> {
    let mut fields = decoder.fields(node)?;
    let windows = match fields.optional("windows") {
        Some(node) => decoder.list_of(node, Decoder::parsed)?,
        None => Vec::new(),
    };
    let soak = match fields.optional("soak") {
        Some(node) if !has_lane_before => {
            decoder.error(
                "invalid-value",
                node.span,
                "`soak` is time in the lane before, and this lane names none",
                "name the lane that releases come from with `from`, or remove `soak`",
            );
            None
        }
        Some(node) => Some(decoder.parsed(node)?),
        None => None,
    };
    fields.finish(decoder);
    Some(FreezePolicy { windows, soak })
}

fn watch(decoder: &mut Decoder<'_>, node: &Node) -> Option<WatchPlan> {
    let mut fields = decoder.fields(node)?;
    let checkpoints = match fields.required(decoder, "checkpoints") {
        Some(node) => (node.span, decoder.list_of(node, Decoder::parsed)?),
        None => return None,
    };
    let mut number = |key, least, most| match fields.optional(key) {
        Some(node) => decoder.number_within(node, least, most).map(Some),
        None => Some(None),
    };
    let plan = WatchPlan {
        checkpoints: checkpoints.1,
        max_error_rate_increase: number("max_error_rate_increase", 0.0, 1.0)?,
        max_latency_p95_ratio: number("max_latency_p95_ratio", 1.0, 1_000.0)?,
        max_cost_per_call_ratio: number("max_cost_per_call_ratio", 1.0, 1_000.0)?,
        min_score_delta: number("min_score_delta", -1.0, 1.0)?,
    };
    fields.finish(decoder);
    let in_order = plan.checkpoints.windows(2).all(|pair| pair[0] < pair[1]);
    if plan.checkpoints.is_empty() || !in_order {
        decoder.error(
            "invalid-value",
            checkpoints.0,
            "checkpoints are one or more times after the release, the soonest first",
            "for example `[\"1h\", \"24h\", \"7d\"]`",
        );
        return None;
    }
    Some(plan)
}

fn gate(decoder: &mut Decoder<'_>, node: &Node) -> Option<GatePolicy> {
    let mut fields = decoder.fields(node)?;
    let floors = match fields.optional("floors") {
        Some(node) => floors(decoder, node)?,
        None => BTreeMap::new(),
    };
    let repeats = match fields.optional("repeats") {
        Some(node) => decoder.integer_within(node, 1, 100)?,
        None => 1,
    };
    let evidence_max_age = match fields.optional("evidence_max_age") {
        Some(node) => Some(decoder.parsed(node)?),
        None => None,
    };
    let mut number = |key, least, most| match fields.optional(key) {
        Some(node) => decoder.number_within(node, least, most).map(Some),
        None => Some(None),
    };
    let margin = number("margin", 0.001, 0.5)?;
    let confidence = number("confidence", 0.8, 0.999)?;
    let judge_kappa = number("judge_kappa", 0.0, 1.0)?;
    let max_latency_p95_ratio = number("max_latency_p95_ratio", 1.0, 1_000.0)?;
    let max_cost_ratio = number("max_cost_ratio", 1.0, 1_000.0)?;
    let on_inconclusive = match fields.optional("on_inconclusive") {
        Some(node) => decoder.word(node, &ON_INCONCLUSIVE)?,
        None => OnInconclusive::default(),
    };
    fields.finish(decoder);
    Some(GatePolicy {
        floors,
        repeats: u32::try_from(repeats).ok()?,
        evidence_max_age,
        margin,
        confidence,
        on_inconclusive,
        judge_kappa,
        max_latency_p95_ratio,
        max_cost_ratio,
    })
}

fn floors(decoder: &mut Decoder<'_>, node: &Node) -> Option<BTreeMap<EvaluatorId, Floor>> {
    let mut floors = BTreeMap::new();
    for entry in decoder.entries(node)? {
        let rate = decoder.number_within(&entry.node, 0.0, 1.0);
        match (EvaluatorId::new(entry.key.as_str()), rate) {
            (Ok(id), Some(rate)) => {
                let span = entry.key_span;
                floors.insert(id, Floor { rate, span });
            }
            (Err(error), _) => {
                decoder.error(
                    "invalid-name",
                    entry.key_span,
                    error.to_string(),
                    "name an evaluator",
                );
            }
            (Ok(_), None) => {}
        }
    }
    Some(floors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Lane, Findings> {
        let name = LaneName::new("production").unwrap();
        read_lane(&name, &Source::new(name.path(), text))
    }

    #[test]
    fn a_lane_has_an_order_a_lane_before_it_and_a_gate() {
        let lane = read("order = 2\nfrom = \"staging\"\n[gate]\nfloors = { a = 0.9, b = 1 }\nevidence_max_age = \"14d\"\n").unwrap();
        let gate = lane.gate.unwrap();
        assert_eq!(lane.from.unwrap().0.as_str(), "staging");
        assert_eq!(
            gate.floors
                .values()
                .map(|floor| floor.rate)
                .collect::<Vec<_>>(),
            [0.9, 1.0]
        );
        assert_eq!(gate.evidence_max_age.unwrap().seconds, 14 * 24 * 60 * 60);
    }

    #[test]
    fn a_lane_has_times_without_releases_and_a_plan_for_watching_them() {
        let lane = read(
            "from = \"staging\"\n\
             [freeze]\nwindows = [\"Fri 16:00 - Mon 08:00 Europe/Berlin\"]\nsoak = \"24h\"\n\
             [watch]\ncheckpoints = [\"1h\", \"7d\"]\nmin_score_delta = -0.05\n",
        )
        .unwrap();
        let shown: Vec<String> = lane
            .freeze
            .windows
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(shown, ["Fri 16:00 - Mon 08:00 Europe/Berlin"]);
        assert_eq!(lane.freeze.soak.unwrap().seconds, 24 * 60 * 60);
        let watch = lane.watch.unwrap();
        assert_eq!(watch.checkpoints.len(), 2);
        assert_eq!(watch.min_score_delta, Some(-0.05));
    }

    #[test]
    fn a_lane_names_who_must_approve_and_whose_keys_sign_its_records() {
        let lane = read(
            "[gate]\non_inconclusive = \"approve\"\n[approval]\nrequired = 2\nnot_author = true\n\
             allowed_signers = \"environments/approvers\"\n[signing]\n\
             allowed_signers = \"environments/keys/releasers\"\n",
        )
        .unwrap();
        let approval = lane.approval.unwrap();
        assert_eq!((approval.required, approval.not_author), (2, true));
        assert_eq!(approval.allowed_signers.path, "environments/approvers");
        assert_eq!(lane.signing.unwrap().path, "environments/keys/releasers");
    }

    #[test]
    fn wrong_values_are_found_where_they_stand() {
        for (text, ident) in [
            ("[gate]\nfloors = { a = 90 }\n", "out-of-range"),
            ("[gate]\nfloors = { \"A b\" = 0.9 }\n", "invalid-name"),
            ("[gate]\nmargin = 5\n", "out-of-range"),
            ("[gate]\nconfidence = 0.5\n", "out-of-range"),
            ("[gate]\nmax_cost_ratio = 0.9\n", "out-of-range"),
            ("[gate]\njudge_kappa = 1.1\n", "out-of-range"),
            ("[gate]\non_inconclusive = \"pass\"\n", "unknown-word"),
            ("[gate]\nfloor = { a = 0.9 }\n", "unknown-key"),
            ("[gate]\nevidence_max_age = \"2 weeks\"\n", "invalid-value"),
            ("from = \"a/b\"\n", "invalid-value"),
            ("[approval]\nrequired = 1\n", "missing-key"),
            ("[gate]\non_inconclusive = \"approve\"\n", "missing-key"),
            (
                "[signing]\nallowed_signers = \"../keys\"\n",
                "invalid-value",
            ),
            (
                "[signing]\nallowed_signers = \"environments/../keys\"\n",
                "invalid-value",
            ),
            (
                "[signing]\nallowed_signers = \"environments/a.toml\"\n",
                "invalid-value",
            ),
            ("[freeze]\nwindows = [\"weekends\"]\n", "invalid-value"),
            ("[freeze]\nwindow = []\n", "unknown-key"),
            ("[freeze]\nsoak = \"24h\"\n", "invalid-value"),
            ("[watch]\nmax_latency_p95_ratio = 2\n", "missing-key"),
            ("[watch]\ncheckpoints = [\"7d\", \"1h\"]\n", "invalid-value"),
            ("[watch]\ncheckpoints = []\n", "invalid-value"),
        ] {
            let finding = read(text).unwrap_err().0.remove(0);
            assert_eq!(finding.ident, ident, "{text}");
            assert!(finding.place.excerpt.is_some(), "{text}");
        }
    }
}
