//! What prompts become, and that they are the same prompts when they are read again.

mod reference;
mod refused;
mod round_trip;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::*;
use crate::engine::import::dotprompt::import;
use crate::engine::workspace::closure::Inputs;
use crate::engine::workspace::memory::MemoryTree;

fn asked(target: Target) -> Asked {
    Asked {
        target,
        model: None,
        with_partials: true,
    }
}

fn id() -> PromptId {
    PromptId::new("p").expect("a letter is a name")
}

fn convert_in(tree: &MemoryTree, asked: &Asked) -> Converted {
    let converted = convert(&Workspace::new(tree), &id(), asked);
    converted.unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// The messages that a workspace renders, as roles and texts; the error, where it cannot.
fn rendered(tree: &MemoryTree, values: &Value) -> Result<Vec<(String, String)>, String> {
    let closure = Workspace::new(tree).closure(&id());
    let closure = closure.map_err(|findings| format!("{findings:#?}"))?;
    let values: IndexMap<String, Value> =
        serde_json::from_value(values.clone()).expect("values are an object");
    let inputs = Inputs {
        values: &values,
        files: &BTreeMap::new(),
        tree,
    };
    let request = closure
        .render(&inputs, 0)
        .map_err(|error| error.to_string())?;
    let messages = request.messages.into_iter();
    Ok(messages
        .map(|it| (it.role.name().to_owned(), it.content.texts().collect()))
        .collect())
}

/// The workspace that an import of what was converted makes.
fn imported(converted: &Converted) -> MemoryTree {
    let text = converted.text.as_deref();
    let text = text.unwrap_or_else(|| panic!("{:#?}", converted.remarks));
    let mut files = converted.partials.clone();
    files.insert("p.prompt".to_owned(), text.to_owned());
    let tree = MemoryTree(files);
    let import = import(&tree, &["p.prompt".to_owned()], None).expect("the file is there");
    assert!(
        import.files.contains_key("prompts/p.prompt.yml"),
        "{text}\n{:#?}",
        import.remarks
    );
    MemoryTree(import.files)
}

/// A workspace with one prompt, whose messages are these.
fn workspace(variables: &str, messages: &[(&str, &str)]) -> MemoryTree {
    let messages = messages
        .iter()
        .map(|(role, content)| json!({"role": role, "content": content}));
    let messages: Value = messages.collect();
    let text = format!("model: echo/echo\nvariables: {variables}\nmessages: {messages}\n");
    with_partials(&text)
}

/// A workspace with this prompt, and partials that it can include.
fn with_partials(text: &str) -> MemoryTree {
    MemoryTree::new([
        ("prompts/p.prompt.yml", text),
        ("prompts/_partials/tone.md", "\nBe {{ tone }}.\n\n"),
        (
            "prompts/_partials/a/deep.md",
            "{% include \"_partials/tone.md\" %}{% if flag %}!{% endif %}",
        ),
    ])
}

const VARIABLES: &str = "{tone: {type: string, default: kind}, name: {type: string}, n: {type: integer}, \
                         flag: {type: boolean}, xs: {type: array, description: 'what, and (why)'}, \
                         o: {type: object}, role: {type: string}}";

/// Uses every variable, and prints nothing that depends on one.
const USES: &str = "{% if tone == \"-\" %}{% if name == \"-\" %}{% if n == 5 %}{% if flag %}{% if role %}{% for y in xs %}\
                    {{ o.k }}{% endfor %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}.";

fn with_uses(template: &str) -> MemoryTree {
    workspace(
        VARIABLES,
        &[("system", USES), ("user", template), ("assistant", "x")],
    )
}

fn remarks(converted: &Converted) -> Vec<(&str, &str, u32, u32)> {
    let all = converted.remarks.iter();
    all.map(|it| {
        let span = it.place.span.unwrap_or_default();
        (
            it.ident.as_str(),
            it.place.path.as_str(),
            span.line,
            span.column,
        )
    })
    .collect()
}

/// Templates, and what they become.
const TEMPLATES: [(&str, &str); 22] = [
    ("Dear {{ name }}, {{ n }}", "Dear {{name}}, {{n}}"),
    (
        "{% if flag %}a{% elif not name %}b{% else %}c{% endif %}",
        "{{#if flag}}a{{else if name}}c{{else}}b{{/if}}",
    ),
    (
        "{% if flag %}a{% elif name %}b{% else %}c{% endif %}",
        "{{#if flag}}a{{else if name}}b{{else}}c{{/if}}",
    ),
    (
        "{% if not flag %}a{% endif %}",
        "{{#unless flag}}a{{/unless}}",
    ),
    (
        "{% if flag and n == 2 %}a{% endif %}",
        "{{#if flag}}{{#ifEquals n 2}}a{{/ifEquals}}{{/if}}",
    ),
    (
        "{% if flag or name %}a{% endif %}",
        "{{#if flag}}a{{else if name}}a{{/if}}",
    ),
    (
        "{% if name != 'Ada' %}a{% endif %}",
        "{{#unlessEquals name \"Ada\"}}a{{/unlessEquals}}",
    ),
    (
        "{{ flag }}{{ flag|lower }}",
        "{{#if flag}}True{{else}}False{{/if}}{{flag}}",
    ),
    (
        "{{ xs|join(',') }}; {{ xs|join(' + ') }}",
        "{{xs}}; {{#each xs as |item|}}{{item}}{{#unless @last}} + {{/unless}}{{/each}}",
    ),
    (
        "{{ xs|length }} {{ xs[0] }} {{ o.k }} {{ o['a b'] }}",
        "{{xs.length}} {{xs.[0]}} {{o.k}} {{o.[a b]}}",
    ),
    ("{{ o|tojson }}", "{{json o}}"),
    ("{{ o[name] }}", "{{lookup o name}}"),
    ("{{ name|default('you') }}", "{{name}}"),
    (
        "{{ name|default('you', true) }} {{ name or 'you' }}",
        "{{#if name}}{{name}}{{else}}you{{/if}} {{#if name}}{{name}}{{else}}you{{/if}}",
    ),
    (
        "{{ name or tone or 'you' }}",
        "{{#if name}}{{name}}{{else if tone}}{{tone}}{{else}}you{{/if}}",
    ),
    ("{{ 'a' ~ name }}{{ 1 + 2 }}", "a{{name}}3"),
    (
        "{% for x in xs %}{{ loop.index0 }} {{ x.y }} {{ name }}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}",
        "{{#each xs as |x|}}{{@index}} {{x.y}} {{@root.name}}{{#unless @last}}, {{/unless}}{{else}}none{{/each}}",
    ),
    (
        "{% for key, value in o|items %}{{ key }}={{ value }} {% endfor %}",
        "{{#each o as |value key|}}{{key}}={{value}} {{/each}}",
    ),
    (
        "{{ role }}{% for with in xs %}{{ with }}{% endfor %}",
        "{{@root.role}}{{#each xs as |with_|}}{{with_}}{{/each}}",
    ),
    (
        "{% include '_partials/a/deep.md' %}\n{% for x in xs %}{% include '_partials/tone.md' %}{% endfor %}",
        "{{> a/deep}}\n{{#each xs as |x|}}{{!}}\nBe {{@root.tone}}.\n{{!}}{{/each}}",
    ),
    (
        "a\n{% if flag %}\nb\n{% endif %}\n{% raw %}{{ c }}{% endraw %}",
        "a\n{{#if flag}}{{!}}\nb\n{{!}}{{/if}}\n\\{{ c }}",
    ),
    (
        "{%- if flag -%} a {%- endif %} { {{ name }}}",
        "{{#if flag}}a{{/if}} { {{name}}{{!}}}",
    ),
];

#[test]
fn what_has_a_counterpart_in_handlebars_is_written_with_it() {
    for (template, handlebars) in TEMPLATES {
        let converted = convert_in(&with_uses(template), &asked(Target::Dotprompt));
        let text = converted.text.clone();
        let text = text.unwrap_or_else(|| panic!("{template}: {:#?}", converted.remarks));
        let (_, text) = text.split_once("{{role \"user\"}}").expect("there is one");
        let (text, _) = text.split_once("{{role \"model\"}}").expect("there is one");
        assert_eq!(text, handlebars, "{template}");
    }
}

const EVERYTHING: &str = "\
name: Triage
description: Routes
model: gemini/gemini-2.0-flash
modelParameters: { temperature: 0.5, maxTokens: 20, stop: [END], topK: 3, apiKey: sk-1 }
variables:
  ticket: { type: string, description: the words }
  locale: { type: string, default: en }
  n: { type: integer }
messages:
  - role: system
    content: |
      {% include \"_partials/tone.md\" %}
      {# a note #}
      In {{ locale }}.

  - role: user
    content: \"{{ ticket }} {{ n }}\"
responseFormat: json_schema
jsonSchema: { name: answer, strict: true, schema: { type: object, properties: { q: { type: string } } } }
tools: [{ type: function, function: { name: look, description: Looks, strict: true, parameters: { type: object } } }]
testData: [{ ticket: a, n: 1, locale: en, expected: b }]
evaluators: [{ name: says b, string: { contains: b } }]
evals: [{ dataset: golden, evaluators: [tone] }]
";

fn everything() -> MemoryTree {
    MemoryTree::new([
        ("prompts/p.prompt.yml", EVERYTHING),
        ("prompts/_partials/tone.md", "Be kind.\n"),
    ])
}

#[test]
fn settings_become_those_of_dotprompt_and_what_does_not_is_listed() {
    let converted = convert_in(&everything(), &asked(Target::Dotprompt));
    insta::assert_snapshot!(converted.text.as_deref().unwrap_or_default());
    assert_eq!(converted.partials["_tone.prompt"], "Be kind.");
    let path = "prompts/p.prompt.yml";
    let mut found = remarks(&converted);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("comment", path, 13, 7),
            ("evals", path, 23, 1),
            ("schema-name", path, 19, 15),
            ("secret", path, 4, 75),
            ("strict", path, 19, 29),
            ("strict", path, 20, 1),
            ("tests", path, 21, 1),
            ("tests", path, 22, 1),
        ]
    );
}

#[test]
fn settings_become_those_of_github_and_what_does_not_is_listed() {
    let converted = convert_in(&everything(), &asked(Target::Github));
    insta::assert_snapshot!(converted.text.as_deref().unwrap_or_default());
    let path = "prompts/p.prompt.yml";
    let mut found = remarks(&converted);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("comment", path, 13, 7),
            ("declaration", path, 6, 3),
            ("declaration", path, 7, 3),
            ("evals", path, 23, 1),
            ("parameter", path, 4, 53),
            ("parameter", path, 4, 66),
            ("secret", path, 4, 75),
            ("tools", path, 20, 1),
            ("variable-type", path, 8, 3),
        ]
    );
}

#[test]
fn what_is_written_for_github_is_a_prompt_of_ours_with_the_same_tests() {
    let tree = everything();
    let converted = convert_in(&tree, &asked(Target::Github));
    let text = converted.text.expect("it is converted");
    let back = MemoryTree::new([("prompts/p.prompt.yml", text.as_str())]);
    let values = json!({"ticket": "help", "locale": "de", "n": "4"});
    assert_eq!(rendered(&back, &values), rendered(&tree, &values));
    let [before, after] =
        [&tree, &back].map(|tree| Workspace::new(tree).prompt(&id()).expect("it is right"));
    assert_eq!(after.response_format, before.response_format);
    let row = &after.own.rows[0];
    assert_eq!(
        json!(row.vars),
        json!({"ticket": "a", "n": "1", "locale": "en"})
    );
    assert_eq!(row.expected, before.own.rows[0].expected);
    assert_eq!(after.own.evaluators[0].rule, before.own.evaluators[0].rule);
}

#[test]
fn a_line_break_more_than_github_cuts_is_told() {
    for (text, is_told) in [("a\n", false), ("a\n\n", true)] {
        let tree = workspace("{}", &[("user", text)]);
        let converted = convert_in(&tree, &asked(Target::Github));
        let told = |it: &Finding| it.ident == "final-line-break";
        assert_eq!(converted.remarks.iter().any(told), is_told, "{text:?}");
    }
}

#[test]
fn pictures_and_documents_are_named_by_variables() {
    let text = "model: echo/echo\nvariables: {photo: {type: image}, doc: {type: file}}\nmessages:\n  - role: user\n    content:\n      - {type: text, text: Look}\n      - {type: image, variable: photo}\n      - {type: file, variable: doc}\n";
    let tree = MemoryTree::new([("prompts/p.prompt.yml", text)]);
    let converted = convert_in(&tree, &asked(Target::Dotprompt));
    let back = imported(&converted);
    let [before, after] =
        [&tree, &back].map(|tree| Workspace::new(tree).prompt(&id()).expect("it is right"));
    let shown = |prompt: &crate::domain::prompt::Prompt| {
        let content = &prompt.messages[0].content;
        content.to_json(|_, _| Value::Null)
    };
    assert_eq!(shown(&after), shown(&before));
    let found: Vec<&str> = converted
        .remarks
        .iter()
        .map(|it| it.ident.as_str())
        .collect();
    assert_eq!(
        found,
        [
            "built-in-model",
            "media-address",
            "media-address",
            "media-type"
        ]
    );
    assert_eq!(convert_in(&tree, &asked(Target::Github)).text, None);
}

#[test]
fn without_partials_what_is_included_is_written_out() {
    let tree = with_uses("{% include '_partials/a/deep.md' %}");
    let asked = Asked {
        with_partials: false,
        ..asked(Target::Dotprompt)
    };
    let converted = convert_in(&tree, &asked);
    assert!(converted.partials.is_empty());
    let values = values_of("b", 1, true, &["x"], &json!({"k": "v"}));
    assert_eq!(
        rendered(&imported(&converted), &values),
        rendered(&tree, &values)
    );
}

fn values_of(text: &str, n: i64, flag: bool, xs: &[&str], o: &Value) -> Value {
    json!({"tone": text, "name": text, "role": text, "n": n, "flag": flag, "xs": xs, "o": o})
}
