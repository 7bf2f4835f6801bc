//! After the integration: is what the traces tell enough to work with? Seven checks over recent spans,
//! each with the share that complies, an example that does not, and what to change in the calling code.

mod names;
mod parents;
mod workspace;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::suggest::nearest;
use crate::domain::trace::span::{Operation, Span, SpanStatus};

use names::is_useful;
use parents::Parents;
pub use workspace::Prepared;

/// The share that must comply.
pub const NEEDED_SHARE: f64 = 0.95;

/// How many traces there must be: fewer show next to nothing of what production is like.
pub const NEEDED_TRACES: u64 = 20;

/// Words that say for whom a request was: the last part of an attribute's name, or a tag before `:`.
const SEGMENTS: [&str; 16] = [
    "account",
    "cohort",
    "country",
    "customer",
    "locale",
    "org",
    "organization",
    "plan",
    "region",
    "segment",
    "team",
    "tenant",
    "tenant_id",
    "tier",
    "workspace",
    "customer_id",
];

/// One thing that is asked of the spans.
#[derive(Debug, Clone, PartialEq)]
pub struct Aspect {
    /// What, in a few words.
    pub name: &'static str,
    /// Of how many spans, or traces, it is asked.
    pub total: u64,
    /// How many comply.
    pub complying: u64,
    /// How many must.
    pub needed: Needed,
    /// One that does not.
    pub example: Option<Example>,
    /// What to change.
    pub advice: &'static str,
}

/// How many must comply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Needed {
    /// This share of all, of which there is at least one.
    Share(f64),
    /// This many.
    Count(u64),
}

/// Something that does not comply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The trace; absent: it is about no span.
    pub trace: Option<String>,
    /// The span.
    pub span: Option<String>,
    /// What it says.
    pub said: String,
}

impl Aspect {
    fn new(name: &'static str, needed: Needed, advice: &'static str) -> Self {
        Self {
            name,
            total: 0,
            complying: 0,
            needed,
            example: None,
            advice,
        }
    }

    fn of_share(name: &'static str, advice: &'static str) -> Self {
        Self::new(name, Needed::Share(NEEDED_SHARE), advice)
    }

    /// Whether as many comply as must.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of spans needs no more digits"
    )]
    pub fn complies(&self) -> bool {
        match self.needed {
            Needed::Share(share) => {
                self.total > 0 && self.complying as f64 >= share * self.total as f64
            }
            Needed::Count(count) => self.complying >= count,
        }
    }

    fn judge(&mut self, complies: bool, span: &Span, said: impl FnOnce() -> String) {
        self.total += 1;
        if complies {
            self.complying += 1;
        } else if self.example.is_none() {
            self.example = Some(Example {
                trace: Some(span.trace_id.clone()),
                span: Some(span.span_id.clone()),
                said: said(),
            });
        }
    }
}

/// One of the seven checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its name, which stays.
    pub ident: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// What is asked in detail.
    pub aspects: Vec<Aspect>,
}

impl Check {
    /// Whether all of it complies.
    pub fn complies(&self) -> bool {
        self.aspects.iter().all(Aspect::complies)
    }
}

/// The checks on their way through the spans.
pub struct Integration {
    prepared: Prepared,
    /// When the spans that are given begin; parents of the first may have begun before.
    from: Timestamp,
    /// Whether every span of the time is given.
    is_whole: bool,
    parents: Parents,
    traces: Aspect,
    linked: Aspect,
    names: Aspect,
    of_requests: [Aspect; 4],
    of_calls: [Aspect; 4],
    redacted: Aspect,
    decided: Aspect,
    tested: Aspect,
    tested_prompts: BTreeSet<String>,
    lanes: Aspect,
}

/// How long after the start of the time a parent may have begun before it.
const EDGE: SignedDuration = SignedDuration::from_mins(10);

impl Integration {
    /// Checks of a workspace, over spans from a time on; `is_whole`: all of them, and not those that a
    /// filter means.
    pub fn new(prepared: Prepared, from: Timestamp, is_whole: bool) -> Self {
        Self {
            prepared,
            from,
            is_whole,
            parents: Parents::default(),
            traces: Aspect::new(
                "traces",
                Needed::Count(NEEDED_TRACES),
                "send the traces of production, all of them or a steady sample",
            ),
            linked: Aspect::of_share(
                "the parent is there, too",
                "send all spans of a trace to one place, and sample whole traces, not spans",
            ),
            names: Aspect::of_share(
                "useful names",
                "name spans by what they do (`triage`, `execute_tool refund`), without ids in the name",
            ),
            of_requests: of_requests(),
            of_calls: of_calls(),
            redacted: Aspect::of_share(
                "nothing that today's rules take out",
                "what is stored was redacted by older rules: remove `.git/pointsman/traces` and import \
                 again",
            ),
            decided: Aspect::new(
                "it is decided what may be kept",
                Needed::Count(1),
                "write `[redaction]` in `pointsman.toml`: at least `content`, what may be kept of what \
                 users and models say",
            ),
            tested: Aspect::new(
                "prompts with golden rows and evaluators",
                Needed::Count(1),
                "bind a dataset with `kind: golden` and two evaluators or more in the prompt's `evals`",
            ),
            tested_prompts: BTreeSet::new(),
            lanes: Aspect::of_share(
                "the lane is one of the repository",
                "set `deployment.environment.name` of the service to the name of its lane",
            ),
        }
    }

    /// Looks at a span; `redacted`: today's rules would change nothing in it.
    pub fn add(&mut self, span: &Span, redacted: bool) {
        if self.parents.add(span) {
            self.traces.total += 1;
            self.traces.complying += 1;
        }
        let name = || format!("it is called `{}`", span.name);
        self.names.judge(is_useful(&span.name), span, name);
        if span.parent_span_id.is_none() {
            self.request(span);
        }
        if span.operation == Operation::Chat {
            self.call(span);
        }
        let leaks = || "today's rules would take something out of it".to_owned();
        self.redacted.judge(redacted, span, leaks);
        if let Some(lane) = &span.lineage.lane {
            let known = self.prepared.lanes.contains(lane);
            let lanes = &self.prepared.lanes;
            self.lanes.judge(known, span, || {
                let near = nearest(lane, lanes.iter().map(String::as_str));
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                format!("its lane is `{lane}`{near}")
            });
        }
    }

    /// The root of a trace says where it comes from and for whom it is.
    fn request(&mut self, span: &Span) {
        let of_whom = span.origin.tags.iter().any(|tag| {
            let word = tag.split([':', '=']).next().unwrap_or_default();
            SEGMENTS.contains(&word.to_ascii_lowercase().as_str())
        });
        let of_whom = of_whom
            || span.attributes.keys().any(|name| {
                let word = name.rsplit('.').next().unwrap_or_default();
                SEGMENTS.contains(&word.to_ascii_lowercase().as_str())
            });
        let says = [
            span.lineage.lane.is_some(),
            span.lineage.deployment.is_some(),
            span.origin.route.is_some(),
            of_whom,
        ];
        for (aspect, says) in self.of_requests.iter_mut().zip(says) {
            let called = || format!("`{}` does not say", span.name);
            aspect.judge(says, span, called);
        }
    }

    /// A call to a model says what it was asked with, and what it answered.
    fn call(&mut self, span: &Span) {
        let lineage = &span.lineage;
        let failed = span.status == SpanStatus::Error;
        let says = [
            !span.content.variables.is_empty(),
            // A call that failed has no answer.
            span.content.output.is_some() || failed,
            lineage.prompt.is_some(),
            lineage.version.is_some() || lineage.fingerprint.is_some(),
        ];
        for (aspect, says) in self.of_calls.iter_mut().zip(says) {
            let called = || format!("`{}` does not say", span.name);
            aspect.judge(says, span, called);
        }
        if let Some(prompt) = &lineage.prompt
            && self.prepared.tested.contains(prompt)
        {
            self.tested_prompts.insert(prompt.clone());
        }
    }

    /// The checks; `None`: there was no span to look at.
    pub fn finish(mut self) -> Option<Vec<Check>> {
        if self.names.total == 0 {
            return None;
        }
        self.decided.complying = u64::from(self.prepared.redaction_is_decided);
        self.decided.total = 1;
        self.tested.total = self.prepared.prompts;
        self.tested.complying = self.tested_prompts.len() as u64;
        if !self.tested.complies() {
            self.tested.example = Some(self.prepared.untested());
        }
        let mut volume = vec![self.traces];
        if self.is_whole {
            let judged_from = self.from.checked_add(EDGE).unwrap_or(self.from);
            self.parents.judge(&mut self.linked, judged_from);
            // Traces of one span each have no parents to miss.
            if self.linked.total > 0 {
                volume.push(self.linked);
            }
        }
        Some(vec![
            check(
                "trace-volume",
                "are there enough traces, and are they whole?",
                volume,
            ),
            check("names", "do names say what a span does?", vec![self.names]),
            check(
                "attributes",
                "do requests say where they come from and for whom they are?",
                self.of_requests.into(),
            ),
            check(
                "content",
                "do calls to models say what they were asked with and what they answered?",
                self.of_calls.into(),
            ),
            check(
                "sensitive-data",
                "is it decided what may be kept, and is nothing else kept?",
                vec![self.decided, self.redacted],
            ),
            check(
                "tests",
                "is a prompt in use that has tests?",
                vec![self.tested],
            ),
            check(
                "lanes",
                "are environments the lanes of releases?",
                vec![self.lanes],
            ),
        ])
    }
}

fn check(ident: &'static str, question: &'static str, aspects: Vec<Aspect>) -> Check {
    Check {
        ident,
        question,
        aspects,
    }
}

fn of_requests() -> [Aspect; 4] {
    [
        Aspect::of_share(
            "environment",
            "set `pointsman.lane` on spans, or `deployment.environment.name` of the service",
        ),
        Aspect::of_share(
            "release",
            "set `pointsman.deployment.id` from `traceAttributes`, or `service.version` of the service",
        ),
        Aspect::of_share("route", "set `http.route` on the span of the request"),
        Aspect::of_share(
            "segment or tenant",
            "set an attribute such as `app.tenant` or `app.segment`, or a tag such as `tenant:acme`",
        ),
    ]
}

fn of_calls() -> [Aspect; 4] {
    [
        Aspect::of_share(
            "variables",
            "set `gen_ai.prompt.variable.<name>` for each variable of the prompt",
        ),
        Aspect::of_share(
            "response",
            "let the instrumentation capture content: `gen_ai.output.messages`",
        ),
        Aspect::of_share("prompt", "set `gen_ai.prompt.name` from `traceAttributes`"),
        Aspect::of_share(
            "version",
            "set `gen_ai.prompt.version` and `pointsman.prompt.fingerprint` from `traceAttributes`",
        ),
    ]
}
