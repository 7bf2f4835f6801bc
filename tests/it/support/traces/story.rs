//! What happens in one trace, step by step.

use serde_json::{Value, json};

use super::Traffic;

/// The telling of one trace: time goes on with each step.
pub(super) struct Story<'t> {
    traffic: &'t Traffic,
    /// The trace's id.
    pub(super) id: String,
    fails: bool,
    random: Random,
    /// Nanoseconds since 1970.
    now: i128,
    session: usize,
    /// The root first.
    pub(super) spans: Vec<Value>,
    /// The scores.
    pub(super) logs: Vec<Value>,
}

/// A step of the story that has begun.
struct Step {
    id: String,
    parent: String,
    name: String,
    kind: u8,
    start: i128,
}

const TICKETS: [&str; 8] = [
    "Where is my order? It should have come on Monday.",
    "I was charged twice this month, please refund one of the payments.",
    "The app closes whenever I open the invoice page.",
    "Could you add a dark theme?",
    "My parcel arrived crushed and half of it is missing.",
    "Bitte erstatten Sie mir das Geld zurück, die Ware ist defekt.",
    "How do I change the address of my account?",
    "Thank you, the driver was very kind.",
];

const QUEUES: [&str; 5] = ["billing", "delivery", "bug", "feature", "account"];

impl<'t> Story<'t> {
    /// The trace with this index, from 0.
    pub(super) fn told(traffic: &'t Traffic, index: usize) -> Self {
        let stream = traffic.seed ^ (index as u64).wrapping_mul(0xD134_2543_DE82_EF95);
        let mut random = Random(stream);
        let offset = i64::try_from(index).expect("so many traces fit into no memory");
        let second_part = i64::try_from(random.below(1_000)).expect("this is small");
        let start = traffic.from.as_nanosecond()
            + traffic.every.as_nanos() * i128::from(offset)
            + i128::from(second_part) * 1_000_000;
        let mut story = Self {
            traffic,
            id: format!("{:016x}{:016x}", random.next(), random.next()),
            fails: random.chance(traffic.error_rate),
            random,
            now: start,
            session: index / 3,
            spans: Vec::new(),
            logs: Vec::new(),
        };
        story.tell();
        story
    }

    fn tell(&mut self) {
        if self.random.chance(0.2) {
            self.search();
        } else {
            self.ticket();
        }
    }

    /// A ticket is routed, its order looked up, and an answer written.
    fn ticket(&mut self) {
        let root = self.begin("POST /tickets", "", 2);
        let agent = self.begin("invoke_agent support", &root.id, 1);
        let ticket = TICKETS[self.random.below(TICKETS.len())];
        let text = format!(
            "{ticket} Write to kim.{}@example.com.",
            self.random.below(500)
        );
        let queue = QUEUES[self.random.below(QUEUES.len())];
        let triage = self.chat("support/triage", &agent.id, &text, queue, false);
        if self.random.chance(0.35) {
            self.score(&triage);
        }
        if self.random.chance(0.6) {
            self.tool(&agent.id);
        }
        let answer = "I am sorry for the trouble. I have passed this on, and we will write today.";
        self.chat("support/reply", &agent.id, &text, answer, self.fails);
        self.end(
            &agent,
            self.fails,
            &[
                ("gen_ai.operation.name", json!("invoke_agent")),
                ("gen_ai.agent.name", json!("support")),
            ],
        );
        self.end_root(&root, "POST", "/tickets", 201);
    }

    /// A question is answered from what a search finds.
    fn search(&mut self) {
        let root = self.begin("GET /help", "", 2);
        let question = TICKETS[self.random.below(TICKETS.len())];
        let embed = self.begin("embeddings text-embedding-3-small", &root.id, 3);
        self.pass(20, 90);
        self.end(
            &embed,
            false,
            &[
                ("gen_ai.operation.name", json!("embeddings")),
                ("gen_ai.provider.name", json!("openai")),
                ("gen_ai.request.model", json!("text-embedding-3-small")),
                ("gen_ai.usage.input_tokens", json!(12)),
            ],
        );
        let retrieval = self.begin("retrieval handbook", &root.id, 3);
        self.pass(15, 60);
        self.end(
            &retrieval,
            false,
            &[
                ("gen_ai.operation.name", json!("retrieval")),
                ("gen_ai.data_source.id", json!("handbook")),
            ],
        );
        let answer = "Open the settings and choose Account, then Address.";
        self.chat(
            "docs/grounded-summary",
            &root.id,
            question,
            answer,
            self.fails,
        );
        self.end_root(&root, "GET", "/help", 200);
    }

    /// A call to the model; its span's id.
    fn chat(
        &mut self,
        prompt: &str,
        parent: &str,
        said: &str,
        answer: &str,
        fails: bool,
    ) -> String {
        let release = &self.traffic.release;
        let step = self.begin(&format!("chat {}", release.model), parent, 3);
        let id = step.id.clone();
        self.pass(300, 1_900);
        let input = json!([{ "role": "user", "parts": [{ "type": "text", "content": said }] }]);
        let mut said_of_it = vec![
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.provider.name", json!("openai")),
            ("gen_ai.request.model", json!(release.model)),
            ("gen_ai.request.temperature", json!(0.0)),
            ("gen_ai.prompt.name", json!(prompt)),
            ("gen_ai.prompt.version", json!(release.fingerprint[..12])),
            ("gen_ai.prompt.variable.ticket", json!(said)),
            ("pointsman.lane", json!(release.lane)),
            ("pointsman.deployment.id", json!(release.deployment)),
            ("pointsman.deployment.sequence", json!(release.sequence)),
            ("pointsman.prompt.fingerprint", json!(release.fingerprint)),
            ("gen_ai.input.messages", json!(input.to_string())),
        ];
        if fails {
            said_of_it.push(("error.type", json!("timeout")));
        } else {
            let input_tokens = 120 + self.random.below(600);
            let output = json!([{
                "role": "assistant",
                "parts": [{ "type": "text", "content": answer }],
                "finish_reason": "stop",
            }]);
            said_of_it.extend([
                ("gen_ai.response.model", json!(release.model)),
                ("gen_ai.response.id", json!(format!("chatcmpl-{id}"))),
                ("gen_ai.response.finish_reasons", json!(["stop"])),
                ("gen_ai.usage.input_tokens", json!(input_tokens)),
                (
                    "gen_ai.usage.cache_read.input_tokens",
                    json!(input_tokens / 3),
                ),
                ("gen_ai.usage.output_tokens", json!(2 + answer.len() / 4)),
                ("gen_ai.output.messages", json!(output.to_string())),
            ]);
        }
        self.end(&step, fails, &said_of_it);
        id
    }

    fn tool(&mut self, parent: &str) {
        let step = self.begin("execute_tool find_order", parent, 1);
        self.pass(20, 200);
        let order = 10_000 + self.random.below(90_000);
        let call = format!("call_{:08x}", self.random.below(1 << 32));
        self.end(
            &step,
            false,
            &[
                ("gen_ai.operation.name", json!("execute_tool")),
                ("gen_ai.tool.name", json!("find_order")),
                ("gen_ai.tool.type", json!("function")),
                ("gen_ai.tool.call.id", json!(call)),
                (
                    "gen_ai.tool.call.arguments",
                    json!(json!({ "order": order }).to_string()),
                ),
                (
                    "gen_ai.tool.call.result",
                    json!(json!({ "state": "sent", "days": order % 9 }).to_string()),
                ),
            ],
        );
    }

    fn score(&mut self, span: &str) {
        let passes = self.random.chance(self.traffic.pass_rate);
        let (value, label) = if passes { (1.0, "pass") } else { (0.0, "fail") };
        self.logs.push(json!({
            "timeUnixNano": (self.now + 5_000_000).to_string(),
            "eventName": "gen_ai.evaluation.result",
            "traceId": self.id,
            "spanId": span,
            "attributes": attributes(&[
                ("gen_ai.evaluation.name", json!("queue-matches")),
                ("gen_ai.evaluation.score.value", json!(value)),
                ("gen_ai.evaluation.score.label", json!(label)),
                ("gen_ai.evaluation.explanation", json!("compared with the queue that a person chose")),
            ]),
        }));
    }

    fn begin(&mut self, name: &str, parent: &str, kind: u8) -> Step {
        self.pass(1, 6);
        Step {
            id: format!("{:016x}", self.random.next()),
            parent: parent.to_owned(),
            name: name.to_owned(),
            kind,
            start: self.now,
        }
    }

    fn end_root(&mut self, root: &Step, method: &str, route: &str, status: u16) {
        let status = if self.fails { 504 } else { status };
        let user = format!("user-{}", self.session % 40);
        let attributes = [
            ("http.request.method", json!(method)),
            ("http.route", json!(route)),
            ("http.response.status_code", json!(status)),
            ("session.id", json!(format!("session-{}", self.session))),
            ("user.id", json!(user)),
            ("tag.tags", json!(["support", "eu"])),
        ];
        self.end(root, self.fails, &attributes);
        // The root began first.
        let root = self.spans.pop().expect("it ended a moment ago");
        self.spans.insert(0, root);
    }

    fn end(&mut self, step: &Step, fails: bool, said: &[(&str, Value)]) {
        self.pass(1, 4);
        let mut span = json!({
            "traceId": self.id,
            "spanId": step.id,
            "name": step.name,
            "kind": step.kind,
            "startTimeUnixNano": step.start.to_string(),
            "endTimeUnixNano": self.now.to_string(),
            "attributes": attributes(said),
            "status": {},
        });
        if !step.parent.is_empty() {
            span["parentSpanId"] = json!(step.parent);
        }
        if fails {
            span["status"] = json!({ "code": 2, "message": "the model did not answer in time" });
            span["events"] = json!([{
                "timeUnixNano": self.now.to_string(),
                "name": "exception",
                "attributes": attributes(&[
                    ("exception.type", json!("TimeoutError")),
                    ("exception.message", json!("no answer after 30 s")),
                ]),
            }]);
        }
        self.spans.push(span);
    }

    /// Lets a number of milliseconds pass.
    fn pass(&mut self, least: usize, most: usize) {
        let milliseconds = least + self.random.below(most - least);
        let micros = u32::try_from(milliseconds * 1_000).expect("a step takes seconds");
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the fraction of a microsecond that is cut off is the point"
        )]
        let micros = (f64::from(micros) * self.traffic.slowness) as i128;
        self.now += micros * 1_000;
    }
}

/// Attributes as OTLP writes them in JSON.
pub(super) fn attributes(pairs: &[(&str, Value)]) -> Value {
    pairs
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": any_value(value) }))
        .collect()
}

fn any_value(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Array(items) => {
            let values: Vec<Value> = items.iter().map(any_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        other => json!({ "stringValue": other }),
    }
}

/// A small generator of pseudo-random numbers (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * bound as u128;
        usize::try_from(wide >> 64).expect("the product's upper half is below the bound")
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are what a share between 0 and 1 has"
    )]
    fn chance(&mut self, share: f64) -> bool {
        ((self.next() >> 11) as f64) < share * (1_u64 << 53) as f64
    }
}
