//! A change of a rows file: rows that come in at its end, and rows that become others. Every other
//! byte stays as it is.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// What happens to a rows file of JSON lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowsEdit {
    /// New texts for lines, by their numbers from 1; `None` takes the line out. Without line breaks.
    pub lines: BTreeMap<u32, Option<String>>,
    /// Lines for the end, each with its line break.
    pub appended: String,
}

impl RowsEdit {
    /// Copies the file with the change made. Memory does not grow with the file.
    pub fn copy(&self, input: &mut dyn BufRead, output: &mut dyn Write) -> io::Result<()> {
        let mut line = Vec::new();
        let mut number = 0_u32;
        let mut ended = true;
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number = number.saturating_add(1);
            match self.lines.get(&number) {
                None => {
                    output.write_all(&line)?;
                    ended = line.ends_with(b"\n");
                }
                Some(None) => {}
                Some(Some(text)) => {
                    writeln!(output, "{text}")?;
                    ended = true;
                }
            }
        }
        if !ended && !self.appended.is_empty() {
            output.write_all(b"\n")?;
        }
        output.write_all(self.appended.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: &RowsEdit) -> String {
        let mut output = Vec::new();
        edit.copy(&mut text.as_bytes(), &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_row_changes_one_goes_and_one_comes_and_all_else_stays() {
        let edit = RowsEdit {
            lines: BTreeMap::from([(2, Some("B".to_owned())), (4, None)]),
            appended: "e\n".to_owned(),
        };
        assert_eq!(edited("a \r\nb\n\nd\nc", &edit), "a \r\nB\n\nc\ne\n");
    }

    #[test]
    fn without_a_change_every_byte_stays() {
        for text in ["", "a", "a\n", "\r\n\r\n"] {
            assert_eq!(edited(text, &RowsEdit::default()), text);
        }
    }

    #[test]
    fn a_file_without_a_last_line_break_gets_one_before_rows_come_in() {
        let edit = RowsEdit {
            appended: "b\n".to_owned(),
            ..RowsEdit::default()
        };
        assert_eq!(edited("a", &edit), "a\nb\n");
        assert_eq!(edited("", &edit), "b\n");
    }
}
