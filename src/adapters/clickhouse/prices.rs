//! What calls cost, in SQL: the prices by which spans are priced, as lists, and the formula of
//! [`Price::cost_usd`].

use crate::domain::project::Price;
use crate::engine::traces::map::cost::TracePrices;

use super::parameters::literals;

/// What a call was, as expressions in SQL.
pub(super) struct Call<'e> {
    pub(super) provider: &'e str,
    pub(super) model: &'e str,
    pub(super) input: &'e str,
    pub(super) cached: &'e str,
    pub(super) written: &'e str,
    pub(super) output: &'e str,
}

/// The cost of a call that nobody reported, in US dollars; null where it is not known.
pub(super) fn computed(prices: &TracePrices, call: &Call<'_>) -> String {
    let own: Vec<(String, Price)> = prices.own().collect();
    let listed: Vec<(String, Price)> = TracePrices::listed().collect();
    let names = |prices: &[(String, Price)]| literals(prices.iter().map(|(name, _)| name.as_str()));
    let all = [own.as_slice(), &listed].concat();
    let list = |number: fn(&Price) -> Option<f64>| {
        let numbers = all.iter().map(|(_, price)| match number(price) {
            Some(number) => format!("{number:e}"),
            None => "NULL".to_owned(),
        });
        format!("[{}]", numbers.collect::<Vec<_>>().join(", "))
    };
    let full_name = |model: &str| format!("concat(ifNull({}, ''), '/', {model})", call.provider);
    let model = format!("ifNull({}, '')", call.model);
    // The same two ways to write a day that the list of prices knows.
    let undated =
        format!("replaceRegexpOne({model}, '-([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{8}})$', '')");
    let exact = format!("indexOf({}, {})", names(&all), full_name(&model));
    let without_date = format!("indexOf({}, {})", names(&listed), full_name(&undated));
    let place = format!(
        "multiIf({exact} > 0, {exact}, {without_date} > 0, {without_date} + {}, 0)",
        own.len()
    );
    let input = list(|price| Some(price.input_usd_per_million));
    let cached = list(|price| {
        let own = price.cached_input_usd_per_million;
        Some(own.unwrap_or(price.input_usd_per_million))
    });
    let written = list(|price| price.cache_write_usd_per_million);
    let output = list(|price| Some(price.output_usd_per_million));
    #[expect(clippy::cast_precision_loss, reason = "a limit of tokens is small")]
    let limits = list(|price| price.up_to_input_tokens.map(|limit| limit as f64));
    let (cached_tokens, written_tokens) = (
        format!("ifNull({}, 0)", call.cached),
        format!("ifNull({}, 0)", call.written),
    );
    let tokens = &call.input;
    format!(
        "arrayMap(place -> if(place = 0 \
         OR ifNull({tokens} > {limits}[place], 0) \
         OR ifNull({tokens} < {cached_tokens} + {written_tokens}, 1), NULL, \
         (toFloat64({tokens} - {cached_tokens} - {written_tokens}) * {input}[place] \
         + toFloat64({cached_tokens}) * {cached}[place] \
         + if({written_tokens} = 0, 0, toFloat64({written_tokens}) * {written}[place]) \
         + toFloat64({output_tokens}) * {output}[place]) / 1e6), [{place}])[1]",
        output_tokens = call.output,
    )
}
