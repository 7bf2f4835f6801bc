//! One layout for YAML files: indentation, the order of keys, blank lines, texts of several lines as
//! blocks. The text is moved, never written anew, so that comments and spellings stay; and what comes
//! out is read again and must say the same, or the file stays as it is.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use crate::domain::finding::Findings;

use super::super::document::Source;
use super::super::yaml::parse_yaml;
use super::{block_header, is_block};

/// How far each level is indented.
const INDENT: usize = 2;

/// The order of the keys at the top of a file. Others stand between the two groups, as they are.
#[derive(Debug, Clone, Copy)]
pub struct KeyOrder {
    /// The keys that come first.
    pub first: &'static [&'static str],
    /// The keys that come last.
    pub last: &'static [&'static str],
}

/// The order of a prompt's keys.
pub const PROMPT_KEYS: KeyOrder = KeyOrder {
    first: &[
        "name",
        "description",
        "model",
        "modelParameters",
        "variables",
        "messages",
        "responseFormat",
        "jsonSchema",
        "tools",
        "evals",
        "testData",
        "evaluators",
    ],
    last: &[],
};

/// The order of an evaluator's keys.
pub const EVALUATOR_KEYS: KeyOrder = KeyOrder {
    first: &["description", "kind"],
    last: &["blocking", "examples"],
};

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formatted {
    /// It has the layout already.
    Same,
    /// This text has it.
    Changed(String),
    /// It could not be shown that another layout says the same. The file is left alone.
    Kept,
}

/// Gives the text of `source` our layout. What is no YAML is reported.
pub fn format_yaml(source: &Source, order: KeyOrder) -> Result<Formatted, Findings> {
    let meaning = parse_yaml(source)?.to_json();
    let said = |text: &str| parse_yaml(&Source::new("", text)).map(|node| node.to_json());
    let unfolded = unfold(&source.text);
    let Some(text) = lay_out(&unfolded, order) else {
        return Ok(Formatted::Kept);
    };
    let is_proven = said(&text).is_ok_and(|said| said == meaning)
        && remarks(&text) == remarks(&unfolded)
        && lay_out(&text, order).as_ref() == Some(&text);
    Ok(match (is_proven, text == source.text) {
        (false, _) => Formatted::Kept,
        (true, true) => Formatted::Same,
        (true, false) => Formatted::Changed(text),
    })
}

/// Every line that may hold a comment, without what a layout changes.
fn remarks(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains('#'));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut remarks: Vec<String> = lines.map(words).collect();
    remarks.sort();
    remarks
}

/// Writes quoted texts of several lines as blocks, each where it stands.
fn unfold(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut flow = 0;
    let events = events(text);
    for (index, (event, span)) in events.iter().enumerate() {
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..)
                if flow > 0 || is_flow(text, &events, index) =>
            {
                flow += 1;
            }
            Event::MappingEnd | Event::SequenceEnd if flow > 0 => flow -= 1,
            Event::Scalar(said, ScalarStyle::DoubleQuoted, ..) if flow == 0 && is_block(said) => {
                let (line, from) = (span.start.line() - 1, span.start.col());
                let whole = &lines[line];
                let after: String = whole.chars().skip(span.end.col()).collect();
                if span.end.line() != span.start.line() || !after.trim().is_empty() {
                    continue;
                }
                let before: String = whole.chars().take(from).collect();
                let mut block = format!("{before}{}", block_header(said));
                for part in said.trim_end_matches('\n').split('\n') {
                    block.push('\n');
                    if !part.is_empty() {
                        block.push_str(&" ".repeat(from));
                        block.push_str(part);
                    }
                }
                let more = said.len() - said.trim_end_matches('\n').len();
                block.push_str(&"\n".repeat(more.saturating_sub(1)));
                lines[line] = block;
            }
            _ => {}
        }
    }
    lines.join("\n") + "\n"
}

fn events(text: &str) -> Vec<(Event<'_>, ParserSpan)> {
    let mut parser = Parser::new_from_str(text);
    std::iter::from_fn(|| parser.next_event()?.ok()).collect()
}

/// Whether a collection is written in brackets. A list whose dashes are not indented is said to begin where
/// its first item does.
fn is_flow(text: &str, events: &[(Event<'_>, ParserSpan)], index: usize) -> bool {
    let (_, span) = &events[index];
    let within = events.get(index + 1);
    let begins_below = within.is_some_and(|(event, inner)| {
        let starts = matches!(event, Event::MappingStart(..) | Event::SequenceStart(..));
        starts && inner.start.index() == span.start.index()
    });
    if begins_below {
        return false;
    }
    let line = text.lines().nth(span.start.line().saturating_sub(1));
    let first = line.and_then(|line| line.chars().nth(span.start.col()));
    matches!(first, Some('[' | '{'))
}

/// The lines, from 0, that go on with what an earlier line began, and are no block: in brackets, and
/// texts over several lines.
fn continued(text: &str) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    let mut open: Vec<Option<usize>> = Vec::new();
    let events = events(text);
    for (index, (event, span)) in events.iter().enumerate() {
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                open.push(is_flow(text, &events, index).then(|| span.start.line()));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(Some(start)) = open.pop() {
                    lines.extend(start..span.end.line());
                }
            }
            Event::Scalar(_, style, ..)
                if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) =>
            {
                lines.extend(span.start.line()..span.end.line());
            }
            _ => {}
        }
    }
    lines
}

/// A line in its new place.
struct Line {
    indent: usize,
    text: String,
    what: What,
}

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// It begins an entry of the whole file.
    Entry,
    /// It belongs to a text over several lines, in which blank lines count.
    Text,
    /// Anything else.
    Other,
}

impl Line {
    fn new(what: What, indent: usize, text: &str) -> Self {
        Self {
            indent,
            text: text.to_owned(),
            what,
        }
    }

    /// Whether it only sets others apart.
    fn is_blank(&self) -> bool {
        self.text.is_empty() && self.what == What::Other
    }
}

/// A level of blocks: the column where it stood, the one where it stands now, and whether it is a list.
#[derive(Clone, Copy)]
struct Level {
    old: usize,
    new: usize,
    is_list: bool,
}

/// The text in our layout; `None` where a line cannot be placed.
fn lay_out(text: &str, order: KeyOrder) -> Option<String> {
    let continued = continued(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut placer = Placer::default();
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index].trim_end();
        let body = line.trim_start();
        if continued.contains(&index) {
            placer.go_on(line);
        } else if body.is_empty() {
            placer.placed.push(Line::new(What::Other, 0, ""));
        } else if body.starts_with('#') {
            placer.remarks.push(placer.placed.len());
            placer.placed.push(Line::new(What::Other, 0, body));
        } else if body == "---" || line.trim_start_matches(' ') != body {
            return None;
        } else {
            let opens_block = placer.begin(line)?;
            if opens_block {
                let count = block_length(&lines[index + 1..], placer.old_column());
                placer.block(&lines[index + 1..=index + count])?;
                index += count;
            }
        }
        index += 1;
    }
    Some(in_order(placer.placed, order))
}

/// How many lines belong to a block below a level at `column`: blank ones and deeper ones.
fn block_length(lines: &[&str], column: Option<usize>) -> usize {
    let deeper = |line: &&&str| {
        let indent = indent_of(line);
        line.trim().is_empty() || column.is_none_or(|column| indent > column)
    };
    let count = lines.iter().take_while(deeper).count();
    // Blank lines at the end separate what follows.
    let blank = lines[..count].iter().rev();
    count - blank.take_while(|line| line.trim().is_empty()).count()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[derive(Default)]
struct Placer {
    levels: Vec<Level>,
    placed: Vec<Line>,
    /// Comments that wait for the line that they stand above.
    remarks: Vec<usize>,
    /// How far the last line that began something moved.
    moved: (usize, usize),
}

impl Placer {
    /// The column, as it was, of the innermost level.
    fn old_column(&self) -> Option<usize> {
        self.levels.last().map(|level| level.old)
    }

    /// A line that begins an entry or an item; whether it opens a block.
    fn begin(&mut self, line: &str) -> Option<bool> {
        let old = indent_of(line);
        let mut rest = line.trim_start();
        let mut column = old;
        let mut text = String::new();
        let mut indent = None;
        while let Some(item) = item(rest) {
            let new = self.enter(column, true)?;
            indent = indent.or(Some(new));
            let body = item.trim_start();
            column += rest.len() - body.len();
            text.push_str(if body.is_empty() { "-" } else { "- " });
            rest = body;
        }
        let is_entry = is_key(rest);
        if is_entry {
            let new = self.enter(column, false)?;
            indent = indent.or(Some(new));
        }
        text.push_str(rest);
        let indent = indent?;
        self.moved = (old, indent);
        for remark in self.remarks.drain(..) {
            self.placed[remark].indent = indent;
        }
        let is_top = is_entry && self.levels.len() == 1;
        let what = if is_top { What::Entry } else { What::Other };
        self.placed.push(Line { indent, text, what });
        Some(opens_block(rest))
    }

    /// The new column of a level at an old one. Levels that are deeper end.
    fn enter(&mut self, old: usize, is_list: bool) -> Option<usize> {
        while let Some(level) = self.levels.last() {
            let ends = level.old > old || (level.old == old && level.is_list && !is_list);
            if !ends {
                break;
            }
            self.levels.pop();
        }
        if let Some(level) = self.levels.last()
            && level.old == old
            && level.is_list == is_list
        {
            return Some(level.new);
        }
        let new = match self.levels.last() {
            None if old == 0 => 0,
            None => return None,
            Some(above) => above.new + INDENT,
        };
        self.levels.push(Level { old, new, is_list });
        Some(new)
    }

    /// A line that goes on with what the last one began.
    fn go_on(&mut self, line: &str) {
        let (old, new) = self.moved;
        let indent = (indent_of(line) + new).saturating_sub(old);
        let line = Line::new(What::Text, indent, line.trim_start());
        self.placed.push(line);
    }

    /// The lines of a block, which keep what they are indented by beside each other.
    fn block(&mut self, lines: &[&str]) -> Option<()> {
        let first = lines.iter().find(|line| !line.trim().is_empty());
        let old = first.map_or(0, |line| indent_of(line));
        let new = self.levels.last()?.new + INDENT;
        for line in lines {
            let is_blank = line.len() <= old && line.trim().is_empty();
            let text = if is_blank { "" } else { line.get(old..)? };
            self.placed.push(Line::new(What::Text, new, text));
        }
        Some(())
    }
}

/// What follows the dash of an item.
fn item(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('-')?;
    (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
}

/// Whether a line begins with a key of a block.
fn is_key(text: &str) -> bool {
    if text.starts_with(['[', '{']) {
        return false;
    }
    let after = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split_once(quote).map(|(_, rest)| rest),
        _ => text.find(':').map(|at| &text[at..]),
    };
    after.is_some_and(|after| after == ":" || after.starts_with(": "))
}

/// Whether a line ends with what opens a block. One that says how far it is indented is left alone by
/// the proof at the end.
fn opens_block(text: &str) -> bool {
    let said = text.split(" #").next().unwrap_or_default().trim_end();
    let last = said.rsplit(' ').next().unwrap_or_default();
    let is_header = matches!(last, "|" | ">" | "|-" | ">-" | "|+" | ">+");
    is_header && (last == said || said.ends_with(&format!(": {last}")))
}

/// The entries of the file in their order, with what stands above each. The comment at the very top
/// stays there.
fn in_order(lines: Vec<Line>, order: KeyOrder) -> String {
    let top = lines
        .iter()
        .take_while(|line| line.text.starts_with('#'))
        .count();
    let mut lines = lines.into_iter();
    let mut text = String::new();
    for line in lines.by_ref().take(top) {
        write_line(&mut text, &line);
    }
    // The blank line that sets the comment at the top apart stays below it.
    if top > 0 && lines.as_slice().first().is_some_and(Line::is_blank) {
        lines.next();
        text.push('\n');
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut waiting: Vec<Line> = Vec::new();
    for line in lines {
        if line.what == What::Entry {
            let key = line.text.split(':').next().unwrap_or_default();
            let key = key.trim_matches(['"', '\'']).to_owned();
            let mut above = std::mem::take(&mut waiting);
            above.push(line);
            entries.push(Entry { key, lines: above });
        } else if (line.indent == 0 && line.what == What::Other) || entries.is_empty() {
            waiting.push(line);
        } else if let Some(entry) = entries.last_mut() {
            entry.lines.append(&mut waiting);
            entry.lines.push(line);
        }
    }
    entries.sort_by_key(|entry| order.place(&entry.key));
    let all = entries
        .into_iter()
        .flat_map(|entry| entry.lines)
        .chain(waiting);
    let mut blank = text.is_empty() || text.ends_with("\n\n");
    for line in all {
        let is_blank = line.is_blank();
        if !(is_blank && blank) {
            write_line(&mut text, &line);
        }
        blank = is_blank;
    }
    text.trim_end_matches('\n').to_owned() + "\n"
}

/// An entry of the file: its key, and its lines with those above it.
struct Entry {
    key: String,
    lines: Vec<Line>,
}

fn write_line(text: &mut String, line: &Line) {
    if !line.text.is_empty() {
        text.push_str(&" ".repeat(line.indent));
        text.push_str(&line.text);
    }
    text.push('\n');
}

impl KeyOrder {
    fn place(self, key: &str) -> usize {
        let at = |keys: &[&str]| keys.iter().position(|known| *known == key);
        let last = at(self.last).map(|place| self.first.len() + 1 + place);
        at(self.first).or(last).unwrap_or(self.first.len())
    }
}

#[cfg(test)]
mod tests;
