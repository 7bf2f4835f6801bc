//! What a service that answers tickets sends to its collector, made up and always the same.

use std::fmt::Write as _;
use std::io::{self, Write};

/// The first moment, in nanoseconds since 1970: 2026-03-02T08:00:00Z.
const START_NS: u64 = 1_772_438_400_000_000_000;
/// All spans begin within 30 days.
const LENGTH_NS: u64 = 30 * 24 * 3_600 * 1_000_000_000;
/// The spans of one trace: an agent, and three calls of a model by it.
const SPANS_PER_TRACE: u64 = 4;
const MODELS: [&str; 3] = ["gpt-4.1-mini", "gpt-4.1", "claude-sonnet-4-5"];
const REGIONS: [&str; 3] = ["eu", "us", "ap"];
const WORDS: [&str; 16] = [
    "refund", "billing", "ticket", "customer", "order", "charged", "twice", "please", "help",
    "account", "login", "invoice", "payment", "the", "is", "not",
];

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Telemetry {
    /// How many spans.
    pub(crate) spans: u64,
    /// Of so many spans one carries what was asked and answered, about 1,500 bytes.
    pub(crate) one_with_texts_in: u64,
}

impl Telemetry {
    /// Writes it as the collector's file exporter does: one line of OTLP JSON for each trace.
    pub(crate) fn write(self, mut output: impl Write) -> io::Result<()> {
        let mut random = Random(7);
        let texts: Vec<String> = (0..500).map(|_| random.text(150)).collect();
        let mut line = String::new();
        for first in (0..self.spans).step_by(4) {
            self.trace(&mut line, first, &texts, &mut random);
            output.write_all(line.as_bytes())?;
            line.clear();
        }
        output.flush()
    }

    fn trace(self, line: &mut String, first: u64, texts: &[String], random: &mut Random) {
        let trace = format!("{:016x}{:016x}", random.next(), random.next());
        let root = format!("{:016x}", random.next());
        line.push_str(
            r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"tickets"}}]},"scopeSpans":[{"scope":{"name":"bench"},"spans":["#,
        );
        for index in 0..SPANS_PER_TRACE {
            let start = START_NS + (first + index) * (LENGTH_NS / self.spans);
            // From 64 ms to 4 s, more of them short: nobody's latency is even.
            let duration = (1 << (26 + random.below(6))) + random.below(1 << 26);
            let ids = match index {
                0 => format!(r#""spanId":"{root}""#),
                _ => format!(
                    r#""spanId":"{:016x}","parentSpanId":"{root}""#,
                    random.next()
                ),
            };
            let comma = if index == 0 { "" } else { "," };
            let code = if random.below(50) == 0 { 2 } else { 0 };
            write!(
                line,
                r#"{comma}{{"traceId":"{trace}",{ids},"name":"chat","kind":3,"startTimeUnixNano":"{start}","endTimeUnixNano":"{}","status":{{"code":{code}}},"attributes":["#,
                start + duration,
            )
            .expect("a text grows");
            attributes(line, index == 0, first, random);
            if (first + index).is_multiple_of(self.one_with_texts_in) {
                messages(line, texts, random);
            }
            line.push_str("]}");
        }
        line.push_str("]}]}]}\n");
    }
}

fn attributes(line: &mut String, is_root: bool, number: u64, random: &mut Random) {
    let operation = if is_root { "invoke_agent" } else { "chat" };
    let environment = if random.below(5) == 0 {
        "staging"
    } else {
        "production"
    };
    let texts = [
        ("gen_ai.operation.name", operation.to_owned()),
        ("gen_ai.provider.name", "openai".to_owned()),
        ("gen_ai.request.model", (*random.one_of(&MODELS)).to_owned()),
        ("gen_ai.conversation.id", format!("session-{}", number / 40)),
        ("user.id", format!("user-{}", random.below(5_000))),
        ("http.route", format!("/tickets/{}", random.below(10))),
        ("pointsman.lane", environment.to_owned()),
        (
            "gen_ai.prompt.name",
            format!("support/prompt-{}", random.below(20)),
        ),
        ("app.region", (*random.one_of(&REGIONS)).to_owned()),
    ];
    for (key, value) in texts {
        write!(
            line,
            r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}},"#
        )
        .expect("a text grows");
    }
    let (input, output) = (50 + random.below(4_000), 5 + random.below(400));
    write!(
        line,
        r#"{{"key":"gen_ai.usage.input_tokens","value":{{"intValue":"{input}"}}}},{{"key":"gen_ai.usage.output_tokens","value":{{"intValue":"{output}"}}}}"#,
    )
    .expect("a text grows");
}

fn messages(line: &mut String, texts: &[String], random: &mut Random) {
    for (key, role, length) in [
        ("gen_ai.input.messages", "user", usize::MAX),
        ("gen_ai.output.messages", "assistant", 300),
    ] {
        let text = random.one_of(texts);
        let text = &text[..text.len().min(length)];
        write!(
            line,
            r#",{{"key":"{key}","value":{{"stringValue":"[{{\"role\":\"{role}\",\"parts\":[{{\"type\":\"text\",\"content\":\"{text}\"}}]}}]"}}}}"#,
        )
        .expect("a text grows");
    }
}

/// Numbers without a pattern, the same each time: `SplitMix64` (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        let count = items.len() as u64;
        let index = usize::try_from(self.below(count)).expect("it is below a usize");
        &items[index]
    }

    fn text(&mut self, words: usize) -> String {
        let words: Vec<&str> = (0..words).map(|_| *self.one_of(&WORDS)).collect();
        words.join(" ")
    }
}
