//! The list of prices that comes with the program: what models cost at their makers' own addresses,
//! on one day.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::project::Price;

/// The list, with its source.
const LIST: &str = include_str!("prices.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    taken_on: String,
    models: BTreeMap<String, BTreeMap<String, Listed>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    input: f64,
    cached_input: Option<f64>,
    cache_write: Option<f64>,
    output: f64,
    up_to_input_tokens: Option<u64>,
}

/// What a model costs that is asked at a host. A model that is not listed has no price, which is
/// not 0.
pub fn listed_price(host: &str, model: &str) -> Option<Price> {
    let models = list().models.get(host)?;
    let listed = models
        .get(model)
        .or_else(|| models.get(without_date(model)?))?;
    Some(listed.price())
}

/// What the models cost that are asked at a host, by their names without a date.
pub fn listed_prices(host: &str) -> impl Iterator<Item = (&'static str, Price)> {
    let models = list().models.get(host).into_iter().flatten();
    models.map(|(model, listed)| (model.as_str(), listed.price()))
}

impl Listed {
    fn price(&self) -> Price {
        Price {
            input_usd_per_million: self.input,
            cached_input_usd_per_million: self.cached_input,
            cache_write_usd_per_million: self.cache_write,
            output_usd_per_million: self.output,
            up_to_input_tokens: self.up_to_input_tokens,
        }
    }
}

/// The day on which the prices were true.
pub fn listed_on() -> &'static str {
    &list().taken_on
}

fn list() -> &'static List {
    static PARSED: OnceLock<List> = OnceLock::new();
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

    #[test]
    fn every_price_of_the_list_makes_sense() {
        let mut models = 0;
        for listed in list().models.values().flat_map(BTreeMap::values) {
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
    fn the_list_says_when_it_was_taken() {
        assert!(listed_on().parse::<jiff::civil::Date>().is_ok());
    }
}
