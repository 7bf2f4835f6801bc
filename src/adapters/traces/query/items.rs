//! What is counted and measured, spans or traces, as far as a question wants to know them.

use std::collections::HashMap;
use std::sync::Arc;

use parquet::errors::ParquetError;

use crate::domain::trace::column::Column;
use crate::domain::trace::span::SpanStatus;

use super::batch::Rows;
use super::plan::Wanted;
use super::select::Selected;
use super::text_column::TextColumn;

/// Different texts by numbers; 0 stands for no text.
#[derive(Default)]
pub(super) struct Interner {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

/// Spans or traces, column by column. A number that is none stands for no number.
pub(super) struct Items {
    pub(super) count: usize,
    /// When each began, in nanoseconds.
    pub(super) times: Vec<i64>,
    /// Whether each ended with an error.
    pub(super) errors: Vec<bool>,
    /// For each key that is wanted, the text of each item.
    pub(super) keys: Vec<Vec<u32>>,
    /// For each column of texts that is wanted, the texts of each item.
    pub(super) texts: Vec<TextLists>,
    /// For each column of numbers that is wanted, the number of each item.
    pub(super) numbers: Vec<Vec<f64>>,
    pub(super) interner: Arc<Interner>,
}

/// The texts of each item, one after the other.
#[derive(Default)]
pub(super) struct TextLists {
    /// Where the texts of each item end.
    pub(super) ends: Vec<u32>,
    pub(super) texts: Vec<u32>,
}

impl Interner {
    /// The number of a text.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        self.texts.get(index).map(AsRef::as_ref)
    }

    /// The number here of each number of another one, as far as its texts are here.
    pub(super) fn numbers_of(&self, other: &Self) -> Vec<Option<u32>> {
        let texts = other.texts.iter();
        let numbers = texts.map(|text| self.numbers.get(text).copied());
        std::iter::once(Some(0)).chain(numbers).collect()
    }

    /// The number here of each number of another one, whose texts are added.
    pub(super) fn renumber(&mut self, other: &Self) -> Vec<u32> {
        let numbers = other.texts.iter().map(|text| self.intern(text));
        std::iter::once(0).chain(numbers).collect()
    }
}

impl TextLists {
    /// Adds the texts of one more item.
    pub(super) fn push(&mut self, texts: impl IntoIterator<Item = u32>) {
        self.texts.extend(texts);
        let end = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
    }

    /// The texts of each item.
    pub(super) fn each(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let texts = &self.texts[start..*end as usize];
            start = *end as usize;
            texts
        })
    }
}

impl Items {
    /// The rows that are meant, as items.
    pub(super) fn of(
        rows: &Rows<'_>,
        selected: &Selected,
        wanted: &Wanted,
    ) -> Result<Self, ParquetError> {
        let mut interner = Interner::default();
        let mut items = Self {
            count: selected.count(),
            times: Vec::new(),
            errors: Vec::new(),
            keys: Vec::new(),
            texts: Vec::new(),
            numbers: Vec::new(),
            interner: Arc::default(),
        };
        if wanted.times {
            let times = rows.times()?;
            items.times = selected.rows().map(|row| times[row]).collect();
        }
        if wanted.errors {
            let statuses = rows.texts(&Column::Status)?.texts();
            let failed = statuses.finder(SpanStatus::Error.name());
            items.errors = selected.rows().map(|row| failed.is_at(row)).collect();
        }
        for column in &wanted.keys {
            let column = rows.texts(column)?;
            let key: Vec<u32> = if column.has_many() && !wanted.once_a_label {
                let joined = selected.rows().map(|row| column.joined(row));
                joined
                    .map(|text| text.map_or(0, |text| interner.intern(&text)))
                    .collect()
            } else {
                let mut numbers = Numbered::new(&column, &mut interner);
                selected.rows().map(|row| numbers.first(row)).collect()
            };
            items.keys.push(key);
        }
        let labels = wanted
            .label_key()
            .map(|_| text_lists(rows, selected, &Column::Tag, &mut interner));
        let labels = labels.transpose()?;
        for column in &wanted.texts {
            items
                .texts
                .push(text_lists(rows, selected, column, &mut interner)?);
        }
        for column in &wanted.numbers {
            let numbers = rows.numbers(column)?;
            items.numbers.push(match selected {
                Selected::All(_) => numbers,
                Selected::Some(_) => selected.rows().map(|row| numbers[row]).collect(),
            });
        }
        items.interner = Arc::new(interner);
        Ok(match labels {
            Some(labels) => items.once_a_label(&labels, wanted),
            None => items,
        })
    }

    /// Each item once for each of its labels, and once where it has none.
    pub(super) fn once_a_label(self, labels: &TextLists, wanted: &Wanted) -> Self {
        let (mut origins, mut keys) = (Vec::new(), Vec::new());
        for (origin, labels) in labels.each().enumerate() {
            keys.extend_from_slice(if labels.is_empty() { &[0] } else { labels });
            origins.resize(keys.len(), origin);
        }
        let lists = self.texts.iter().map(|lists| {
            let all: Vec<&[u32]> = lists.each().collect();
            let mut repeated = TextLists::default();
            for origin in &origins {
                repeated.push(all[*origin].iter().copied());
            }
            repeated
        });
        let columns = wanted.keys.iter().zip(&self.keys);
        Self {
            count: origins.len(),
            times: repeated(&self.times, &origins),
            errors: repeated(&self.errors, &origins),
            keys: columns
                .map(|(column, key)| match column {
                    Column::Tag => keys.clone(),
                    _ => repeated(key, &origins),
                })
                .collect(),
            texts: lists.collect(),
            numbers: self
                .numbers
                .iter()
                .map(|it| repeated(it, &origins))
                .collect(),
            interner: self.interner,
        }
    }
}

/// What stands at each of the places, if anything is wanted at all.
fn repeated<T: Copy>(values: &[T], places: &[usize]) -> Vec<T> {
    if values.is_empty() {
        return Vec::new();
    }
    places.iter().map(|place| values[*place]).collect()
}

/// The texts of a column in the rows that are meant.
pub(super) fn text_lists(
    rows: &Rows<'_>,
    selected: &Selected,
    column: &Column,
    interner: &mut Interner,
) -> Result<TextLists, ParquetError> {
    let column = rows.texts(column)?;
    let mut numbers = Numbered::new(&column, interner);
    let mut lists = TextLists::default();
    for row in selected.rows() {
        lists.push(column.places(row).map(|place| numbers.at(place)));
    }
    Ok(lists)
}

/// Numbers for the texts of a column: each different text is looked up once, where texts have codes.
struct Numbered<'c, 'a, 'i> {
    column: &'c TextColumn<'a>,
    interner: &'i mut Interner,
    known: Vec<u32>,
}

impl<'c, 'a, 'i> Numbered<'c, 'a, 'i> {
    fn new(column: &'c TextColumn<'a>, interner: &'i mut Interner) -> Self {
        Self {
            column,
            interner,
            known: vec![0; column.texts().codes().unwrap_or(0)],
        }
    }

    /// The number of a row's first text.
    fn first(&mut self, row: usize) -> u32 {
        let first = self.column.places(row).next();
        first.map_or(0, |place| self.at(place))
    }

    /// The number of the text at a place.
    fn at(&mut self, place: usize) -> u32 {
        let texts = self.column.texts();
        let code = texts.code(place);
        if let Some(known) = code.and_then(|code| self.known.get(code))
            && *known != 0
        {
            return *known;
        }
        let number = texts
            .get(place)
            .map_or(0, |text| self.interner.intern(text));
        if let Some(known) = code.and_then(|code| self.known.get_mut(code)) {
            *known = number;
        }
        number
    }
}
