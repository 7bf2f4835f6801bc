//! Grading the tools that an answer calls.
//!
//! The calls are those that the provider names as such: an answer in words cannot forge any.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::dataset::Row;
use crate::domain::evaluator::{ArgumentsMatch, CallOrder, CallsWanted, ToolCallsRule, WantedCall};
use crate::domain::run::{Answer, Graded};
use crate::domain::untrusted::shorten;
use crate::engine::workspace::matchers::{Broken, Schema};

/// The most calls of one answer that are compared.
const MAX_CALLS: usize = 200;

/// How much of a text a reason shows, in characters.
const SHOWN: usize = 120;

/// A rule about tool calls, ready to grade.
pub(super) struct ToolCallsGrader {
    rule: ToolCallsRule,
    /// By name, the schema of the parameters of each tool that the prompt offers.
    schemas: BTreeMap<String, Option<Schema>>,
}

/// A call as the answer makes it.
struct Call {
    name: String,
    /// The arguments, or the text that is no JSON object.
    arguments: Result<Map<String, Value>, String>,
}

impl ToolCallsGrader {
    /// Compiles the rule for a prompt that offers these tools.
    pub(super) fn compile(rule: &ToolCallsRule, tools: &[Value]) -> Result<Self, String> {
        let mut schemas = BTreeMap::new();
        for tool in tools.iter().filter(|_| rule.schema) {
            let function = &tool["function"];
            let Some(name) = function["name"].as_str() else {
                continue;
            };
            let schema = match function.get("parameters") {
                None => None,
                Some(schema) => Some(Schema::compile(schema).map_err(|error| {
                    format!("the parameters of the tool `{name}` are no JSON Schema: {error}")
                })?),
            };
            schemas.insert(name.to_owned(), schema);
        }
        Ok(Self {
            rule: rule.clone(),
            schemas,
        })
    }

    /// Grades an answer.
    pub(super) fn grade(&self, answer: &Answer, row: &Row) -> Graded {
        if answer.tool_calls.len() > MAX_CALLS {
            return Graded::error(format!("the answer makes more than {MAX_CALLS} calls"));
        }
        let calls: Option<Vec<Call>> = answer.tool_calls.iter().map(read_call).collect();
        let Some(calls) = calls else {
            return Graded::error("the answer holds a tool call that cannot be read");
        };
        if self.rule.schema
            && let Some(problem) = calls.iter().find_map(|call| self.schema_problem(call))
        {
            return problem;
        }
        let wanted = match &self.rule.calls {
            None => return Graded::pass(format!("{} call(s) follow their schema", calls.len())),
            Some(CallsWanted::Fixed(wanted)) => Ok(wanted.clone()),
            Some(CallsWanted::Column(column)) => wanted_of(column, row),
        };
        match wanted {
            Ok(wanted) => self.compare(&calls, &wanted),
            Err(reason) => Graded::error(reason),
        }
    }

    fn schema_problem(&self, call: &Call) -> Option<Graded> {
        let name = shorten(&call.name, SHOWN);
        let Some(schema) = self.schemas.get(&call.name) else {
            return Some(Graded::fail(format!(
                "`{name}` is not a tool of the prompt"
            )));
        };
        let arguments = match &call.arguments {
            Ok(arguments) => Value::Object(arguments.clone()),
            Err(text) => return Some(Graded::fail(not_an_object(&call.name, text))),
        };
        Some(match schema.as_ref()?.validate(&arguments).err()? {
            error @ Broken::TooLong(_) => {
                Graded::error(format!("the arguments of `{name}`: {error}"))
            }
            Broken::Rule(error) => {
                let place = error.instance_path().to_string();
                let message = error.to_string();
                let message = shorten(&message, SHOWN);
                Graded::fail(format!(
                    "the arguments of `{name}` do not follow their schema at `{place}`: {message}"
                ))
            }
        })
    }

    fn compare(&self, calls: &[Call], wanted: &[WantedCall]) -> Graded {
        if wanted.len() > MAX_CALLS {
            return Graded::error(format!("more than {MAX_CALLS} calls are wanted"));
        }
        let fits = |wanted: &WantedCall, call: &Call| self.fits(wanted, call);
        let missing = match self.rule.order {
            CallOrder::Exact => first_difference(calls, wanted, fits),
            CallOrder::InOrder => first_out_of_order(calls, wanted, fits),
            CallOrder::AnyOrder => first_without_partner(calls, wanted, fits),
        };
        let made = calls.iter().map(|call| call.name.as_str());
        let made = made.collect::<Vec<_>>().join(", ");
        let made = shorten(&made, SHOWN);
        match missing {
            None if wanted.is_empty() && calls.len() > wanted.len() => match self.rule.order {
                CallOrder::Exact => Graded::fail(format!("calls {made}, and no call is wanted")),
                _ => Graded::pass("no call is asked for"),
            },
            None => Graded::pass(format!("makes the {} wanted call(s)", wanted.len())),
            Some(index) => {
                let found = if calls.is_empty() {
                    "calls nothing".to_owned()
                } else {
                    format!("calls {made}")
                };
                let reason = match wanted.get(index) {
                    Some(call) => format!(
                        "{found}; call {} of {} should be `{}`{}",
                        index + 1,
                        wanted.len(),
                        shorten(&call.name, SHOWN),
                        Self::arguments_of(call, calls)
                    ),
                    None => format!("{found}, and only {} are wanted", wanted.len()),
                };
                Graded::fail(reason)
            }
        }
    }

    /// The arguments of a wanted call, where a call of its name is made and does not fit.
    fn arguments_of(wanted: &WantedCall, calls: &[Call]) -> String {
        let Some(arguments) = &wanted.arguments else {
            return String::new();
        };
        if calls.iter().all(|call| call.name != wanted.name) {
            return String::new();
        }
        let arguments = Value::Object(arguments.clone()).to_string();
        format!(" with {}", shorten(&arguments, SHOWN))
    }

    fn fits(&self, wanted: &WantedCall, call: &Call) -> bool {
        if wanted.name != call.name {
            return false;
        }
        let Some(arguments) = &wanted.arguments else {
            return true;
        };
        match (&call.arguments, self.rule.arguments) {
            (Err(_), _) => false,
            (Ok(given), ArgumentsMatch::Exact) => given == arguments,
            (Ok(given), ArgumentsMatch::Partial) => arguments
                .iter()
                .all(|(name, value)| given.get(name) == Some(value)),
        }
    }
}

fn not_an_object(name: &str, text: &str) -> String {
    format!(
        "the arguments of `{}` are no JSON object: `{}`",
        shorten(name, SHOWN),
        shorten(text, SHOWN)
    )
}

/// The first place where calls and wishes differ, too many calls among them.
fn first_difference(
    calls: &[Call],
    wanted: &[WantedCall],
    fits: impl Fn(&WantedCall, &Call) -> bool,
) -> Option<usize> {
    let length = calls.len().max(wanted.len());
    (0..length).find(|index| match (wanted.get(*index), calls.get(*index)) {
        (Some(wanted), Some(call)) => !fits(wanted, call),
        _ => true,
    })
}

/// The first wish that no call after those of the wishes before it meets.
fn first_out_of_order(
    calls: &[Call],
    wanted: &[WantedCall],
    fits: impl Fn(&WantedCall, &Call) -> bool,
) -> Option<usize> {
    let mut calls = calls.iter();
    wanted
        .iter()
        .position(|wanted| !calls.any(|call| fits(wanted, call)))
}

/// The first wish that is left when as many wishes as possible have a call of their own.
fn first_without_partner(
    calls: &[Call],
    wanted: &[WantedCall],
    fits: impl Fn(&WantedCall, &Call) -> bool,
) -> Option<usize> {
    let mut partner_of_call: Vec<Option<usize>> = vec![None; calls.len()];
    let fit = |wish: usize, call: usize| fits(&wanted[wish], &calls[call]);
    (0..wanted.len()).find(|wish| {
        let mut tried = vec![false; calls.len()];
        !find_partner(*wish, &fit, &mut tried, &mut partner_of_call)
    })
}

/// Gives a wish a call, moving other wishes to other calls where that is needed.
fn find_partner(
    wish: usize,
    fit: &dyn Fn(usize, usize) -> bool,
    tried: &mut [bool],
    partner_of_call: &mut [Option<usize>],
) -> bool {
    for call in 0..partner_of_call.len() {
        if tried[call] || !fit(wish, call) {
            continue;
        }
        tried[call] = true;
        let free = match partner_of_call[call] {
            None => true,
            Some(other) => find_partner(other, fit, tried, partner_of_call),
        };
        if free {
            partner_of_call[call] = Some(wish);
            return true;
        }
    }
    false
}

/// The calls that a text stands for, where somebody wrote them as text: a list of calls in the shape
/// of the OpenAI wire format. Any other text stands for none.
pub(in super::super) fn calls_in_text(text: &str) -> Vec<Value> {
    match serde_json::from_str(text) {
        Ok(Value::Array(items)) if items.iter().all(|item| item.get("function").is_some()) => items,
        _ => Vec::new(),
    }
}

fn read_call(item: &Value) -> Option<Call> {
    let function = item.get("function")?;
    let name = function.get("name")?.as_str()?.to_owned();
    let arguments = match function.get("arguments") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(arguments)) => Ok(arguments.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        Some(Value::String(text)) => {
            serde_json::from_str::<Map<String, Value>>(text).map_err(|_| text.clone())
        }
        Some(other) => Err(other.to_string()),
    };
    Some(Call { name, arguments })
}

fn wanted_of(column: &str, row: &Row) -> Result<Vec<WantedCall>, String> {
    let value = row
        .column(column)
        .ok_or_else(|| format!("the row has no column `{column}`"))?;
    let calls = match value {
        Value::Array(items) => items.iter().map(WantedCall::read).collect(),
        _ => None,
    };
    calls.ok_or_else(|| format!("column `{column}` is no list of calls"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{answer, row};
    use super::*;
    use crate::domain::evaluator::Grade;

    /// An answer as the provider gives it.
    fn calls(calls: &[(&str, Value)]) -> String {
        let calls = calls.iter().map(|(name, arguments)| {
            let arguments = arguments.to_string();
            json!({"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}})
        });
        Value::from(calls.collect::<Vec<_>>()).to_string()
    }

    /// An answer with the calls that a text stands for.
    fn calling(text: &str) -> Answer {
        Answer {
            tool_calls: calls_in_text(text),
            ..answer(text)
        }
    }

    fn names(of: &[&str]) -> String {
        let all: Vec<_> = of.iter().map(|name| (*name, json!({}))).collect();
        calls(&all)
    }

    fn tools() -> Vec<Value> {
        let parameters = json!({
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "required": ["id"],
            "additionalProperties": false,
        });
        vec![
            json!({"type": "function", "function": {"name": "look", "parameters": parameters}}),
            json!({"type": "function", "function": {"name": "wait"}}),
        ]
    }

    fn grade(order: CallOrder, arguments: ArgumentsMatch, wanted: &Value, output: &str) -> Graded {
        let rule = ToolCallsRule {
            calls: Some(CallsWanted::Column("expected".to_owned())),
            order,
            arguments,
            schema: false,
        };
        let grader = ToolCallsGrader::compile(&rule, &[]).unwrap();
        grader.grade(&calling(output), &row(json!({"expected": wanted})))
    }

    #[test]
    fn each_order_accepts_what_it_says() {
        use CallOrder::{AnyOrder, Exact, InOrder};
        use Grade::{Fail, Pass};
        for (order, wanted, made, grade_wanted) in [
            (Exact, json!(["a", "b"]), &["a", "b"][..], Pass),
            (Exact, json!(["a", "b"]), &["b", "a"], Fail),
            (Exact, json!(["a"]), &["a", "a"], Fail),
            (Exact, json!([]), &["a"], Fail),
            (InOrder, json!(["a", "b"]), &["a", "x", "b"], Pass),
            (InOrder, json!(["a", "b"]), &["b", "a"], Fail),
            (InOrder, json!(["a", "a"]), &["a"], Fail),
            (AnyOrder, json!(["a", "b"]), &["b", "x", "a"], Pass),
            (AnyOrder, json!(["a", "a"]), &["a", "b"], Fail),
            (AnyOrder, json!([]), &["a"], Pass),
        ] {
            let graded = grade(order, ArgumentsMatch::Partial, &wanted, &names(made));
            assert_eq!(graded.grade, grade_wanted, "{order:?} {wanted} {made:?}");
        }
    }

    #[test]
    fn a_wish_takes_another_call_where_a_pickier_one_needs_its_first() {
        let made = calls(&[("a", json!({"x": 1})), ("a", json!({"x": 2}))]);
        let wanted = json!(["a", {"name": "a", "arguments": {"x": 1}}]);
        let graded = grade(CallOrder::AnyOrder, ArgumentsMatch::Exact, &wanted, &made);
        assert_eq!(graded.grade, Grade::Pass, "{}", graded.reason);
    }

    #[test]
    fn arguments_are_compared_in_part_or_as_a_whole() {
        let made = calls(&[("a", json!({"x": 1, "y": 2}))]);
        let wanted = json!([{"name": "a", "arguments": {"x": 1}}]);
        let graded =
            |matching, wanted: &Value| grade(CallOrder::InOrder, matching, wanted, &made).grade;
        assert_eq!(graded(ArgumentsMatch::Partial, &wanted), Grade::Pass);
        assert_eq!(graded(ArgumentsMatch::Exact, &wanted), Grade::Fail);
        let other = json!([{"name": "a", "arguments": {"x": "1"}}]);
        assert_eq!(graded(ArgumentsMatch::Partial, &other), Grade::Fail);
    }

    #[test]
    fn an_answer_in_words_calls_nothing() {
        for output in [
            "",
            "I will look it up.",
            "[1, 2]",
            "{\"function\": {}}",
            "[]",
        ] {
            let graded = |wanted: Value| {
                grade(CallOrder::Exact, ArgumentsMatch::Exact, &wanted, output).grade
            };
            assert_eq!(graded(json!(["a"])), Grade::Fail, "{output}");
            assert_eq!(graded(json!([])), Grade::Pass, "{output}");
        }
    }

    #[test]
    fn what_is_no_list_of_calls_is_an_error() {
        let half = r#"[{"function": {"name": "a"}}, {"function": {}}]"#;
        let graded = grade(
            CallOrder::InOrder,
            ArgumentsMatch::Exact,
            &json!(["a"]),
            half,
        );
        assert_eq!(graded.grade, Grade::Error);
        for wanted in [
            json!("a"),
            json!([5]),
            json!([{"name": ""}]),
            json!([{"label": "a"}]),
        ] {
            let graded = grade(CallOrder::InOrder, ArgumentsMatch::Exact, &wanted, "[]");
            assert_eq!(graded.grade, Grade::Error);
        }
        let many = names(&vec!["a"; MAX_CALLS + 1]);
        let graded = grade(
            CallOrder::InOrder,
            ArgumentsMatch::Exact,
            &json!(["a"]),
            &many,
        );
        assert_eq!(graded.grade, Grade::Error);
    }

    #[test]
    fn arguments_must_follow_the_schema_of_a_tool_that_the_prompt_offers() {
        let rule = ToolCallsRule {
            calls: None,
            order: CallOrder::InOrder,
            arguments: ArgumentsMatch::Partial,
            schema: true,
        };
        let grader = ToolCallsGrader::compile(&rule, &tools()).unwrap();
        let grade = |output: &str| grader.grade(&calling(output), &row(json!({})));
        assert_eq!(
            grade(&calls(&[("look", json!({"id": 5}))])).grade,
            Grade::Pass
        );
        assert_eq!(grade(&names(&["wait"])).grade, Grade::Pass);
        for (output, reason) in [
            (
                calls(&[("look", json!({"id": "5"}))]),
                "do not follow their schema at `/id`",
            ),
            (names(&["look"]), "do not follow their schema"),
            (names(&["peek"]), "`peek` is not a tool of the prompt"),
            (
                r#"[{"function": {"name": "look", "arguments": "{\"id\": "}}]"#.to_owned(),
                "are no JSON object",
            ),
        ] {
            let failed = grade(&output);
            assert_eq!(failed.grade, Grade::Fail);
            assert!(failed.reason.contains(reason), "{}", failed.reason);
        }
        let broken = json!({"function": {"name": "a", "parameters": {"type": 5}}});
        assert!(ToolCallsGrader::compile(&rule, &[broken]).is_err());
    }
}
