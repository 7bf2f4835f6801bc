//! What models cost: what the workspace says, or else the list that comes with the program.
//!
//! The list goes by the host that is called, not by the provider's name: the same model may cost
//! something else elsewhere. A model that stands nowhere has no price, which is not 0.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use reqwest::Url;
use serde::Deserialize;

use crate::domain::project::{Price, Project};

/// The list, with its date and source.
const LIST: &str = include_str!("prices.toml");

/// The prices of one provider's models.
pub(super) struct Prices {
    own: BTreeMap<String, Price>,
    listed: Option<&'static Models>,
}

type Models = BTreeMap<String, Listed>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    input: f64,
    cached_input: Option<f64>,
    cache_write: Option<f64>,
    output: f64,
    up_to_input_tokens: Option<u64>,
}

impl Prices {
    /// The prices of the provider `name`, which is asked at `url`; a program has no address.
    pub(super) fn new(project: &Project, name: &str, url: Option<&str>) -> Self {
        let prefix = format!("{name}/");
        let own = project.prices.iter().filter_map(|(model, price)| {
            let model = model.strip_prefix(&prefix)?;
            Some((model.to_owned(), *price))
        });
        let host = url
            .and_then(|url| Url::parse(url).ok())
            .and_then(|url| url.host_str().map(str::to_owned));
        Self {
            own: own.collect(),
            listed: host.and_then(|host| list().get(&host)),
        }
    }

    /// What a model costs.
    pub(super) fn of(&self, model: &str) -> Option<Price> {
        if let Some(price) = self.own.get(model) {
            return Some(*price);
        }
        let listed = self.listed?;
        let listed = listed
            .get(model)
            .or_else(|| listed.get(without_date(model)?))?;
        Some(Price {
            input_usd_per_million: listed.input,
            cached_input_usd_per_million: listed.cached_input,
            cache_write_usd_per_million: listed.cache_write,
            output_usd_per_million: listed.output,
            up_to_input_tokens: listed.up_to_input_tokens,
        })
    }
}

fn list() -> &'static BTreeMap<String, Models> {
    static PARSED: OnceLock<BTreeMap<String, Models>> = OnceLock::new();
    PARSED.get_or_init(|| toml::from_str(LIST).expect("a test reads the list as it is built in"))
}

/// `gpt-4.1` of `gpt-4.1-2025-04-14`, and `claude-haiku-4-5` of `claude-haiku-4-5-20251001`.
fn without_date(model: &str) -> Option<&str> {
    let is_date = |date: &str| match date.as_bytes() {
        [year @ .., b'-', m1, m2, b'-', d1, d2] if year.len() == 4 => {
            year.iter().chain([m1, m2, d1, d2]).all(u8::is_ascii_digit)
        }
        digits => digits.len() == 8 && digits.iter().all(u8::is_ascii_digit),
    };
    [10, 8].into_iter().find_map(|length| {
        let (name, date) = model.split_at_checked(model.len().checked_sub(length)?)?;
        name.strip_suffix('-').filter(|_| is_date(date))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input_price(url: &str, model: &str) -> Option<f64> {
        let prices = Prices::new(&Project::default(), "x", Some(url));
        Some(prices.of(model)?.input_usd_per_million)
    }

    #[test]
    fn a_model_has_its_price_at_its_makers_address_and_nowhere_else() {
        let openai = "https://api.openai.com/v1";
        assert_eq!(input_price(openai, "gpt-4.1-mini"), Some(0.4));
        assert_eq!(input_price(openai, "gpt-4.1-mini-2025-04-14"), Some(0.4));
        assert_eq!(input_price(openai, "gpt-4.1-mini-tuned"), None);
        assert_eq!(
            input_price("https://proxy.example/v1", "gpt-4.1-mini"),
            None
        );
        assert_eq!(
            input_price("https://api.anthropic.com", "claude-haiku-4-5-20251001"),
            Some(1.0)
        );
        assert_eq!(
            input_price(
                "https://generativelanguage.googleapis.com",
                "gemini-2.5-flash"
            ),
            Some(0.3)
        );
    }

    #[test]
    fn every_price_of_the_list_makes_sense() {
        let mut models = 0;
        for listed in list().values().flat_map(BTreeMap::values) {
            models += 1;
            assert!(listed.input > 0.0 && listed.output >= listed.input);
            assert!(
                listed
                    .cached_input
                    .is_none_or(|cached| cached < listed.input)
            );
            assert!(listed.cache_write.is_none_or(|write| write >= listed.input));
        }
        assert!(models > 50, "{models}");
    }

    #[test]
    fn what_the_workspace_says_comes_first() {
        let mut project = Project::default();
        let own = Price {
            input_usd_per_million: 7.0,
            ..Price::NOTHING
        };
        project.prices.insert("x/gpt-4.1".to_owned(), own);
        let prices = Prices::new(&project, "x", Some("https://api.openai.com/v1"));
        assert_eq!(prices.of("gpt-4.1"), Some(own));
        assert!(prices.of("gpt-4.1-mini").is_some());
        let program = Prices::new(&project, "y", None);
        assert_eq!(program.of("gpt-4.1"), None);
    }
}
