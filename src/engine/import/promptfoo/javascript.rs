//! Brings scripts of promptfoo's into the sandbox, where they find nothing but the language, the answer
//! and the row.

use regex::Regex;
use serde_json::json;

use super::scripts::JAVASCRIPT;
use super::shapes::Script;

/// What a script may name that is not there, or not the same.
const ABSENT: &str = r"(?x)
    \b(require|import|process|await|async|Promise|fetch|console|setTimeout|setInterval|setImmediate
      |queueMicrotask|Date|performance|Buffer|URL|URLSearchParams|TextEncoder|TextDecoder|Intl|atob|btoa
      |structuredClone|crypto|globalThis|global|window|WeakRef|WeakMap|WeakSet|FinalizationRegistry|Worker
      |WebAssembly)\b
    | \bMath\s*\.\s*random\b | \btoLocale\w*\b | \blocaleCompare\b";

/// The script for an assertion; the error says why there is none.
pub(super) fn script_of(
    code: &str,
    threshold: Option<f64>,
    inverse: bool,
) -> Result<Script, String> {
    let code = code.trim_end();
    let words = without_texts(code);
    let absent = Regex::new(ABSENT).map_err(|error| error.to_string())?;
    if let Some(found) = absent.find(&words) {
        return Err(format!(
            "its script names `{}`, which the sandbox does not have",
            found.as_str()
        ));
    }
    let context = Regex::new(r"\bcontext\b(?P<member>\s*\??\.\s*vars\b)?");
    let context = context.map_err(|error| error.to_string())?;
    if context
        .captures_iter(&words)
        .any(|found| found.name("member").is_none())
    {
        return Err("its script reads more of `context` than `context.vars`".to_owned());
    }
    let body = if code.contains('\n') {
        code.to_owned()
    } else {
        body_of_line(code)
    };
    Ok(Script {
        constants: vec![
            ("code", json!(body)),
            ("threshold", json!(threshold)),
            ("inverse", json!(inverse)),
        ],
        value: None,
        body: JAVASCRIPT.to_owned(),
    })
}

/// The code without what stands in quotes.
fn without_texts(code: &str) -> String {
    let mut words = String::new();
    let mut quote = None;
    let mut escaped = false;
    for character in code.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open || character == '\n' => quote = None,
            Some(_) => continue,
            None if character == '"' || character == '\'' => quote = Some(character),
            None => {}
        }
        words.push(character);
    }
    words
}

/// The body that promptfoo makes of one line: what it comes to is returned.
fn body_of_line(code: &str) -> String {
    let line = code.trim();
    let line = line.trim_end_matches(|last: char| last == ';' || last.is_whitespace());
    let declares = ["const", "let", "var"].iter().any(|word| {
        let rest = line.strip_prefix(word);
        rest.is_some_and(|rest| rest.starts_with(char::is_whitespace))
    });
    if !declares {
        return format!("return {line}");
    }
    match last_semicolon(line) {
        Some(at) if !line[at + 1..].trim().is_empty() => {
            format!("{} return {}", &line[..=at], line[at + 1..].trim())
        }
        _ => line.to_owned(),
    }
}

/// The last semicolon that stands in no quotes, as promptfoo tells quotes.
fn last_semicolon(line: &str) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut backslashes = 0;
    let mut last = None;
    for (at, character) in line.char_indices() {
        let escaped = backslashes % 2 == 1;
        backslashes = if character == '\\' {
            backslashes + 1
        } else {
            0
        };
        match quote {
            Some(open) if character == open && !escaped => quote = None,
            None if matches!(character, '\'' | '"' | '`') && !escaped => quote = Some(character),
            None if character == ';' => last = Some(at),
            _ => {}
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_returns_what_it_comes_to() {
        for (code, body) in [
            ("output === 'a';", "return output === 'a'"),
            (
                "const n = output.length; n > 5",
                "const n = output.length; return n > 5",
            ),
            ("let a = ';'; a", "let a = ';'; return a"),
            ("var a = 1", "var a = 1"),
        ] {
            assert_eq!(body_of_line(code), body);
        }
    }

    #[test]
    fn what_the_sandbox_does_not_have_is_refused() {
        for code in [
            "require('fs')",
            "await fetch('x')",
            "context.test.vars.a",
            "use(context)",
            "new Date()",
            "Math.random() > 0.5",
            "process.env.X",
        ] {
            assert!(script_of(code, None, false).is_err(), "{code}");
        }
        for code in [
            "output.includes(context.vars.a)",
            "output === \"this Date\"",
            "'process' in {}",
        ] {
            assert!(script_of(code, None, false).is_ok(), "{code}");
        }
    }
}
