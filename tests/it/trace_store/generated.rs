//! Spans and scores made up for tests: few different values, so that groups and ties come about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman::domain::trace::score::Score;
use pointsman::domain::trace::span::{
    Content, Lineage, ModelCall, Operation, Origin, Span, SpanStatus,
};

/// 2026-03-01T22:00:00Z: two hours before a new day.
pub(crate) const START: i64 = 1_772_402_400;

/// Spans with their scores.
pub(crate) struct Generated {
    pub(crate) spans: Vec<Span>,
    pub(crate) scores: Vec<Score>,
}

impl Generated {
    /// This many spans; the same seed gives the same.
    pub(crate) fn new(seed: u64, count: usize) -> Self {
        let mut dice = Dice(seed);
        let mut spans: Vec<Span> = (0..count).map(|index| span(&mut dice, index)).collect();
        // A few traces that are not hexadecimal, and one that is nothing.
        for span in spans.iter_mut().step_by(37) {
            ["é", "", "a,b"][dice.below(3)].clone_into(&mut span.trace_id);
        }
        let mut scores: Vec<Score> = Vec::new();
        for span in &spans {
            if dice.below(3) == 0 {
                scores.push(score(&mut dice, span));
            }
        }
        scores.sort_by_key(|score| serde_json::to_string(score).expect("it has text keys"));
        scores.dedup();
        Self { spans, scores }
    }
}

/// A small generator of numbers (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below the limit")
    }

    /// A whole number below a limit, as a number.
    fn number(&mut self, limit: u32) -> f64 {
        let limit = usize::try_from(limit).expect("32 bits fit");
        f64::from(u32::try_from(self.below(limit)).expect("it is below the limit"))
    }

    /// A second within some hours after the start.
    fn time(&mut self, hours: usize) -> Timestamp {
        let offset = i64::try_from(self.below(hours * 60 * 60)).expect("it is a few days");
        Timestamp::from_second(START + offset).expect("it is near")
    }

    fn some<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(4) != 0).then(|| value(self))
    }

    fn word(&mut self, words: &[&str]) -> Option<String> {
        self.some(|dice| words[dice.below(words.len())].to_owned())
    }

    fn count(&mut self, limit: usize) -> Option<u64> {
        self.some(|dice| dice.below(limit) as u64)
    }
}

fn span(dice: &mut Dice, index: usize) -> Span {
    let trace = dice.below(1 + index / 3);
    Span {
        trace_id: format!("{trace:032x}"),
        span_id: format!("{index:016x}"),
        parent_span_id: dice.some(|dice| format!("{:016x}", dice.below(1 + index))),
        name: ["chat gpt", "lookup", "Antwort für Ümläut"][dice.below(3)].to_owned(),
        operation: Operation::ALL[dice.below(Operation::ALL.len())].0,
        started_at: dice.time(4),
        duration_ns: dice.below(20) as u64 * 50_000_000 + dice.below(3) as u64,
        status: SpanStatus::ALL[dice.below(3)].0,
        status_message: dice.word(&["it broke", "line\nbreak \u{202e}"]),
        error_type: dice.word(&["timeout", "500"]),
        lineage: Lineage {
            prompt: dice.word(&["support/triage", "support/answer", ""]),
            version: dice.word(&["1", "2", "v3"]),
            fingerprint: dice.word(&["aa", "bb"]),
            lane: dice.word(&["production", "staging"]),
            deployment: dice.word(&["d1", "d2", "d3"]),
        },
        call: call(dice),
        origin: Origin {
            service: dice.word(&["api", "worker"]),
            route: dice.word(&["POST /tickets", "GET /"]),
            session: dice.some(|dice| format!("s{}", dice.below(20))),
            user: dice.some(|dice| format!("u{}", dice.below(9))),
            tool: dice.word(&["search"]),
            tags: ["beta", "gold", "Zürich"]
                .into_iter()
                .filter(|_| dice.below(3) == 0)
                .map(str::to_owned)
                .collect(),
        },
        content: content(dice),
        attributes: pairs(dice, &["http.method", "http.status", "customer", "Größe"]),
    }
}

fn call(dice: &mut Dice) -> ModelCall {
    ModelCall {
        provider: dice.word(&["openai", "anthropic"]),
        model: dice.word(&["gpt-4.1-mini", "gpt-4.1", "claude"]),
        input_tokens: dice.count(3_000),
        output_tokens: dice.count(500),
        cache_read_tokens: dice.count(100),
        cache_write_tokens: dice.count(10),
        reasoning_tokens: dice.count(50),
        cost_usd: dice.some(|dice| dice.number(1_000) / 7e5),
        cost_source: dice.word(&["reported", "computed@2026-01-01"]),
        time_to_first_chunk_ns: dice.count(1_000_000_000),
        finish_reason: dice.word(&["stop", "length"]),
        response_id: dice.some(|dice| format!("r{}", dice.below(60))),
    }
}

fn content(dice: &mut Dice) -> Content {
    Content {
        variables: pairs(dice, &["ticket", "locale"]),
        system_instructions: dice.word(&["Be brief."]),
        input: dice.word(&["[{\"role\":\"user\"}]", ""]),
        output: dice.word(&["refund", "\u{0}\u{7}"]),
        tool_definitions: dice.word(&["[]"]),
        events: dice.word(&["[{\"name\":\"exception\"}]"]),
    }
}

fn pairs(dice: &mut Dice, keys: &[&str]) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    for key in keys {
        if let Some(value) = dice.word(&["GET", "200", "ACME", ""]) {
            pairs.insert((*key).to_owned(), value);
        }
    }
    pairs
}

fn score(dice: &mut Dice, span: &Span) -> Score {
    let about = dice.below(4);
    Score {
        trace_id: if about == 3 {
            String::new()
        } else {
            span.trace_id.clone()
        },
        span_id: (about == 0).then(|| span.span_id.clone()),
        response_id: (about >= 2).then(|| format!("r{}", dice.below(60))),
        name: ["queue-matches", "tone"][dice.below(2)].to_owned(),
        value: dice.some(|dice| dice.number(9) / 8.0),
        label: dice.word(&["pass", "fail"]),
        explanation: dice.word(&["it says so"]),
        error_type: None,
        source: dice.word(&["annotation"]),
        recorded_at: dice.time(30),
    }
}
