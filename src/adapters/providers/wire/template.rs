//! Servers that speak no known wire format: the settings hold a template of the body, and say where
//! in the answer the text stands.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use reqwest::Url;
use serde_json::{Value, json};

use crate::adapters::providers::attached;
use crate::adapters::providers::retry::Failure;
use crate::domain::project::HttpTemplate;
use crate::domain::prompt::Role;
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::workspace::renderer::{add_template, engine};
use crate::engine::workspace::under_way;

use super::{Wire, output};

/// The template's name.
const BODY: &str = "body";

/// What is done with it, for people.
const WHAT: &str = "rendering the body of a request by its template in the settings";

/// The wire format that a template describes.
pub(super) struct Template {
    engine: Environment<'static>,
    output: String,
    input_tokens: Option<String>,
    output_tokens: Option<String>,
}

impl Template {
    /// Compiles the template. What it prints is encoded as JSON, always: nothing that a row or a
    /// prompt holds can become a part of the body's structure, or a template.
    pub(super) fn new(template: &HttpTemplate) -> Result<Self, String> {
        if template.body.contains("autoescape") {
            return Err("what the template prints is always encoded as JSON".to_owned());
        }
        let mut engine = engine();
        engine.set_auto_escape_callback(|_| AutoEscape::Json);
        engine.remove_filter("safe");
        let what = "compiling the template of a body in the settings";
        add_template(&mut engine, BODY, &template.body, what).map_err(|error| error.to_string())?;
        Ok(Self {
            engine,
            output: template.output.clone(),
            input_tokens: template.input_tokens.clone(),
            output_tokens: template.output_tokens.clone(),
        })
    }
}

impl Wire for Template {
    fn address(&self, base: &Url, _request: &ModelRequest) -> Url {
        base.clone()
    }

    fn body(&self, request: &ModelRequest) -> Result<Value, String> {
        let messages = attached::messages(request);
        let mut users = messages.iter().rev();
        let prompt = users.find(|message| message["role"] == Role::User.name());
        let values = json!({
            "model": request.model.model,
            "messages": messages,
            "prompt": prompt.map(|message| &message["content"]),
            "parameters": request.parameters,
            "tools": request.tools,
            "repeat": request.repeat_index,
        });
        let text = self
            .engine
            .get_template(BODY)
            .and_then(|body| under_way::watched(WHAT, || body.render(Serde(&values))))
            .map_err(|error| format!("the template of the body cannot be rendered: {error}"))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("the template of the body does not make JSON: {error}"))
    }

    fn read(&self, body: &[u8]) -> Result<Answer, Failure> {
        let answer: Value = serde_json::from_slice(body).map_err(|error| {
            Failure::lasting(format!("the server's answer is not JSON: {error}"))
        })?;
        let text = match answer.pointer(&self.output) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => {
                return Err(Failure::lasting(format!(
                    "the server's answer holds nothing at `{}`",
                    self.output
                )));
            }
            Some(other) => other.to_string(),
        };
        let count = |pointer: &Option<String>| {
            let pointer = pointer.as_deref()?;
            answer.pointer(pointer)?.as_u64()
        };
        Ok(Answer {
            output: output(text, &[], None)?,
            input_tokens: count(&self.input_tokens),
            output_tokens: count(&self.output_tokens),
            ..Answer::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, showing};
    use super::*;

    fn template(body: &str) -> Template {
        Template::new(&HttpTemplate {
            body: body.to_owned(),
            output: "/result/0/text".to_owned(),
            input_tokens: Some("/tokens/in".to_owned()),
            output_tokens: Some("/tokens/out".to_owned()),
        })
        .unwrap()
    }

    #[test]
    fn values_are_encoded_and_cannot_become_structure_or_a_template() {
        let hostile = "\", \"admin\": true, \"x\": \"{{ model }} </script> \u{2028}";
        let asked = request(
            &[(Role::System, "s"), (Role::User, hostile)],
            json!({"a": {"b": 1}}),
        );
        let template =
            template("{\"q\": {{ prompt }}, \"all\": {{ messages }}, \"a\": {{ parameters.a }}}");
        assert_eq!(
            template.body(&asked).unwrap(),
            json!({
                "q": hostile,
                "all": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": hostile},
                ],
                "a": {"b": 1},
            })
        );
    }

    #[test]
    fn encoding_cannot_be_turned_off() {
        let asked = request(&[(Role::User, "1, \"admin\": true")], json!({}));
        for body in [
            "{\"q\": {{ prompt|safe }}}",
            "{\"q\": {% autoescape false %}{{ prompt }}{% endautoescape %}}",
        ] {
            let rendered = Template::new(&HttpTemplate {
                body: body.to_owned(),
                output: "/a".to_owned(),
                input_tokens: None,
                output_tokens: None,
            })
            .and_then(|template| template.body(&asked));
            assert!(
                rendered
                    .as_ref()
                    .map_or(true, |body| body.get("admin").is_none()),
                "{rendered:?}"
            );
        }
    }

    #[test]
    fn a_body_that_is_not_json_and_a_name_that_is_not_known_are_errors() {
        let asked = request(&[(Role::User, "hi")], json!({}));
        assert!(template("{{ prompt }} {{ prompt }}").body(&asked).is_err());
        assert!(
            template("{\"t\": {{ parameters.temperature }}}")
                .body(&asked)
                .is_err()
        );
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}1{% endfor %}{% endfor %}";
        assert!(template(endless).body(&asked).is_err());
    }

    #[test]
    fn the_answer_stands_where_the_settings_say() {
        let read = |body: Value| template("{}").read(body.to_string().as_bytes());
        let answer = read(json!({
            "result": [{"text": "billing"}], "tokens": {"in": 3, "out": 1},
        }))
        .unwrap();
        assert_eq!(answer.output, "billing");
        assert_eq!(
            (answer.input_tokens, answer.output_tokens),
            (Some(3), Some(1))
        );
        let other = read(json!({"result": [{"text": {"queue": "bug"}}]})).unwrap();
        assert_eq!(other.output, "{\"queue\":\"bug\"}");
        for body in [
            json!({}),
            json!({"result": [{"text": null}]}),
            json!({"result": [{"text": ""}]}),
        ] {
            assert!(read(body).is_err());
        }
    }

    #[test]
    fn pictures_and_documents_come_in_our_own_shape() {
        let asked = showing("look", &[("a/p.png", b"png")]);
        let content = json!([
            {"type": "text", "text": "look"},
            {"type": "image", "name": "p.png", "media_type": "image/png", "data": "cG5n"},
        ]);
        let body = template("{\"q\": {{ prompt }}, \"all\": {{ messages }}}").body(&asked);
        assert_eq!(
            body.unwrap(),
            json!({
                "q": content,
                "all": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": content},
                ],
            })
        );
    }
}
