//! Whether a filter holds for a span: the meaning that every store follows.

use super::column::{Column, ColumnKind};
use super::filter::{Filter, TextTest};
use super::span::Span;

/// The mean score of a span in a column of scores; `None` where it has none.
pub type ScoreOf<'s> = &'s dyn Fn(&Column) -> Option<f64>;

impl Filter {
    /// Whether it holds for a span with these scores.
    pub fn holds(&self, span: &Span, score: ScoreOf<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::All(all) => all.iter().all(|one| one.holds(span, score)),
            Self::Any(any) => any.iter().any(|one| one.holds(span, score)),
            Self::Not(inner) => !inner.holds(span, score),
            Self::Present(column) => is_present(column, span, score),
            Self::Text(column, test) => texts(column, span).any(|text| test.holds(text)),
            Self::Number(column, comparison, other) => {
                let value = number(column, span, score);
                value.is_some_and(|value| comparison.holds(value, *other))
            }
        }
    }
}

impl TextTest {
    /// Whether it holds for a text.
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::OneOf(values) => values.iter().any(|value| value == text),
            Self::StartsWith(start) => text.starts_with(start.as_str()),
            Self::Contains(part) => text.to_lowercase().contains(&part.to_lowercase()),
        }
    }
}

fn is_present(column: &Column, span: &Span, score: ScoreOf<'_>) -> bool {
    match column.kind() {
        ColumnKind::Time => true,
        ColumnKind::Text => texts(column, span).next().is_some(),
        ColumnKind::Number | ColumnKind::Money | ColumnKind::Duration => {
            number(column, span, score).is_some()
        }
    }
}

/// The texts in a column: one at most, but for labels.
fn texts<'s>(column: &Column, span: &'s Span) -> impl Iterator<Item = &'s str> {
    let labels = match column {
        Column::Tag => span.origin.tags.as_slice(),
        _ => &[],
    };
    let labels = labels.iter().map(String::as_str);
    labels.chain(span.text(column))
}

fn number(column: &Column, span: &Span, score: ScoreOf<'_>) -> Option<f64> {
    match column {
        Column::AnyScore | Column::Score(_) => score(column),
        _ => span.number(column),
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::Comparison;
    use super::*;

    fn span() -> Span {
        let mut span = Span {
            trace_id: "4bf92f".to_owned(),
            name: "chat GPT-4.1".to_owned(),
            duration_ns: 2_000_000_000,
            ..Span::default()
        };
        span.origin.tags = vec!["beta".to_owned(), "vip".to_owned()];
        span.call.cost_usd = Some(0.02);
        span.attributes
            .insert("http.method".to_owned(), "GET".to_owned());
        span
    }

    fn holds(filter: &Filter) -> bool {
        let score = |column: &Column| (*column == Column::AnyScore).then_some(0.5);
        filter.holds(&span(), &score)
    }

    #[test]
    fn texts_are_equal_begin_or_contain() {
        let name = |test| holds(&Filter::Text(Column::Name, test));
        assert!(name(TextTest::OneOf(vec![
            "x".to_owned(),
            "chat GPT-4.1".to_owned()
        ])));
        assert!(!name(TextTest::OneOf(vec!["chat gpt-4.1".to_owned()])));
        assert!(name(TextTest::StartsWith("chat".to_owned())));
        assert!(!name(TextTest::StartsWith("Chat".to_owned())));
        assert!(name(TextTest::Contains("gpt".to_owned())));
    }

    #[test]
    fn one_label_of_several_is_enough() {
        assert!(holds(&Filter::is(Column::Tag, "vip")));
        assert!(!holds(&Filter::is(Column::Tag, "eu")));
        assert!(holds(&Filter::Present(Column::Tag)));
    }

    #[test]
    fn a_value_that_is_missing_passes_no_test_and_every_negation() {
        let user = Filter::is(Column::User, "ada");
        assert!(!holds(&user));
        assert!(holds(&Filter::Not(Box::new(user))));
        assert!(!holds(&Filter::Present(Column::User)));
        assert!(!holds(&Filter::Number(
            Column::InputTokens,
            Comparison::AtLeast,
            0.0
        )));
    }

    #[test]
    fn numbers_attributes_and_scores_are_compared() {
        assert!(holds(&Filter::Number(
            Column::Duration,
            Comparison::AtLeast,
            2e9
        )));
        assert!(!holds(&Filter::Number(
            Column::Cost,
            Comparison::Greater,
            0.02
        )));
        assert!(holds(&Filter::Number(
            Column::AnyScore,
            Comparison::Less,
            0.6
        )));
        assert!(!holds(&Filter::Present(Column::Score("tone".to_owned()))));
        let method = Column::Attribute("http.method".to_owned());
        assert!(holds(&Filter::is(method, "GET")));
        assert!(holds(&Filter::Present(Column::Time)));
    }

    #[test]
    fn all_any_and_everything_are_what_their_names_say() {
        let yes = Filter::Everything;
        let no = Filter::Not(Box::new(Filter::Everything));
        assert!(holds(&Filter::All(vec![])) && !holds(&Filter::Any(vec![])));
        assert!(!holds(&Filter::All(vec![yes.clone(), no.clone()])));
        assert!(holds(&Filter::Any(vec![no, yes])));
    }
}
