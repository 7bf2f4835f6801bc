//! Reads evaluators that ask a model: `llm`, with the judge's prompt and the words it may answer with.

use serde_json::Map;

use crate::domain::content::Content;
use crate::domain::evaluator::{Choice, JudgeRule, JudgeVerdict, Rule};
use crate::domain::finding::Span;
use crate::domain::id::EvaluatorId;
use crate::domain::prompt::{Message, ModelRef, OwnTests, Prompt, ResponseFormat, Role, Template};

use super::super::decode::Decoder;
use super::super::document::Node;
use super::super::prompt::model;
use super::super::variables::derived;
use super::{required_text, scalar};

/// Under which name a judge sees the answer.
const ANSWER: &str = "completion";

/// A judge that stands in the file of the prompt whose answers it grades.
pub(super) struct OwnJudge {
    pub(super) model: (ModelRef, Span),
    /// What is said to it, by whom, and where that stands.
    pub(super) messages: Vec<(Role, String, Span)>,
    pub(super) choices: Vec<Choice>,
}

/// Reads a judge that is written out.
pub(super) fn llm(
    decoder: &mut Decoder<'_>,
    id: &EvaluatorId,
    node: &Node,
) -> Option<(Rule, Option<Prompt>)> {
    let mut fields = decoder.fields(node)?;
    let model_node = fields.required(decoder, "modelId");
    let model = model_node.and_then(|node| Some((model(decoder, node)?, node.span)));
    let system = match fields.optional("systemPrompt") {
        Some(node) => Some((Role::System, scalar(decoder, node)?, node.span)),
        None => None,
    };
    let asked = required_text(decoder, &mut fields, "prompt");
    let choices = fields
        .required(decoder, "choices")
        .and_then(|node| choices(decoder, node));
    fields.finish(decoder);
    let (asked, asked_span) = asked?;
    let mut messages: Vec<_> = system.into_iter().collect();
    messages.push((Role::User, asked, asked_span));
    let judge = OwnJudge {
        model: model?,
        messages,
        choices: choices?,
    };
    let (rule, judge) = judge.into_rule(id, node.span);
    if !judge.variables.contains_key(ANSWER) {
        let message = "the judge does not look at the answer";
        let help = "use `{{completion}}` in `prompt`, and nothing but plain variables";
        decoder.error("blind-judge", asked_span, message, help);
        return None;
    }
    Some((rule, Some(judge)))
}

fn choices(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<Choice>> {
    let choices = decoder.list_of(node, |decoder, node| {
        let mut fields = decoder.fields(node)?;
        let word = required_text(decoder, &mut fields, "choice");
        let score = fields
            .required(decoder, "score")
            .and_then(|node| decoder.number_within(node, 0.0, 1.0));
        fields.finish(decoder);
        let (word, _) = word?;
        Some(Choice {
            word,
            score: score?,
        })
    })?;
    if choices.iter().any(|choice| choice.score > 0.0) {
        return Some(choices);
    }
    let help = "give a `score` above 0 to the choices that pass";
    decoder.error("out-of-range", node.span, "no choice passes", help);
    None
}

impl OwnJudge {
    /// The rule of the evaluator `id`, and the prompt of the judge that it asks.
    pub(super) fn into_rule(self, id: &EvaluatorId, span: Span) -> (Rule, Prompt) {
        let message = |(role, text, span): (Role, String, Span)| Message {
            role,
            content: Content::Text(Template { text, span }),
        };
        let messages: Vec<Message> = self.messages.into_iter().map(message).collect();
        let (model, model_span) = self.model;
        let judge = Prompt {
            id: id.own_judge(),
            name: None,
            description: None,
            model,
            model_span,
            model_parameters: Map::new(),
            variables: derived(&messages),
            messages,
            response_format: ResponseFormat::Text,
            tools: Vec::new(),
            evals: Vec::new(),
            own: OwnTests::default(),
        };
        let rule = Rule::LlmJudge(JudgeRule {
            prompt: (judge.id.clone(), span),
            verdict: JudgeVerdict::Choices(self.choices),
            calibration: None,
        });
        (rule, judge)
    }
}
