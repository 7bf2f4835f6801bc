//! One trace for people: what it was as a whole, then its steps as a tree with bars for their time.

use std::fmt::Write as _;

use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::traces::explore::lineage::Live;
use crate::engine::traces::explore::outline::{Limits, outline};
use crate::engine::traces::explore::tree::{Node, TraceTotals, TraceTree};
use crate::report::eval::percent;
use crate::report::quantity::{duration, money};
use crate::report::release::{field, seconds};

use super::steps::steps;
use super::told::{live_line, score_line, tokens};
use super::waterfall::{BESIDE, WAITED};

/// How wide a page is where no terminal says.
const USUAL_WIDTH: usize = 100;

/// How many errors and scores are told beside the tree.
const TOLD: usize = 5;

/// How much of a text is told, in characters.
const TOLD_TEXT: usize = 160;

/// A trace, with what is known of it elsewhere.
pub struct TracePage<'p> {
    /// The trace.
    pub tree: &'p TraceTree,
    /// The scores of the trace and its spans.
    pub scores: &'p [Score],
    /// What was live when it ran, each once.
    pub live: &'p [Live],
    /// How much of it is shown; absent: all.
    pub limits: Option<Limits>,
    /// How wide the page may be.
    pub width: Option<usize>,
    /// Whether errors are coloured.
    pub color: bool,
}

impl TracePage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let totals = self.tree.totals();
        let mut text = self.head(&totals);
        self.steps(&totals, &mut text);
        self.errors(&mut text);
        text
    }

    fn head(&self, totals: &TraceTotals) -> String {
        let mut text = format!("trace {}\n", Untrusted(self.trace()));
        for (name, value) in self.facts(totals) {
            field(&mut text, name, value);
        }
        for live in self.live {
            field(&mut text, "live", live_line(live));
        }
        for score in self.scores.iter().take(TOLD) {
            field(&mut text, "score", score_line(score));
        }
        if self.scores.len() > TOLD {
            field(
                &mut text,
                "",
                format!("and {} more scores", self.scores.len() - TOLD),
            );
        }
        text.push('\n');
        text
    }

    /// The name of the trace.
    pub(in crate::report) fn trace(&self) -> &str {
        let root = self.tree.nodes().first();
        root.map_or("", |node| node.span.trace_id.as_str())
    }

    /// What the trace was as a whole. Every value is safe to show.
    pub(in crate::report) fn facts(&self, totals: &TraceTotals) -> Vec<(&'static str, String)> {
        let began = seconds(self.tree.started_at());
        #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
        let took = duration(totals.duration_ns as f64);
        let mut facts = vec![("began", format!("{began}, took {took}"))];
        let errors = match totals.errors {
            0 => String::new(),
            errors => format!(", {errors} with an error"),
        };
        facts.push(("spans", format!("{}{errors}", totals.spans)));
        if let Some(tokens) = tokens(totals.input_tokens, totals.output_tokens) {
            facts.push(("tokens", tokens));
        }
        match (totals.cost_usd, totals.unpriced) {
            (None, 0) => {}
            (None, unpriced) => facts.push(("cost", format!("not known of {unpriced} calls"))),
            (Some(cost), 0) => facts.push(("cost", money(cost))),
            (Some(cost), unpriced) => {
                let cost = money(cost);
                facts.push(("cost", format!("{cost}, and not known of {unpriced} calls")));
            }
        }
        let shares = totals.shares.iter();
        let shares: Vec<String> = shares
            .map(|(operation, share)| format!("{} {}", operation.name(), percent(*share)))
            .collect();
        if !shares.is_empty() {
            facts.push(("waited", format!("for {}", shares.join(", "))));
        }
        self.origins(&mut facts);
        facts
    }

    /// Whom it was for and what it used, each thing once.
    fn origins(&self, facts: &mut Vec<(&'static str, String)>) {
        type Get = fn(&Span) -> Option<String>;
        let told: [(&'static str, Get); 6] = [
            ("service", |span| span.origin.service.clone()),
            ("route", |span| span.origin.route.clone()),
            ("session", |span| span.origin.session.clone()),
            ("user", |span| span.origin.user.clone()),
            ("lane", |span| span.lineage.lane.clone()),
            ("prompts", |span| {
                let prompt = span.lineage.prompt.as_ref()?;
                let version = span.lineage.version.as_ref();
                Some(version.map_or_else(|| prompt.clone(), |it| format!("{prompt} at {it}")))
            }),
        ];
        for (name, get) in told {
            let mut values: Vec<String> = Vec::new();
            for value in self.tree.nodes().iter().filter_map(|node| get(&node.span)) {
                if values.len() > TOLD {
                    break;
                }
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            if values.len() > TOLD {
                values.truncate(TOLD);
                values.push("…".to_owned());
            }
            if !values.is_empty() {
                let values = values.join(", ");
                facts.push((name, Untrusted(&shorten(&values, TOLD_TEXT)).to_string()));
            }
        }
    }

    fn steps(&self, totals: &TraceTotals, text: &mut String) {
        let rows = outline(self.tree, self.limits);
        let width = self.width.unwrap_or(USUAL_WIDTH);
        text.push_str(&steps(self.tree, &rows, totals, width, self.color));
        let _ = writeln!(
            text,
            "\n{WAITED} the trace waited for this  {BESIDE} beside that  ! ended with an error"
        );
    }

    fn errors(&self, text: &mut String) {
        let nodes = self.tree.nodes().iter();
        let failed: Vec<&Node> = nodes.filter(|node| node.failed()).collect();
        // Where a step failed because one below it did, the one below says why.
        let causes = failed.iter().filter(|node| {
            let mut below = node.children.iter();
            !below.any(|child| self.tree.nodes()[*child].failed())
        });
        let causes: Vec<&&Node> = causes.collect();
        if causes.is_empty() {
            return;
        }
        text.push_str("\nerrors:\n");
        for node in causes.iter().take(TOLD) {
            let span = &node.span;
            let told = [span.error_type.as_deref(), span.status_message.as_deref()];
            let told: Vec<&str> = told.into_iter().flatten().collect();
            let told = shorten(&told.join(": "), TOLD_TEXT).into_owned();
            let name = shorten(&span.name, TOLD_TEXT);
            let _ = writeln!(text, "  {}: {}", Untrusted(&name), Untrusted(&told));
        }
        if causes.len() > TOLD {
            let _ = writeln!(text, "  and {} more", causes.len() - TOLD);
        }
    }
}
