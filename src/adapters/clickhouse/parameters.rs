//! Values that are bound to a query, never written into it.

use std::fmt::Write as _;

/// The values of one query, by their place.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: Vec<String>,
}

impl Parameters {
    /// Binds a text, and gives what stands for it in the query.
    pub(super) fn text(&mut self, text: &str) -> String {
        self.bind(escaped(text), "String")
    }

    /// Binds a number.
    pub(super) fn number(&mut self, number: f64) -> String {
        self.bind(format!("{number:e}"), "Float64")
    }

    /// Binds a whole number.
    pub(super) fn whole(&mut self, whole: i64) -> String {
        self.bind(whole.to_string(), "Int64")
    }

    fn bind(&mut self, value: String, kind: &str) -> String {
        self.values.push(value);
        format!("{{p{}:{kind}}}", self.values.len() - 1)
    }

    /// The names and values for the address of the query.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (String, &str)> {
        let values = self.values.iter().enumerate();
        values.map(|(place, value)| (format!("param_p{place}"), value.as_str()))
    }
}

/// A text as ClickHouse reads values of parameters: its format "TSV", a single field.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\0' => escaped.push_str("\\0"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// A text that is ours as a literal in SQL.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\\' | '\'' => {
                literal.push('\\');
                literal.push(character);
            }
            control if control.is_control() => {
                for byte in control.to_string().bytes() {
                    // A text grows without an error.
                    let _ = write!(literal, "\\x{byte:02X}");
                }
            }
            plain => literal.push(plain),
        }
    }
    literal.push('\'');
    literal
}

/// Texts that are ours as a list in SQL.
pub(super) fn literals<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(literal).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_bound_and_only_its_place_is_in_the_query() {
        let mut parameters = Parameters::default();
        assert_eq!(parameters.text("'; DROP TABLE t --\t\\"), "{p0:String}");
        assert_eq!(parameters.number(0.25), "{p1:Float64}");
        assert_eq!(parameters.whole(-7), "{p2:Int64}");
        let pairs: Vec<(String, &str)> = parameters.pairs().collect();
        assert_eq!(
            pairs[0],
            ("param_p0".to_owned(), "'; DROP TABLE t --\\t\\\\")
        );
        assert_eq!(pairs[1], ("param_p1".to_owned(), "2.5e-1"));
        assert_eq!(pairs[2], ("param_p2".to_owned(), "-7"));
    }

    #[test]
    fn a_literal_ends_where_its_text_ends() {
        assert_eq!(literal("it's \\ so\n"), "'it\\'s \\\\ so\\x0A'");
        assert_eq!(literals(["a", "b"]), "['a', 'b']");
    }
}
