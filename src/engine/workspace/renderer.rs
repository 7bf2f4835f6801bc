//! The template engine as we use it: strict about names, reading no file by itself, and with nothing in it
//! that can be told to fill memory or to go on for ever.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter, filters};

use super::under_way;

/// How many steps a template may take, loops included.
const FUEL: u64 = 1_000_000;

/// The longest text that one template prints, in bytes.
pub const MAX_RENDERED_BYTES: usize = 4 * 1024 * 1024;

/// The deepest indentation of JSON.
const MOST_INDENTED: usize = 16;

/// An engine.
pub fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    engine.set_debug(true);
    for filter in ["format", "indent", "center"] {
        engine.remove_filter(filter);
    }
    for global in ["debug", "namespace"] {
        engine.remove_global(global);
    }
    engine.set_formatter(|output, state, value| {
        expect_bounded(value)?;
        escape_formatter(output, state, value)
    });
    engine.add_filter("tojson", to_json);
    engine.add_filter("join", join);
    engine
}

/// Adds a template to an engine, which computes at once what is constant in it. `what` says that to people.
pub fn add_template(
    engine: &mut Environment<'static>,
    name: &str,
    text: &str,
    what: impl Into<Cow<'static, str>>,
) -> Result<(), Error> {
    under_way::watched(what, || {
        engine.add_template_owned(name.to_owned(), text.to_owned())
    })
}

/// Where a tag or a line begins that is longer than one may be. The engine's parser calls itself for each
/// part of an expression, so that a megabyte of them would take its whole stack, and it counts columns in two
/// bytes.
pub fn endless_tag(template: &str) -> Option<Range<usize>> {
    const MOST_TOKENS: usize = 500;
    // The engine counts open brackets in one byte.
    const MOST_BRACKETS: usize = 100;
    const LONGEST_LINE: usize = 60_000;
    let mut line_start = 0;
    for line in template.split_inclusive('\n') {
        if line.len() > LONGEST_LINE {
            return Some(line_start..line_start + 1);
        }
        line_start += line.len();
    }
    let mut begins = 0..0;
    let (mut tokens, mut brackets) = (0, 0);
    for (token, at) in tokenize(template, false, SyntaxConfig::default()).map_while(Result::ok) {
        tokens += 1;
        match token {
            Token::BlockStart | Token::VariableStart => {
                begins = at.start_offset as usize..at.end_offset as usize;
                (tokens, brackets) = (0, 0);
            }
            Token::BlockEnd | Token::VariableEnd | Token::TemplateData(_) => tokens = 0,
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => brackets += 1,
            _ => {}
        }
        if tokens > MOST_TOKENS || brackets > MOST_BRACKETS {
            return Some(begins);
        }
    }
    None
}

fn to_json(value: &Value, indent: Option<Value>, options: Kwargs) -> Result<Value, Error> {
    expect_bounded(value)?;
    let named = options.peek::<Option<Value>>("indent").ok().flatten();
    let asked = indent.as_ref().or(named.as_ref()).and_then(Value::as_usize);
    if asked.is_some_and(|asked| asked > MOST_INDENTED) {
        let message = format!("JSON is indented by {MOST_INDENTED} at most");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    filters::tojson(value, indent, options)
}

/// The engine's own filter, for values that are bounded.
fn join(value: &Value, rest: Rest<Value>) -> Result<Value, Error> {
    static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(|| {
        let mut plain = Environment::new();
        plain.set_undefined_behavior(UndefinedBehavior::Strict);
        plain.set_fuel(Some(FUEL));
        plain
    });
    expect_bounded(value)?;
    let arguments: Vec<Value> = std::iter::once(value.clone()).chain(rest.0).collect();
    PLAIN.empty_state().apply_filter("join", &arguments)
}

/// Refuses a value that comes to more text than may be printed. A list can stand for itself many times.
fn expect_bounded(value: &Value) -> Result<(), Error> {
    let mut left = MAX_RENDERED_BYTES;
    if fits(value, &mut left) {
        return Ok(());
    }
    let message = format!("it comes to more than {MAX_RENDERED_BYTES} bytes of text");
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// Whether a value fits into what is left of the room, each value in a list taking as much as a number and a
/// comma do at least.
fn fits(value: &Value, left: &mut usize) -> bool {
    const LEAST_BYTES: usize = 2;
    let own = match value.kind() {
        ValueKind::String => value.as_str().map_or(0, str::len),
        _ => LEAST_BYTES,
    };
    let Some(rest) = left.checked_sub(own) else {
        return false;
    };
    *left = rest;
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let fits_at_all = value.len().is_none_or(|count| count <= *left / LEAST_BYTES);
            fits_at_all && each_fits(value, left)
        }
        ValueKind::Map => each_fits(value, left) && values_fit(value, left),
        _ => true,
    }
}

fn each_fits(value: &Value, left: &mut usize) -> bool {
    let items = value.try_iter();
    items.is_ok_and(|mut items| items.all(|item| fits(&item, left)))
}

fn values_fit(map: &Value, left: &mut usize) -> bool {
    let keys = map.try_iter();
    keys.is_ok_and(|mut keys| {
        keys.all(|key| map.get_item(&key).is_ok_and(|value| fits(&value, left)))
    })
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn rendered(template: &str) -> Result<String, Error> {
        let text = "x".repeat(1_000);
        engine().render_str(
            template,
            context!(text, list => [1, 2], map => context!(a => [1])),
        )
    }

    #[test]
    fn what_would_fill_memory_is_refused_before_it_does() {
        for template in [
            "{{ [1] * 100000000 }}",
            "{{ ([text] * 100000000) | join }}",
            "{{ ([text * 1000] * 30000) | join }}",
            "{{ ([[text] * 1000] * 1000) | tojson }}",
            "{{ {'a': [text] * 100000} }}",
            "{{ list | tojson(indent=2000000000) }}",
            "{{ list | tojson(2000000000) }}",
        ] {
            let error = rendered(template).expect_err(template).to_string();
            let bounded = ["more than 4194304 bytes", "indented by 16 at most"];
            assert!(
                bounded.iter().any(|it| error.contains(it)),
                "{template}: {error}"
            );
        }
    }

    #[test]
    fn a_tag_says_no_more_than_the_parser_can_take() {
        for tag in [
            "1+", "not ", "x|upper|", "a.", "[", "(", "-", "a or ", "x if ",
        ] {
            let template = format!("a {{{{ {}x }}}}", tag.repeat(1_000));
            assert_eq!(endless_tag(&template), Some(2..4), "{tag}");
        }
        assert_eq!(endless_tag(&"{{ x }} text\n".repeat(10_000)), None);
        assert_eq!(
            endless_tag(&format!("a\n{}", "b".repeat(70_000))),
            Some(2..3)
        );
        assert_eq!(
            endless_tag(&format!("{{{{ {}x }}}}", "1+".repeat(200))),
            None
        );
    }

    #[test]
    fn what_people_write_is_printed() {
        for (template, printed) in [
            ("{{ list }} {{ map }}", "[1, 2] {'a': [1]}"),
            ("{{ list | join(', ') }}", "1, 2"),
            ("{{ ['a', 'b'] | join }}", "ab"),
            ("{{ list | tojson }}", "[1, 2]"),
            ("{{ list | tojson(indent=1) }}", "[\n 1,\n 2\n]"),
            ("{{ (list * 3) | length }}", "6"),
        ] {
            assert_eq!(rendered(template).expect(template), printed, "{template}");
        }
    }
}
