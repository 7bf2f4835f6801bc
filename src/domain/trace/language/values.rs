//! The values of a filter: numbers, money, lengths of time.

/// The units of a length of time with their nanoseconds, the greatest first.
const UNITS: [(&str, f64); 7] = [
    ("d", 86_400e9),
    ("h", 3_600e9),
    ("m", 60e9),
    ("s", 1e9),
    ("ms", 1e6),
    ("us", 1e3),
    ("ns", 1.0),
];

/// Up to here, every whole number is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number: digits, with a fraction and a sign.
pub(in crate::domain) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = plain.then(|| text.parse().ok())??;
    number.is_finite().then_some(number)
}

/// US dollars, with or without the sign of the dollar.
pub(in crate::domain) fn money(text: &str) -> Option<f64> {
    number(text.strip_prefix('$').unwrap_or(text))
}

/// A length of time in nanoseconds.
pub(in crate::domain) fn duration_ns(text: &str) -> Option<f64> {
    let text = text.replace(['\u{b5}', '\u{3bc}'], "u");
    let digits = text.find(|character: char| character.is_alphabetic())?;
    let (value, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(known, _)| *known == unit)?;
    let value = number(value).filter(|value| *value >= 0.0)?;
    let whole = if unit == "ns" {
        value
    } else {
        (value * factor).round()
    };
    whole.is_finite().then_some(whole)
}

/// A length of time as filters spell it: in the greatest unit that says it exactly.
pub fn duration_text(ns: f64) -> String {
    let exact = |(_, factor): &&(&str, f64)| {
        let count = ns / factor;
        (1.0..EXACT).contains(&count) && ns % factor == 0.0
    };
    match UNITS.iter().find(exact) {
        Some((unit, factor)) => format!("{}{unit}", ns / factor),
        None => format!("{ns}ns"),
    }
}
