//! What filters mean, what they refuse and how they are printed.

use proptest::prelude::*;

use super::*;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Comparison, Filter, TextTest, TimeRange};

const NOW: &str = "2026-03-02T09:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn read(text: &str) -> Filter {
    let selection = parse(text, now()).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(selection.range, TimeRange::ALWAYS, "{text}");
    selection.filter
}

/// The message, what it marks in the text, and the help.
fn refused(text: &str) -> (String, &str, String) {
    let error = parse(text, now()).unwrap_err();
    let marked = &text[error.range.clone()];
    (error.to_string(), marked, error.help.unwrap_or_default())
}

fn contains(column: Column, part: &str) -> Filter {
    Filter::Text(column, TextTest::Contains(part.to_owned()))
}

fn one_of(column: Column, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned());
    Filter::Text(column, TextTest::OneOf(values.collect()))
}

#[test]
fn a_filter_says_what_it_says() {
    let text = "lane = production and duration > 2s and status = error \
                and (model ~ gpt or tag in (vip, beta)) and not has(user) \
                and attribute.http.method = GET and cost > $0.01 and score.tone >= -0.5";
    let expected = Filter::All(vec![
        Filter::is(Column::Lane, "production"),
        Filter::Number(Column::Duration, Comparison::Greater, 2e9),
        Filter::is(Column::Status, "error"),
        Filter::Any(vec![
            contains(Column::Model, "gpt"),
            one_of(Column::Tag, &["vip", "beta"]),
        ]),
        Filter::Not(Box::new(Filter::Present(Column::User))),
        Filter::is(Column::Attribute("http.method".to_owned()), "GET"),
        Filter::Number(Column::Cost, Comparison::Greater, 0.01),
        Filter::Number(Column::Score("tone".to_owned()), Comparison::AtLeast, -0.5),
    ]);
    assert_eq!(read(text), expected);
}

#[test]
fn and_binds_before_or_and_not_before_both() {
    let [a, b, c] = ["a", "b", "c"].map(|user| Filter::is(Column::User, user));
    assert_eq!(
        read("user = a or user = b and not user = c"),
        Filter::Any(vec![
            a.clone(),
            Filter::All(vec![b.clone(), Filter::Not(Box::new(c.clone()))])
        ])
    );
    assert_eq!(
        read("(user = a OR user = b) AND user = c"),
        Filter::All(vec![Filter::Any(vec![a, b]), c])
    );
    assert_eq!(read(" \n "), Filter::Everything);
}

#[test]
fn a_negated_comparison_holds_where_there_is_no_value() {
    let ada = || Filter::is(Column::User, "ada");
    assert_eq!(read("user != ada"), Filter::Not(Box::new(ada())));
    assert_eq!(
        read("name !~ chat"),
        Filter::Not(Box::new(contains(Column::Name, "chat")))
    );
    assert_eq!(
        read("user not in (ada, bob)"),
        Filter::Not(Box::new(one_of(Column::User, &["ada", "bob"])))
    );
}

#[test]
fn values_that_are_no_words_stand_in_quotes() {
    for (text, value) in [
        (r#"route = "POST /tickets""#, "POST /tickets"),
        ("route = 'a \"b\"'", "a \"b\""),
        (r#"route = "\"\\\n\t\u{1f600}""#, "\"\\\n\t😀"),
        ("route = 你好", "你好"),
        (
            "route = POST/a?b:c&d|e;f#g[h]{i}",
            "POST/a?b:c&d|e;f#g[h]{i}",
        ),
        ("route = \"and\"", "and"),
        ("route = ''", ""),
    ] {
        assert_eq!(read(text), Filter::is(Column::Route, value), "{text}");
    }
    let odd = Column::Attribute("two words".to_owned());
    assert_eq!(read("has('attribute.two words')"), Filter::Present(odd));
}

#[test]
fn durations_have_units() {
    for (text, ns) in [
        ("2s", 2e9),
        ("150ms", 150e6),
        ("1.5h", 5_400e9),
        ("0.1ms", 100e3),
        ("7us", 7e3),
        ("7µs", 7e3),
        ("3d", 259_200e9),
        ("0s", 0.0),
    ] {
        let filter = Filter::Number(Column::Duration, Comparison::Less, ns);
        assert_eq!(read(&format!("duration < {text}")), filter);
    }
}

#[test]
fn the_time_becomes_the_range() {
    let selection = |text: &str| parse(text, now()).expect("a filter");
    let both = selection("time >= \"2h ago\" and user = ada and time < 2026-03-02T08:00:00Z");
    assert_eq!(both.filter, Filter::is(Column::User, "ada"));
    assert_eq!(both.range.from.to_string(), "2026-03-02T07:00:00Z");
    assert_eq!(both.range.until.to_string(), "2026-03-02T08:00:00Z");
    let inclusive = selection("(time > 2026-03-01 and (time <= 2026-03-02))").range;
    assert_eq!(inclusive.from.to_string(), "2026-03-01T00:00:00.000000001Z");
    assert_eq!(
        inclusive.until.to_string(),
        "2026-03-02T00:00:00.000000001Z"
    );
    let (message, marked, _) = refused("user = ada or time < now");
    assert!(message.contains("not within `or` or `not`"), "{message}");
    assert_eq!(marked, "time < now");
    assert!(parse("not (user = ada and time < now)", now()).is_err());
}

#[test]
fn an_unknown_column_is_marked_and_the_nearest_is_named() {
    let (message, marked, help) = refused("lane = production and modle ~ gpt");
    assert_eq!(message, "there is no column `modle`");
    assert_eq!((marked, help.as_str()), ("modle", "did you mean `model`?"));
    let (_, _, help) = refused("http.method = GET");
    assert_eq!(
        help,
        "any other attribute is written `attribute.http.method`"
    );
}

#[test]
fn a_value_of_the_wrong_sort_is_marked() {
    for (text, message, marked) in [
        ("duration > banana", "`banana` is not a duration", "banana"),
        ("duration > 2", "`2` is not a duration", "2"),
        ("duration > -2s", "`-2s` is not a duration", "-2s"),
        ("cost > cheap", "`cheap` is not money", "cheap"),
        ("input_tokens > 1e3", "`1e3` is not a number", "1e3"),
        ("score = NaN", "`NaN` is not a number", "NaN"),
        ("time > soon", "`soon` is not a time", "soon"),
        (
            "status = failed",
            "no span has the status `failed`",
            "failed",
        ),
        (
            "operation in (chat, dance)",
            "no span has the operation `dance`",
            "dance",
        ),
        (
            "lane < 3",
            "`lane` is text and cannot be compared like this",
            "<",
        ),
        (
            "cost ~ 3",
            "`cost` is money and cannot be compared like this",
            "~",
        ),
        (
            "time = now",
            "`time` is a time and cannot be compared like this",
            "=",
        ),
        (
            "cost in (1, 2)",
            "`cost` is money and is no name to look up in a list",
            "cost",
        ),
    ] {
        let (found, place, help) = refused(text);
        assert_eq!((found.as_str(), place), (message, marked), "{text}");
        assert!(!help.is_empty(), "{text}");
    }
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    for (text, message, marked) in [
        (
            "lane",
            "expected a comparison after `lane`: `=`, `!=`, `~` (contains), `!~`, `^=` (starts with) or `in (…)`, found the end",
            "",
        ),
        ("lane =", "expected a value, found the end", ""),
        ("lane = and", "expected a value, found `and`", "and"),
        (
            "lane = a lane = b",
            "expected `and`, `or` or the end of the filter, found `lane`",
            "lane",
        ),
        (
            "lane = a && user = b",
            "expected `and`, `or` or the end of the filter, found `&&`",
            "&&",
        ),
        ("lane == a", "`==` is not a comparison", "=="),
        ("! lane = a", "`!` says nothing by itself", "!"),
        ("(lane = a", "expected `)`, found the end", ""),
        (
            "has user",
            "expected a column in parentheses, as in `has(user)`, found `user`",
            "user",
        ),
        (
            "tag in vip",
            "expected values in parentheses, as in `in (vip, beta)`, found `vip`",
            "vip",
        ),
        ("tag in ()", "expected a value, found `)`", ")"),
        (
            "tag in (a b)",
            "expected `,` and another value, or `)`, found `b`",
            "b",
        ),
        ("lane = 'a", "this quote is not closed", "'a"),
        (r#"lane = "\x""#, "this escape is not known", r"\x"),
        (r#"lane = "\u{110000}""#, "this escape is not known", r"\u"),
        (
            "and",
            "expected a column, `not`, `has` or `(`, found `and`",
            "and",
        ),
    ] {
        let (found, place, _) = refused(text);
        assert_eq!((found.as_str(), place), (message, marked), "{text}");
    }
    assert_eq!(refused("lane = a && user = b").2, "did you mean `and`?");
}

#[test]
fn length_and_depth_have_bounds() {
    let deep = |depth: usize| format!("{}lane = a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&deep(MAX_DEPTH - 1), now()).is_ok());
    assert!(parse(&deep(MAX_DEPTH), now()).is_err());
    assert!(parse(&"not ".repeat(MAX_DEPTH), now()).is_err());
    assert!(parse(&format!("lane = {}", "a".repeat(MAX_LENGTH)), now()).is_err());
}

#[test]
fn a_filter_is_printed_as_people_write_it() {
    for text in [
        "",
        "lane = production and duration > 2s and (model ~ gpt or tag in (vip, beta))",
        "not has(user) and cost >= 0.01",
        "route = \"POST /tickets\" or not (user = a and user != b)",
        "time >= 2026-03-01T00:00:00Z and time < 2026-03-02T00:00:00Z and (user = a or user = b)",
        "duration > 150ms and time_to_first_chunk <= 90m",
        "tag not in (a, b) and name !~ chat and name ^= \"in\"",
    ] {
        assert_eq!(parse(text, now()).expect("a filter").to_string(), text);
    }
}

fn column() -> impl Strategy<Value = Column> {
    let texts = Column::plain().filter(|it| {
        let fixed = [Column::Status, Column::Operation].contains(it);
        !fixed && it.kind() == crate::domain::trace::column::ColumnKind::Text
    });
    prop_oneof![
        proptest::sample::select(texts.collect::<Vec<_>>()),
        "\\PC{1,9}".prop_map(Column::Attribute),
    ]
}

fn test() -> impl Strategy<Value = Filter> {
    let numbers = [
        Column::Duration,
        Column::Cost,
        Column::InputTokens,
        Column::AnyScore,
        Column::Score("tone".to_owned()),
    ];
    let comparisons = [
        Comparison::Equal,
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ];
    let figure = prop_oneof![
        (0..i64::MAX).prop_map(|whole| {
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            let number = whole as f64;
            number
        }),
        0.0..1e6,
    ];
    prop_oneof![
        column().prop_map(Filter::Present),
        (column(), proptest::collection::vec(any::<String>(), 1..3))
            .prop_map(|(column, values)| Filter::Text(column, TextTest::OneOf(values))),
        (column(), any::<String>())
            .prop_map(|(column, part)| Filter::Text(column, TextTest::Contains(part))),
        (column(), any::<String>())
            .prop_map(|(column, start)| Filter::Text(column, TextTest::StartsWith(start))),
        (
            proptest::sample::select(numbers.to_vec()),
            proptest::sample::select(comparisons.to_vec()),
            figure,
        )
            .prop_map(|(column, comparison, figure)| Filter::Number(column, comparison, figure)),
    ]
}

/// Filters as the parser makes them: no list directly within one of its own sort.
fn filter() -> impl Strategy<Value = Filter> {
    let flat = |filters: Vec<Filter>| filters.into_iter().fold(Filter::Everything, Filter::and);
    let either = |filters: Vec<Filter>| {
        let mut flat = Vec::new();
        for filter in filters {
            match filter {
                Filter::Any(more) => flat.extend(more),
                one => flat.push(one),
            }
        }
        Filter::Any(flat)
    };
    test().prop_recursive(4, 16, 3, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(flat),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(either),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same(filter in filter()) {
        let text = filter.to_string();
        prop_assume!(text.len() <= MAX_LENGTH);
        prop_assert_eq!(parse(&text, now()).map(|it| it.filter), Ok(filter), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in "(and|or|not|in|has|lane|time|cost|=|!=|~|<|\\^=|\\(|\\)|,|'|\"|\\\\|\\PC| ){0,40}"
    ) {
        if let Err(error) = parse(&text, now()) {
            prop_assert!(text.get(error.range).is_some());
        }
    }
}
