//! Cells of CSV that programs for tables would take for formulas, made plain text; and back.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, their full-width forms, a tab or a carriage return gets a
//! `'` before it, white space and what nobody sees before them left aside. So does one that begins like
//! one that got it, so that the way back is always the same. Source: OWASP, "CSV Injection",
//! <https://owasp.org/www-community/attacks/CSV_Injection>.

use std::borrow::Cow;

use super::untrusted::is_hidden;

/// What a formula begins with.
const STARTS: [char; 10] = [
    '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// The cell as no program takes it for a formula.
pub fn neutral(cell: &str) -> Cow<'_, str> {
    if is_like_a_formula(cell) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The cell as it was before [`neutral`].
pub fn original(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_like_a_formula(rest) => rest,
        _ => cell,
    }
}

/// Whether a program for tables might compute the cell, or would if it took away what stands before.
fn is_like_a_formula(cell: &str) -> bool {
    let is_before =
        |it: char| !STARTS.contains(&it) && (it == '\'' || it.is_whitespace() || is_hidden(it));
    cell.trim_start_matches(is_before).starts_with(STARTS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_plain_text() {
        for cell in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "'=1",
            " =1",
            "\n\u{200b}'=1",
            "\u{ff1d}1",
        ] {
            let plain = neutral(cell);
            assert!(plain.starts_with('\''), "{cell:?}");
        }
        for cell in ["", "a=1", "'", "'tis", " 1"] {
            assert_eq!(neutral(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(cell in "[-'=a+@\\t\\u{200b}\\u{ff1d} ]{0,6}") {
            let plain = neutral(&cell);
            prop_assert_eq!(original(&plain), &cell);
        }
    }
}
