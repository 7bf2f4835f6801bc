//! A text of Markdown as blocks, as far as our own documents use it: headings, paragraphs, lists, tables
//! and code. Anything else stays as it is written, and nothing of it is markup.

use super::blocks::{Block, Cell, Page, Table};

/// Adds a document to a page. A title that the page has already is left out.
pub(super) fn document(text: &str, title: &str, page: &mut Page) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let starts = |mark: &'static str| move |next: &&str| next.trim_start().starts_with(mark);
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        if let Some(heading) = heading(line) {
            if heading != title {
                page.heading(heading);
            }
        } else if line.starts_with("```") {
            let mut code: Vec<&str> = Vec::new();
            for next in lines.by_ref().take_while(|next| !next.starts_with("```")) {
                code.push(next);
            }
            page.add(Block::text(&code.join("\n")));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(next) = lines.next_if(starts("|")) {
                rows.push(cells(next));
            }
            table(&rows, page);
        } else if let Some(item) = item(line) {
            let mut items = vec![item.to_owned()];
            while let Some(next) = lines.next_if(|next| item_or_more(next)) {
                match self::item(next) {
                    Some(item) => items.push(item.to_owned()),
                    None => {
                        if let Some(last) = items.last_mut() {
                            last.push(' ');
                            last.push_str(next.trim());
                        }
                    }
                }
            }
            page.add(Block::List {
                numbered: false,
                items: items.iter().map(|it| inline(it)).collect(),
            });
        } else {
            let mut paragraph = line.to_owned();
            while let Some(next) = lines.next_if(|next| is_plain(next)) {
                paragraph.push(' ');
                paragraph.push_str(next.trim());
            }
            page.add(Block::Note {
                class: "",
                cells: inline(&paragraph),
            });
        }
    }
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    (1..=6).contains(&level).then_some(())?;
    rest.strip_prefix(' ').map(str::trim)
}

fn item(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("- ")?;
    let ticked = rest
        .strip_prefix("[x] ")
        .or_else(|| rest.strip_prefix("[X] "));
    Some(ticked.or_else(|| rest.strip_prefix("[ ] ")).unwrap_or(rest))
}

/// Whether a line is an item, or goes on with the one before.
fn item_or_more(line: &str) -> bool {
    item(line).is_some() || line.starts_with("  ") && !line.trim().is_empty()
}

fn is_plain(line: &str) -> bool {
    let begins = ["|", "```"].iter().any(|mark| line.starts_with(mark));
    !line.trim().is_empty() && !begins && heading(line).is_none() && item(line).is_none()
}

/// The cells of a row. A bar in code, or after a backslash, divides nothing.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let (mut in_code, mut escaped) = (false, false);
    for character in line.chars() {
        match character {
            '|' if !in_code && !escaped => cells.push(String::new()),
            other => {
                in_code ^= other == '`';
                if let Some(cell) = cells.last_mut() {
                    cell.push(other);
                }
            }
        }
        escaped = character == '\\' && !escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn table(rows: &[Vec<String>], page: &mut Page) {
    let is_rule = |row: &Vec<String>| {
        let mut cells = row.iter();
        cells.all(|cell| !cell.is_empty() && cell.bytes().all(|byte| b":- ".contains(&byte)))
    };
    let [titles, rule, rest @ ..] = rows else {
        return page.add(Block::list(rows.iter().map(|row| row.join(" | "))));
    };
    if !is_rule(rule) {
        return page.add(Block::list(rows.iter().map(|row| row.join(" | "))));
    }
    let titles: Vec<String> = titles
        .iter()
        .zip(rule)
        .map(|(title, rule)| {
            let mark = if rule.ends_with(':') { "#" } else { "" };
            format!("{mark}{title}")
        })
        .collect();
    let mut table = Table::new("a table of the document", &titles);
    for row in rest {
        table.pieces(row.iter().map(|cell| inline(cell)));
    }
    page.add(table);
}

/// Text with code in it.
fn inline(text: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..]
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count();
        let (mark, after) = rest[start..].split_at(ticks);
        let Some(end) = after.find(mark) else {
            break;
        };
        cells.push(Cell::new(&rest[..start]));
        cells.push(Cell::code(&after[..end]));
        rest = &after[end + ticks..];
    }
    cells.push(Cell::new(rest));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::Setting;

    fn html(text: &str) -> String {
        let mut page = Page::new("Refunds");
        document(text, "Refunds", &mut page);
        page.render(Setting::Alone)
    }

    #[test]
    fn headings_lists_tables_and_code_are_shown_as_what_they_are() {
        let page = html(
            "# Refunds\n\n## Seen\n\n- one `a|b`\n  goes on\n- [ ] two\n\n| a | b |\n|---|--:|\n| `x|y` | 2 |\n\n\
             A text\nof two lines.\n\n```\n<b>\n```\n",
        );
        for part in [
            "<h2>Seen</h2>",
            "<li>one <span class=\"mono\">a|b</span> goes on</li>",
            "<li>two</li>",
            "<span class=\"mono\">x|y</span>",
            "data-title=\"b\">2</td>",
            "<p>A text of two lines.</p>",
            "&lt;b&gt;</pre>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("<h2>Refunds"), "{page}");
    }

    #[test]
    fn nothing_in_a_document_is_markup() {
        let page =
            html("<img src=x> [a](javascript:x)\n\n| <b> |\n| no rule |\n\n- `never closed\n#hash");
        for part in ["<img", "<b>", "href="] {
            assert!(!page.contains(part), "{part} in {page}");
        }
        assert!(
            page.contains("`never closed") && page.contains("#hash"),
            "{page}"
        );
    }
}
