//! `pointsman.toml`: the settings that the whole workspace shares.

use std::collections::BTreeMap;
use std::time::Duration;

use super::redaction::Redaction;
use super::run::Answer;

/// The file's name, at the workspace root.
pub const PROJECT_FILE: &str = "pointsman.toml";

/// The files and folders that make a workspace. A snapshot holds these and nothing else.
pub const WORKSPACE_PATHS: [&str; 6] = [
    PROJECT_FILE,
    "prompts",
    "datasets",
    "evaluators",
    "environments",
    "recordings",
];

/// The settings of a workspace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// The git remote that lanes live on; absent: lanes are local.
    pub remote: Option<String>,
    /// The providers that prompts may name, beside the built-in `echo` and `replay`.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// What models cost, by `<provider>/<model>`.
    pub prices: BTreeMap<String, Price>,
    /// What must not be kept of traces.
    pub redaction: Redaction,
    /// Where traces are.
    pub traces: TraceSettings,
}

/// Where traces are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TraceSettings {
    /// In files of our own below the git directory.
    #[default]
    Files,
    /// In ClickHouse, where OpenTelemetry's collector writes them.
    ClickHouse(ClickHouseSettings),
}

/// Where ClickHouse is and what the collector's tables are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickHouseSettings {
    /// The variable with the address of its HTTP interface.
    pub url_env: String,
    /// The variable with the user's name; one that is not set means the server's default.
    pub user_env: String,
    /// The variable with the password.
    pub password_env: String,
    /// The database.
    pub database: String,
    /// The table of spans.
    pub table: String,
    /// The table of logs, in which evaluations may be; it need not exist.
    pub logs_table: String,
    /// How long an answer may take to begin, and each row of it to come.
    pub timeout: Duration,
}

impl Default for ClickHouseSettings {
    /// The collector's own names.
    fn default() -> Self {
        Self {
            url_env: "CLICKHOUSE_URL".to_owned(),
            user_env: "CLICKHOUSE_USER".to_owned(),
            password_env: "CLICKHOUSE_PASSWORD".to_owned(),
            database: "default".to_owned(),
            table: "otel_traces".to_owned(),
            logs_table: "otel_logs".to_owned(),
            timeout: Duration::from_mins(5),
        }
    }
}

/// The longest name of a file that systems know, in bytes: a longer word is no file.
const LONGEST_FILE_NAME: usize = 255;

/// The provider that answers with what it is asked.
pub const ECHO: &str = "echo";

/// The provider that answers from recordings.
pub const REPLAY: &str = "replay";

/// The providers that exist without being declared.
pub const BUILT_IN_PROVIDERS: [&str; 2] = [ECHO, REPLAY];

impl Project {
    /// Whether a provider is built in or declared.
    pub fn knows(&self, provider: &str) -> bool {
        BUILT_IN_PROVIDERS.contains(&provider) || self.providers.contains_key(provider)
    }
}

/// A provider: who answers, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderSettings {
    /// A model server over HTTP.
    Server(ServerSettings),
    /// A program on this machine.
    Program(ProgramSettings),
}

impl ProviderSettings {
    /// Whether it answers prompts.
    pub fn answers_prompts(&self) -> bool {
        !self.grades()
    }

    /// Whether it grades answers.
    pub fn grades(&self) -> bool {
        matches!(self, Self::Server(server) if server.wire == WireFormat::Grader)
    }

    /// Whether it places texts by their meaning.
    pub fn embeds(&self) -> bool {
        matches!(self, Self::Server(server) if matches!(server.wire, WireFormat::OpenAi { .. }))
    }
}

/// A model server over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// How it wants to be asked.
    pub wire: WireFormat,
    /// Where it is, for example `https://api.openai.com/v1`.
    pub url: String,
    /// The environment variable that holds the key; absent: no key is sent.
    pub key_env: Option<String>,
    /// The header that carries the key; absent: the usual one of the wire format.
    pub key_header: Option<String>,
    /// How many calls run at once.
    pub concurrency: usize,
    /// How many calls may start in a minute; absent: any number.
    pub requests_per_minute: Option<u32>,
    /// How many tokens may be read and written in a minute; absent: any number.
    pub tokens_per_minute: Option<u32>,
    /// How long one try of a call may take.
    pub timeout: Duration,
    /// How often a call is tried before it is an error.
    pub max_attempts: u32,
}

/// How a model server wants to be asked, and how it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireFormat {
    /// OpenAI chat completions, below the address; many servers speak it.
    OpenAi {
        /// Whether the answer comes in pieces.
        stream: bool,
    },
    /// Anthropic messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
    /// Whatever the templates say.
    Template(HttpTemplate),
    /// A server that grades answers instead of giving them.
    Grader,
}

/// How to ask a server that speaks no known wire format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTemplate {
    /// A Jinja template of the JSON body. What it prints is encoded as JSON.
    pub body: String,
    /// The JSON pointer to the text in the server's answer.
    pub output: String,
    /// The JSON pointer to the number of tokens read.
    pub input_tokens: Option<String>,
    /// The JSON pointer to the number of tokens written.
    pub output_tokens: Option<String>,
}

/// A program that reads a request from its standard input and prints the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramSettings {
    /// The program and its arguments. No shell reads them.
    pub command: Vec<String>,
    /// The environment variables that the program sees, beside `PATH` and `HOME`.
    pub env: Vec<String>,
    /// How many run at once.
    pub concurrency: usize,
    /// How long one may take.
    pub timeout: Duration,
}

impl ProgramSettings {
    /// The paths in the workspace that the words of the command may name.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let words = self.command.iter();
        let words = words.map(|word| word.strip_prefix("./").unwrap_or(word));
        words.filter(|word| {
            let mut segments = word.split('/');
            segments.all(|segment| {
                let plain = !segment.is_empty() && segment != "." && segment != "..";
                plain && segment.len() <= LONGEST_FILE_NAME
            })
        })
    }

    /// Those of them that name a file below a folder of the workspace.
    pub fn files_below(&self, folder: &str) -> impl Iterator<Item = String> {
        let start = format!("{folder}/");
        let paths = self.paths().filter(move |path| path.starts_with(&start));
        paths.map(str::to_owned)
    }
}

/// The tokens of one call that cost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenCounts {
    /// All tokens read.
    pub input: Option<u64>,
    /// The part of the input that the provider had in its cache.
    pub cached_input: Option<u64>,
    /// The part of the input that the provider put into its cache.
    pub cache_write: Option<u64>,
    /// All tokens written, those of reasoning included.
    pub output: Option<u64>,
}

impl From<&Answer> for TokenCounts {
    fn from(answer: &Answer) -> Self {
        Self {
            input: answer.input_tokens,
            cached_input: answer.cached_input_tokens,
            cache_write: answer.cache_write_tokens,
            output: answer.output_tokens,
        }
    }
}

/// What a model costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// US dollars for a million input tokens.
    pub input_usd_per_million: f64,
    /// US dollars for a million input tokens that the provider had in its cache; absent: as for any
    /// other input token.
    pub cached_input_usd_per_million: Option<f64>,
    /// US dollars for a million input tokens that the provider puts into its cache; absent: not
    /// known, and neither is the cost of a call that has some.
    pub cache_write_usd_per_million: Option<f64>,
    /// US dollars for a million output tokens.
    pub output_usd_per_million: f64,
    /// How many input tokens of a call the price holds for; absent: any number.
    pub up_to_input_tokens: Option<u64>,
}

impl Price {
    /// The price of what never leaves this program.
    pub const NOTHING: Self = Self {
        input_usd_per_million: 0.0,
        cached_input_usd_per_million: None,
        cache_write_usd_per_million: Some(0.0),
        output_usd_per_million: 0.0,
        up_to_input_tokens: None,
    };

    /// What a call cost; absent where a count is missing. What is not known is never 0.
    pub fn cost_usd(&self, tokens: TokenCounts) -> Option<f64> {
        let input = tokens.input?;
        if self.up_to_input_tokens.is_some_and(|most| input > most) {
            return None;
        }
        let cached = tokens.cached_input.unwrap_or(0);
        let written = tokens.cache_write.unwrap_or(0);
        let plain = input.checked_sub(cached)?.checked_sub(written)?;
        let write_price = match written {
            0 => 0.0,
            _ => self.cache_write_usd_per_million?,
        };
        let cached_price = self
            .cached_input_usd_per_million
            .unwrap_or(self.input_usd_per_million);
        let parts = [
            (plain, self.input_usd_per_million),
            (cached, cached_price),
            (written, write_price),
            (tokens.output?, self.output_usd_per_million),
        ];
        #[expect(
            clippy::cast_precision_loss,
            reason = "a call has far fewer tokens than 2^52"
        )]
        let millionths: f64 = parts
            .into_iter()
            .map(|(tokens, price)| tokens as f64 * price)
            .sum();
        Some(millionths / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input_usd_per_million: 1.0,
        cached_input_usd_per_million: Some(0.1),
        cache_write_usd_per_million: None,
        output_usd_per_million: 10.0,
        up_to_input_tokens: Some(1_000_000),
    };

    fn tokens(input: Option<u64>, cached: Option<u64>, output: Option<u64>) -> TokenCounts {
        TokenCounts {
            input,
            cached_input: cached,
            output,
            ..TokenCounts::default()
        }
    }

    #[test]
    fn a_word_may_name_a_file_of_the_workspace_and_nothing_outside_of_it() {
        let program = ProgramSettings {
            command: [
                "./run.sh",
                "evaluators/a.py",
                "-c",
                "../x",
                "/bin/sh",
                "a/../b",
                "a//b",
                "",
                ".",
            ]
            .map(str::to_owned)
            .to_vec(),
            env: Vec::new(),
            concurrency: 1,
            timeout: Duration::from_secs(1),
        };
        let paths: Vec<&str> = program.paths().collect();
        assert_eq!(paths, ["run.sh", "evaluators/a.py", "-c"]);
        let released: Vec<String> = program.files_below("evaluators").collect();
        assert_eq!(released, ["evaluators/a.py"]);
    }

    #[test]
    fn a_cost_is_known_only_with_both_counts() {
        let cost = |input, output| PRICE.cost_usd(tokens(input, None, output));
        assert_eq!(cost(Some(1_000), Some(100)), Some(0.002));
        assert_eq!(cost(Some(1_000), None), None);
        assert_eq!(cost(None, Some(100)), None);
        assert_eq!(cost(Some(1_000_001), Some(100)), None);
    }

    #[test]
    fn cached_input_has_its_own_price_and_nonsense_counts_have_none() {
        let cost = |cached| PRICE.cost_usd(tokens(Some(1_000_000), Some(cached), Some(0)));
        assert_eq!(cost(1_000_000), Some(0.1));
        assert_eq!(cost(500_000), Some(0.55));
        assert_eq!(cost(1_000_001), None);
        let unpriced = TokenCounts {
            cache_write: Some(1),
            ..tokens(Some(10), None, Some(1))
        };
        assert_eq!(PRICE.cost_usd(unpriced), None);
    }
}
