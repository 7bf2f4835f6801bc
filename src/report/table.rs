//! Tables for people: aligned columns without frames, cut to nothing, safe to show.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::domain::untrusted::Untrusted;

/// A table under construction.
pub struct TextTable(Table);

impl TextTable {
    /// A table with these column titles.
    pub fn new(titles: &[&str]) -> Self {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(titles.iter().copied());
        Self(table)
    }

    /// Aligns a column of figures to the right.
    #[must_use]
    pub fn align_right(mut self, column: usize) -> Self {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row. Cells are neutralised, whoever wrote them.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cells = cells
            .into_iter()
            .map(|cell| Untrusted(cell.as_ref()).to_string());
        self.0.add_row(cells);
    }

    /// The table as lines, without trailing white space.
    pub fn render(&self) -> String {
        let text = self.0.to_string();
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
        let mut rendered = String::new();
        for line in lines {
            rendered.push_str(line);
            rendered.push('\n');
        }
        rendered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_hostile_cells_stay_in_theirs() {
        let mut table = TextTable::new(&["NAME", "COUNT"]).align_right(1);
        table.row(["a\u{1b}[2J\nb", "1"]);
        table.row(["c", "20"]);
        assert_eq!(
            table.render(),
            "NAME           COUNT\na\\u{1b}[2J\\nb      1\nc                 20\n"
        );
    }
}
