//! What a provider's models cost: what the workspace says, or else the list that comes with the
//! program.
//!
//! The list goes by the host that is called, not by the provider's name: the same model may cost
//! something else elsewhere. A model that stands nowhere has no price, which is not 0.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::domain::prices::listed_price;
use crate::domain::project::{Price, Project};

/// The prices of one provider's models.
pub(super) struct Prices {
    own: BTreeMap<String, Price>,
    host: Option<String>,
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
            host,
        }
    }

    /// What a model costs.
    pub(super) fn of(&self, model: &str) -> Option<Price> {
        let own = self.own.get(model).copied();
        own.or_else(|| listed_price(self.host.as_deref()?, model))
    }
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
