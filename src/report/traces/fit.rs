//! Tables that fit a terminal: where there is too little room, the widest column gives way first.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::domain::untrusted::{Untrusted, shorten};
use crate::report::table::TextTable;

/// The longest cell of any table, in characters.
const LONGEST: usize = 120;

/// The narrowest that a column becomes to make room.
const NARROWEST: usize = 8;

/// What stands between two columns.
const GAP: usize = 2;

/// A table with these titles and rows, at most `width` columns wide if that can be done. `right` are
/// the columns that are aligned to the right: figures, which are never cut.
pub(in crate::report) fn fitting_table(
    titles: &[String],
    mut rows: Vec<Vec<String>>,
    right: &[usize],
    width: Option<usize>,
) -> String {
    for cell in rows.iter_mut().flatten() {
        *cell = Untrusted(&shorten(cell, LONGEST)).to_string();
    }
    if let Some(width) = width {
        let widths = widths(titles, &rows, right, width);
        for row in &mut rows {
            for (cell, width) in row.iter_mut().zip(&widths) {
                *cell = cut(cell, *width);
            }
        }
    }
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let mut table = TextTable::new(&titles);
    for column in right {
        table = table.align_right(*column);
    }
    for row in rows {
        table.row(row);
    }
    table.render()
}

/// How wide each column may be.
fn widths(titles: &[String], rows: &[Vec<String>], right: &[usize], width: usize) -> Vec<usize> {
    let widest = |(column, title): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.width()).max();
        widest.unwrap_or(0).max(title.width())
    };
    let mut widths: Vec<usize> = titles.iter().enumerate().map(widest).collect();
    let gaps = GAP * titles.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        let can_give = |column: &usize| {
            let title = titles[*column].width();
            !right.contains(column) && widths[*column] > NARROWEST.max(title)
        };
        let giving = (0..widths.len()).filter(can_give);
        let Some(widest) = giving.max_by_key(|column| widths[*column]) else {
            break;
        };
        widths[widest] -= 1;
    }
    widths
}

/// The start of a text that takes at most so many columns, with `…` where something was cut off.
pub(in crate::report) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut left = width.saturating_sub(1);
    for character in text.chars() {
        let takes = character.width().unwrap_or(0);
        if takes > left {
            break;
        }
        left -= takes;
        cut.push(character);
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: Option<usize>) -> String {
        let titles = ["NAME", "TEXT", "COST"].map(str::to_owned);
        let row = |name: &str, text: &str| vec![name.to_owned(), text.to_owned(), "$1".to_owned()];
        let rows = vec![
            row(
                "a name of some length",
                "a text of a much greater length than that",
            ),
            row("b\u{1b}[2J", "短い文章です短い文章です短い文章です"),
        ];
        fitting_table(&titles, rows, &[2], width)
    }

    #[test]
    fn the_widest_column_gives_way_and_figures_do_not() {
        let text = table(Some(40));
        assert_eq!(
            text,
            "NAME              TEXT              COST\n\
             a name of some …  a text of a muc…    $1\n\
             b\\u{1b}[2J        短い文章です短…     $1\n"
        );
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
    }

    #[test]
    fn without_a_terminal_only_very_long_cells_are_cut() {
        assert!(table(None).contains("greater length than that"));
        let long = vec![vec!["x".repeat(1_000_000)]];
        let text = fitting_table(&["A".to_owned()], long, &[], None);
        assert!(text.lines().all(|line| line.chars().count() <= LONGEST + 1));
    }

    #[test]
    fn a_terminal_without_room_gets_the_narrowest_table() {
        let text = table(Some(3));
        assert!(text.starts_with("NAME      TEXT      COST\n"), "{text}");
    }
}
