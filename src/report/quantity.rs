//! Numbers as people read them, each with its unit.

/// Nanoseconds in the unit in which they are a number of few digits.
pub(super) fn duration(ns: f64) -> String {
    let milliseconds = ns / 1e6;
    let seconds = ns / 1e9;
    if ns == 0.0 {
        "0 ms".to_owned()
    } else if milliseconds < 10.0 {
        format!("{milliseconds:.2} ms")
    } else if milliseconds < 999.5 {
        format!("{milliseconds:.0} ms")
    } else if seconds < 100.0 {
        format!("{seconds:.2} s")
    } else if seconds < 6_000.0 {
        format!("{:.1} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3_600.0)
    }
}

/// US dollars with as many digits as tell two small amounts apart.
pub(super) fn money(usd: f64) -> String {
    if usd == 0.0 || usd >= 1.0 {
        format!("${usd:.2}")
    } else if usd >= 0.01 {
        format!("${usd:.4}")
    } else {
        format!("${usd:.6}")
    }
}
