//! What an address asks for: the segments of its path, and names with values.

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The segments of the path.
    pub path: Vec<String>,
    /// Names with values, in their order.
    pub query: Vec<(String, String)>,
}

impl Asked {
    /// Reads a path and a query; `None`: something in it is no text.
    pub(super) fn read(path: &str, query: &str) -> Option<Self> {
        let segments = path.split('/').filter(|it| !it.is_empty());
        let pairs = query.split('&').filter(|it| !it.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name, true)?, decoded(value, true)?))
        };
        Some(Self {
            path: segments
                .map(|it| decoded(it, false))
                .collect::<Option<_>>()?,
            query: pairs.map(pair).collect::<Option<_>>()?,
        })
    }

    /// The value of a name; empty where it has none.
    pub fn value(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(it, _)| it == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A text with what is encoded in hexadecimal put back. Forms write a space as `+`.
fn decoded(text: &str, of_a_form: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let digits = after.get(..2)?;
                let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
                let digits = std::str::from_utf8(digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &after[2..];
            }
            b'+' if of_a_form => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_values_are_decoded_one_by_one() {
        let asked = Asked::read("/traces/a%2Fb/%C3%BC", "where=cost+%3E+1&since=&x").unwrap();
        assert_eq!(asked.path, ["traces", "a/b", "ü"]);
        assert_eq!(asked.value("where"), "cost > 1");
        assert_eq!((asked.value("x"), asked.value("y")), ("", ""));
        assert_eq!(Asked::read("/", "").unwrap(), Asked::default());
        assert_eq!(Asked::read("/a+b", "").unwrap().path, ["a+b"]);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for wrong in ["/%", "/%4", "/%zz", "/%+1", "/%ff", "/%ü"] {
            assert_eq!(Asked::read(wrong, ""), None, "{wrong}");
        }
        assert_eq!(Asked::read("/", "a=%ff"), None);
    }
}
