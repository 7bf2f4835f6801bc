//! Cells of CSV that programs for tables would take for formulas, made plain text; and back.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a `'` before it, and
//! so does one that begins like one that got it, so that the way back is always the same. Source:
//! OWASP, "CSV Injection", <https://owasp.org/www-community/attacks/CSV_Injection>.

use std::borrow::Cow;

/// What a formula begins with.
const STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The cell as no program takes it for a formula.
pub fn neutral(cell: &str) -> Cow<'_, str> {
    if cell.trim_start_matches('\'').starts_with(STARTS) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The cell as it was before [`neutral`].
pub fn original(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(STARTS) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_plain_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"] {
            let plain = neutral(cell);
            assert!(plain.starts_with('\''), "{cell:?}");
        }
        for cell in ["", "a=1", "'", "'tis", " =1"] {
            assert_eq!(neutral(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(cell in "[-'=a+@\\t ]{0,6}") {
            let plain = neutral(&cell);
            prop_assert_eq!(original(&plain), &cell);
        }
    }
}
