//! Questions made up for tests.

use jiff::{SignedDuration, Timestamp};
use pointsman::domain::trace::column::{Column, ColumnKind};
use pointsman::domain::trace::filter::{Comparison, Filter, TextTest, TimeRange};
use pointsman::domain::trace::query::{Level, Measure, Top, TraceQuery};
use pointsman::engine::ports::traces::{MeasureRequest, SpanOrder, SpanRequest};

use super::generated::{Dice, START};

/// Makes up questions.
pub(crate) struct Questions(pub(crate) Dice);

impl Questions {
    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.below(choices.len())].clone()
    }

    fn some<T>(&mut self, most: usize, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        let count = self.0.below(most + 1);
        (0..count).map(|_| one(self)).collect()
    }

    /// A question with numbers for an answer.
    pub(crate) fn query(&mut self) -> TraceQuery {
        let mut group_by = self.some(2, Self::text_column);
        group_by.dedup();
        let mut measures = self.some(4, Self::measure);
        measures.push(Measure::Count);
        let top = (self.0.below(4) == 0).then(|| Top {
            measure: self.0.below(measures.len()),
            limit: 1 + self.0.below(5),
        });
        let bucket = ["", "1h", "15m", "1d", "7s"][self.0.below(5)].parse().ok();
        TraceQuery {
            level: self.level(),
            range: self.range(),
            filter: self.filter(2),
            group_by,
            bucket,
            measures,
            top,
        }
    }

    /// A request for each span or trace.
    pub(crate) fn measure_request(&mut self) -> MeasureRequest {
        MeasureRequest {
            level: self.level(),
            range: self.range(),
            filter: self.filter(2),
            keys: self.some(2, Self::text_column),
            values: self.some(3, Self::number_column),
        }
    }

    /// A request for spans.
    pub(crate) fn span_request(&mut self) -> SpanRequest {
        let column = match self.0.below(3) {
            0 => Column::Time,
            1 => self.number_column(),
            _ => self.text_column(),
        };
        SpanRequest {
            range: self.range(),
            filter: self.filter(2),
            content: false,
            order: match self.0.below(2) {
                0 => SpanOrder::Ascending(column),
                _ => SpanOrder::Descending(column),
            },
            limit: self.pick(&[None, Some(1), Some(7), Some(100)]),
        }
    }

    fn level(&mut self) -> Level {
        self.pick(&[Level::Span, Level::Trace])
    }

    fn range(&mut self) -> TimeRange {
        let minutes = |from: i64, until: i64| {
            let start = Timestamp::from_second(START).expect("it is near");
            let at = |minute| start + SignedDuration::from_mins(minute);
            TimeRange {
                from: at(from),
                until: at(until),
            }
        };
        self.pick(&[
            TimeRange::ALWAYS,
            TimeRange::ALWAYS,
            minutes(0, 60),
            minutes(100, 140),
            minutes(30, 30),
            minutes(120, 10_000),
        ])
    }

    fn text_column(&mut self) -> Column {
        let texts = Column::plain().filter(|it| matches!(it.kind(), ColumnKind::Text));
        let mut columns: Vec<Column> = texts.collect();
        columns.extend(["http.method", "customer", "Größe", "absent"].map(attribute));
        // Labels are the most difficult ones.
        columns.extend([Column::Tag, Column::Tag, Column::Tag]);
        self.pick(&columns)
    }

    fn number_column(&mut self) -> Column {
        let numbers = Column::plain();
        let numbers =
            numbers.filter(|it| !matches!(it.kind(), ColumnKind::Text | ColumnKind::Time));
        let mut columns: Vec<Column> = numbers.collect();
        columns.extend(["tone", "queue-matches", "absent"].map(|it| Column::Score(it.to_owned())));
        self.pick(&columns)
    }

    fn column(&mut self) -> Column {
        match self.0.below(9) {
            0 => Column::Time,
            1..=4 => self.number_column(),
            _ => self.text_column(),
        }
    }

    fn measure(&mut self) -> Measure {
        let share = self.pick(&[0.01, 0.5, 0.95, 0.99, 1.0]);
        match self.0.below(7) {
            0 => Measure::ErrorRate,
            1 => Measure::Known(self.column()),
            2 => Measure::Distinct(self.column()),
            3 => Measure::Sum(self.column()),
            4 => Measure::Mean(self.column()),
            _ => Measure::Quantile(self.column(), share),
        }
    }

    fn filter(&mut self, depth: usize) -> Filter {
        match self.0.below(if depth == 0 { 4 } else { 8 }) {
            0 => Filter::Everything,
            1 => Filter::Present(self.column()),
            2 => Filter::Text(self.text_column(), self.text_test()),
            3 => {
                let comparisons = [
                    Comparison::Equal,
                    Comparison::Less,
                    Comparison::AtMost,
                    Comparison::Greater,
                    Comparison::AtLeast,
                ];
                let other = self.pick(&[0.0, 0.5, 100.0, 500_000_000.0, 0.000_5]);
                Filter::Number(self.number_column(), self.pick(&comparisons), other)
            }
            4 | 5 => Filter::All(self.some(2, |it| it.filter(depth - 1))),
            6 => Filter::Any(self.some(3, |it| it.filter(depth - 1))),
            _ => Filter::Not(Box::new(self.filter(depth - 1))),
        }
    }

    fn text_test(&mut self) -> TextTest {
        let words = [
            "production",
            "GET",
            "gold",
            "openai",
            "chat",
            "ü",
            "error",
            "",
            "z",
            "0",
        ];
        let word = self.pick(&words).to_owned();
        match self.0.below(4) {
            0 => TextTest::StartsWith(word),
            1 => TextTest::Contains(word.to_uppercase()),
            _ => TextTest::OneOf(vec![word, self.pick(&words).to_owned()]),
        }
    }
}

fn attribute(name: &str) -> Column {
    Column::Attribute(name.to_owned())
}
