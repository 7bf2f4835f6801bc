//! The scripts that grade where no kind of ours means exactly the same. Each is the body of a function
//! of the answer, after its constants.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::engine::workspace::script::run_script;

pub(super) const BLEU: &str = include_str!("scripts/bleu.js");
pub(super) const CONTAINS_JSON: &str = include_str!("scripts/contains-json.js");
pub(super) const FINISH_REASON: &str = include_str!("scripts/finish-reason.js");
pub(super) const GLEU: &str = include_str!("scripts/gleu.js");
pub(super) const IS_REFUSAL: &str = include_str!("scripts/is-refusal.js");
pub(super) const JAVASCRIPT: &str = include_str!("scripts/javascript.js");
pub(super) const LEVENSHTEIN: &str = include_str!("scripts/levenshtein.js");
pub(super) const ROUGE_N: &str = include_str!("scripts/rouge-n.js");
pub(super) const TOOL_CALL_F1: &str = include_str!("scripts/tool-call-f1.js");

pub(super) const EQUALS: &str = "return output === value\n";
pub(super) const REGEX: &str = "return new RegExp(pattern).test(output)\n";
pub(super) const IS_JSON: &str =
    "try {\n  JSON.parse(output)\n} catch {\n  return false\n}\nreturn true\n";
pub(super) const CONTAINS_ANY: &str = "const plain = (text) => ignoreCase ? text.toLowerCase() : text\n\
     return values.some((value) => plain(output).includes(plain(value)))\n";
pub(super) const CONTAINS_ALL: &str = "const plain = (text) => ignoreCase ? text.toLowerCase() : text\n\
     return values.every((value) => plain(output).includes(plain(value)))\n";
pub(super) const WORD_COUNT: &str = "const words = output.split(/\\s+/).filter(Boolean).length\n\
     return { pass: words === count, reason: `has ${words} word(s), not ${count}` }\n";
pub(super) const WORD_RANGE: &str = "const { min = 0, max = Infinity } = range\n\
     const words = output.split(/\\s+/).filter(Boolean).length\n\
     return { pass: words >= min && words <= max, reason: `has ${words} word(s)` }\n";
pub(super) const CALLS_TOOLS: &str = "return response.toolCalls.length > 0\n";

/// Whether an expression can be evaluated, in the sandbox.
pub(super) fn runs(expression: &str) -> Result<(), String> {
    let input = r#"{"output": "", "vars": {}, "expected": null, "response": {}}"#;
    let stop = Arc::new(AtomicBool::new(false));
    run_script(&format!("{expression}; return true"), input, &stop).map(drop)
}
