//! What pages are made of. Every text goes through [`Untrusted`] when it comes in, and is escaped when it
//! is printed.

use serde::Serialize;

use crate::domain::untrusted::{Untrusted, UntrustedBlock, shorten};
use crate::engine::diff::{LineKind, TextDifference};

use super::drawings::{Charts, Step};
use super::form::Field;

/// The longest text of a cell, in characters.
const LONGEST_CELL: usize = 2_000;

/// The longest text of a block, in characters: a browser must be able to open the page.
pub const LONGEST_TEXT: usize = 20_000;

/// A page.
#[derive(Debug, Serialize)]
pub struct Page {
    title: String,
    badge: Option<Cell>,
    trail: Vec<Cell>,
    lead: Vec<Cell>,
    blocks: Vec<Block>,
}

impl Page {
    /// A page with a title and nothing below it.
    pub fn new(title: &str) -> Self {
        Self {
            title: Cell::new(title).text,
            badge: None,
            trail: Vec::new(),
            lead: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Says in a word or two, beside the title, how it is.
    #[must_use]
    pub fn badge(mut self, badge: Cell) -> Self {
        self.badge = Some(badge);
        self
    }

    /// The pages above it, the topmost first.
    #[must_use]
    pub fn below(mut self, trail: impl IntoIterator<Item = Cell>) -> Self {
        self.trail.extend(trail);
        self
    }

    /// What stands under the title.
    #[must_use]
    pub fn lead(mut self, lead: impl IntoIterator<Item = Cell>) -> Self {
        self.lead.extend(lead);
        self
    }

    /// Adds a block.
    pub fn add(&mut self, block: impl Into<Block>) {
        self.blocks.push(block.into());
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: &str) {
        let text = Cell::new(text).text;
        self.add(Block::Heading { text });
    }

    /// Adds a paragraph that may be passed over.
    pub fn note(&mut self, text: &str) {
        self.notes(vec![Cell::new(text)]);
    }

    /// Adds a paragraph that may be passed over, of several pieces.
    pub fn notes(&mut self, cells: Vec<Cell>) {
        self.add(Block::Note {
            class: Tone::Soft.class(),
            cells,
        });
    }
}

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As it says.
    #[default]
    Plain,
    /// Beside the point.
    Soft,
    /// Well.
    Good,
    /// Not well.
    Bad,
    /// To be looked at.
    Warn,
    /// Names, commands and ids.
    Code,
    /// A command on a line of its own.
    Line,
    /// Not to be broken into lines.
    Short,
}

impl Tone {
    /// The class of the style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Soft => "soft",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Code => "mono",
            Self::Line => "mono line",
            Self::Short => "short",
        }
    }
}

/// A piece of text, which may lead on.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cell {
    text: String,
    class: String,
    href: Option<String>,
    /// How much of a bar is filled, in hundredths.
    bar: Option<String>,
}

impl Cell {
    /// A text, whoever wrote it.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: Untrusted(&shorten(text.as_ref(), LONGEST_CELL)).to_string(),
            ..Self::default()
        }
    }

    /// A link.
    pub fn link(text: impl AsRef<str>, href: String) -> Self {
        Self {
            href: Some(href),
            ..Self::new(text)
        }
    }

    /// A word in a frame.
    pub fn badge(text: impl AsRef<str>, tone: Tone) -> Self {
        Self {
            class: format!("badge {}", tone.class()).trim_end().to_owned(),
            ..Self::new(text)
        }
    }

    /// A share as a bar, from 0 to 1.
    pub fn bar(share: f64) -> Self {
        Self {
            bar: Some(format!("{:.1}", share.clamp(0.0, 1.0) * 100.0)),
            ..Self::default()
        }
    }

    /// Says how the text is meant.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        tone.class().clone_into(&mut self.class);
        self
    }

    /// A text that stands beside others.
    pub fn soft(text: impl AsRef<str>) -> Self {
        Self::new(text).toned(Tone::Soft)
    }

    /// A name, a command or an id.
    pub fn code(text: impl AsRef<str>) -> Self {
        Self::new(text).toned(Tone::Code)
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A part of a page.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// The title of what follows.
    Heading {
        /// The title.
        text: String,
    },
    /// A paragraph.
    Note {
        /// How it is meant.
        class: &'static str,
        /// What it says.
        cells: Vec<Cell>,
    },
    /// Names with what each of them is.
    Facts {
        /// The names.
        facts: Vec<Fact>,
    },
    /// A list.
    List {
        /// Whether its items are numbered.
        numbered: bool,
        /// What it holds.
        items: Vec<Vec<Cell>>,
    },
    /// A table.
    Table {
        /// What it is of, for who cannot see it.
        caption: String,
        /// The titles of its columns.
        heads: Vec<Head>,
        /// Its rows; the first cell is what the row is about.
        rows: Vec<Vec<Vec<Cell>>>,
    },
    /// A text of several lines, as it is.
    Text {
        /// The text.
        text: String,
    },
    /// What somebody said.
    Said {
        /// Who.
        title: String,
        /// What.
        texts: Vec<String>,
    },
    /// How a text became another.
    Difference {
        /// The stretches of lines that differ.
        hunks: Vec<Vec<DifferenceLine>>,
    },
    /// A form that asks again.
    Form {
        /// Where.
        action: String,
        /// What can be said.
        fields: Vec<Field>,
        /// What is written on the button.
        button: &'static str,
    },
    /// Ways to the pages before and after.
    Pager {
        /// The ways.
        cells: Vec<Cell>,
    },
    /// Numbers over time.
    Charts(Charts),
    /// The steps of a trace.
    Steps {
        /// What it is of, for who cannot see it.
        caption: String,
        /// How long the whole of it took.
        whole: String,
        /// The steps.
        steps: Vec<Step>,
    },
    /// What came of cases.
    Cases {
        /// The cases.
        cases: Vec<super::run::CaseView>,
    },
}

/// A name with what it is.
#[derive(Debug, Serialize)]
pub struct Fact {
    name: &'static str,
    values: Vec<Vec<Cell>>,
}

/// Names with what each of them is, as they are gathered.
#[derive(Debug, Default)]
pub struct Facts(Vec<Fact>);

impl Facts {
    /// Adds one that is known.
    pub fn add(&mut self, name: &'static str, value: impl Into<Cell>) {
        self.line(name, vec![value.into()]);
    }

    /// Adds one of several pieces.
    pub fn line(&mut self, name: &'static str, cells: Vec<Cell>) {
        self.lines(name, vec![cells]);
    }

    /// Adds one with several values; nothing where there is none.
    pub fn lines(&mut self, name: &'static str, values: Vec<Vec<Cell>>) {
        if !values.is_empty() {
            self.0.push(Fact { name, values });
        }
    }

    /// Adds one where it is known.
    pub fn known(&mut self, name: &'static str, value: Option<impl Into<Cell>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

impl From<Facts> for Block {
    fn from(Facts(facts): Facts) -> Self {
        Self::Facts { facts }
    }
}

/// The title of a column.
#[derive(Debug, Serialize)]
pub struct Head {
    title: String,
    class: &'static str,
}

/// A table under construction.
#[derive(Debug)]
pub struct Table {
    caption: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Vec<Cell>>>,
}

impl Table {
    /// A table with these columns. A title with `#` before it is one of figures, one with `-` before it is
    /// not broken into lines.
    pub fn new<S: AsRef<str>>(caption: &str, titles: &[S]) -> Self {
        let head = |title: &S| {
            let title = title.as_ref();
            let (class, title) = match (title.strip_prefix('#'), title.strip_prefix('-')) {
                (Some(title), _) => ("figure", title),
                (_, Some(title)) => (Tone::Short.class(), title),
                _ => ("", title),
            };
            Head {
                title: Cell::new(title).text,
                class,
            }
        };
        Self {
            caption: Cell::new(caption).text,
            heads: titles.iter().map(head).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of one piece for each column.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.pieces(cells.into_iter().map(|cell| vec![cell.into()]));
    }

    /// Adds a row of several pieces for each column. What is empty is left out.
    pub fn pieces(&mut self, cells: impl IntoIterator<Item = Vec<Cell>>) {
        let is_seen = |cell: &Cell| !cell.text.is_empty() || cell.bar.is_some();
        let mut row: Vec<Vec<Cell>> = cells.into_iter().collect();
        for cells in &mut row {
            cells.retain(is_seen);
        }
        row.truncate(self.heads.len());
        self.rows.push(row);
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table {
            caption: table.caption,
            heads: table.heads,
            rows: table.rows,
        }
    }
}

/// A line of a difference.
#[derive(Debug, Serialize)]
pub struct DifferenceLine {
    class: &'static str,
    mark: &'static str,
    pieces: Vec<Piece>,
}

/// A piece of a line.
#[derive(Debug, Serialize)]
struct Piece {
    text: String,
    changed: bool,
}

impl From<&TextDifference> for Block {
    fn from(difference: &TextDifference) -> Self {
        let line = |line: &crate::engine::diff::Line| {
            let (class, mark) = match line.kind {
                LineKind::Context => ("", " "),
                LineKind::Added => ("added", "+"),
                LineKind::Removed => ("removed", "-"),
            };
            let pieces = line.pieces.iter();
            DifferenceLine {
                class,
                mark,
                pieces: pieces
                    .map(|(text, changed)| Piece {
                        text: Untrusted(&shorten(text, LONGEST_TEXT)).to_string(),
                        changed: *changed,
                    })
                    .collect(),
            }
        };
        let hunks = difference.hunks.iter();
        Self::Difference {
            hunks: hunks
                .map(|it| it.lines.iter().map(line).collect())
                .collect(),
        }
    }
}

impl Block {
    /// A text of several lines, whoever wrote it.
    pub fn text(text: &str) -> Self {
        Self::Text { text: block(text) }
    }

    /// What somebody said.
    pub fn said(title: &str, texts: &[String]) -> Self {
        Self::Said {
            title: Cell::new(title).text,
            texts: texts.iter().map(|it| block(it)).collect(),
        }
    }

    /// A list of items of one piece.
    pub fn list<C: Into<Cell>>(items: impl IntoIterator<Item = C>) -> Self {
        Self::List {
            numbered: false,
            items: items.into_iter().map(|it| vec![it.into()]).collect(),
        }
    }

    /// Ways to the pages before and after.
    pub fn pager(before: Option<(&str, String)>, after: Option<(&str, String)>) -> Self {
        let ways = before.into_iter().chain(after);
        Self::Pager {
            cells: ways.map(|(text, href)| Cell::link(text, href)).collect(),
        }
    }
}

/// A text of several lines that is safe to show.
pub(super) fn block(text: &str) -> String {
    UntrustedBlock(&shorten(text, LONGEST_TEXT)).to_string()
}
