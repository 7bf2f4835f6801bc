//! Reads rules about the tools that an answer calls.

use crate::domain::evaluator::{ArgumentsMatch, CallOrder, CallsWanted, ToolCallsRule, WantedCall};

use super::super::decode::{Decoder, Fields};
use super::super::document::{Node, Value};
use super::comparison::column;

/// Reads the options of `tool-calls`.
pub(super) fn tool_calls_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
) -> Option<ToolCallsRule> {
    let calls_node = fields.optional("calls");
    let calls = match calls_node {
        Some(node) => calls_wanted(decoder, node).map(Some),
        None => Some(None),
    };
    let order = match fields.optional("order") {
        Some(node) => decoder.word(node, &CallOrder::ALL),
        None => Some(CallOrder::InOrder),
    };
    let arguments = match fields.optional("arguments") {
        Some(node) => decoder.word(node, &ArgumentsMatch::ALL),
        None => Some(ArgumentsMatch::Partial),
    };
    let schema_node = fields.optional("schema");
    let schema = match schema_node {
        Some(node) => decoder.boolean(node),
        None => Some(false),
    };
    if calls_node.is_none() && schema == Some(false) {
        let kind = fields.required(decoder, "kind")?;
        let help = "say which `calls` are wanted, or that they must follow the `schema`";
        decoder.error(
            "missing-key",
            kind.span,
            "nothing is asked of the calls",
            help,
        );
        return None;
    }
    Some(ToolCallsRule {
        calls: calls?,
        order: order?,
        arguments: arguments?,
        schema: schema?,
    })
}

fn calls_wanted(decoder: &mut Decoder<'_>, node: &Node) -> Option<CallsWanted> {
    match node.value {
        Value::Map(_) => column(decoder, node).map(CallsWanted::Column),
        _ => decoder.list_of(node, call).map(CallsWanted::Fixed),
    }
}

fn call(decoder: &mut Decoder<'_>, node: &Node) -> Option<WantedCall> {
    let call = WantedCall::read(&node.to_json());
    if call.is_none() {
        let help = "write the tool's name, or `{ name: …, arguments: { … } }`";
        decoder.error("invalid-call", node.span, "this is not a call", help);
    }
    call
}
