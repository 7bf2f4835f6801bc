//! What calls cost: as the sender reports it, else as the workspace or the list prices the tokens.

use std::collections::BTreeMap;

use crate::domain::prices::{listed_on, listed_price, listed_prices};
use crate::domain::project::{Price, TokenCounts};
use crate::domain::trace::span::ModelCall;

/// Who says what a call cost: whoever sent the span.
pub(super) const REPORTED: &str = "reported";

/// The makers of models as spans name them, and the host that the list of prices has for each. The
/// names with two parts are those of one sender who names the kind of call, too.
const MAKERS: [(&str, &str); 8] = [
    ("openai", "api.openai.com"),
    ("openai.chat", "api.openai.com"),
    ("openai.responses", "api.openai.com"),
    ("anthropic", "api.anthropic.com"),
    ("anthropic.messages", "api.anthropic.com"),
    ("gcp.gemini", "generativelanguage.googleapis.com"),
    ("gemini", "generativelanguage.googleapis.com"),
    ("google.generative-ai", "generativelanguage.googleapis.com"),
];

/// The prices by which spans are priced.
#[derive(Debug, Clone, Default)]
pub struct TracePrices {
    /// The workspace's own, by `<provider>/<model>`.
    own: BTreeMap<String, Price>,
}

impl TracePrices {
    /// The workspace's own prices, before those of the list.
    pub fn new(own: BTreeMap<String, Price>) -> Self {
        Self { own }
    }

    /// The workspace's own prices, by `<provider>/<model>`.
    pub fn own(&self) -> impl Iterator<Item = (String, Price)> {
        self.own.iter().map(|(name, price)| (name.clone(), *price))
    }

    /// The prices of the list, by `<provider>/<model>` for each name that a provider goes by.
    pub fn listed() -> impl Iterator<Item = (String, Price)> {
        MAKERS.into_iter().flat_map(|(maker, host)| {
            let prices = listed_prices(host);
            prices.map(move |(model, price)| (format!("{maker}/{model}"), price))
        })
    }

    /// Computes the cost of a call for which none was reported, where it can be known.
    pub(super) fn complete(&self, call: &mut ModelCall) {
        if call.cost_usd.is_some() {
            return;
        }
        if let Some((cost_usd, source)) = self.cost_of(call) {
            call.cost_usd = Some(cost_usd);
            call.cost_source = Some(source);
        }
    }

    fn cost_of(&self, call: &ModelCall) -> Option<(f64, String)> {
        let (provider, model) = (call.provider.as_deref()?, call.model.as_deref()?);
        let tokens = TokenCounts {
            input: call.input_tokens,
            cached_input: call.cache_read_tokens,
            cache_write: call.cache_write_tokens,
            output: call.output_tokens,
        };
        if !self.own.is_empty()
            && let Some(price) = self.own.get(&format!("{provider}/{model}"))
        {
            return Some((price.cost_usd(tokens)?, "computed@workspace".to_owned()));
        }
        let (_, host) = MAKERS.iter().find(|(known, _)| *known == provider)?;
        let price = listed_price(host, model)?;
        let cost_usd = price.cost_usd(tokens)?;
        Some((cost_usd, ["computed@", listed_on()].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priced(provider: &str, model: &str, own: &TracePrices) -> ModelCall {
        let mut call = ModelCall {
            provider: Some(provider.to_owned()),
            model: Some(model.to_owned()),
            input_tokens: Some(1_000_000),
            cache_read_tokens: Some(500_000),
            output_tokens: Some(100_000),
            ..ModelCall::default()
        };
        own.complete(&mut call);
        call
    }

    #[test]
    fn a_listed_model_is_priced_with_its_cached_tokens_and_the_day_of_the_list() {
        let call = priced("openai", "gpt-4.1-mini-2025-04-14", &TracePrices::default());
        // 0.5 M at 0.4, 0.5 M at 0.1 and 0.1 M at 1.6 US dollars a million.
        assert!((call.cost_usd.unwrap() - 0.41).abs() < 1e-12);
        assert_eq!(call.cost_source.unwrap(), "computed@2026-11-23");
    }

    #[test]
    fn an_unknown_model_or_maker_has_no_cost() {
        for (provider, model) in [
            ("openai", "gpt-0"),
            ("my-proxy", "gpt-4.1"),
            ("openaix", "gpt-4.1"),
        ] {
            let call = priced(provider, model, &TracePrices::default());
            assert_eq!((call.cost_usd, call.cost_source), (None, None));
        }
    }

    #[test]
    fn the_workspaces_price_comes_before_the_lists_and_a_reported_cost_before_both() {
        let price = Price {
            output_usd_per_million: 5.0,
            ..Price::NOTHING
        };
        let own = TracePrices::new(BTreeMap::from([("openai/gpt-4.1".to_owned(), price)]));
        let call = priced("openai", "gpt-4.1", &own);
        assert_eq!(call.cost_usd, Some(0.5));
        assert_eq!(call.cost_source.as_deref(), Some("computed@workspace"));
        let mut reported = ModelCall {
            cost_usd: Some(0.0),
            ..call
        };
        own.complete(&mut reported);
        assert_eq!(reported.cost_usd, Some(0.0));
    }
}
