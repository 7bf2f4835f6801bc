//! Generated prompts, there and back again.

use proptest::prelude::*;

use super::*;

/// Pieces of templates, with what Handlebars would make something else of.
fn template() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a {}\\\\\n\r!#>'\"/^~&-]{0,6}".prop_map(|text| format!("{{{{ {} }}}}", json!(text))),
        "[a \n\\\\}!>~.]{0,6}",
    ];
    let printed = prop::sample::select(vec![
        "{{ name }}",
        "{{ n }}",
        "{{ flag }}",
        "{{ flag|lower }}",
        "{{ xs|join(', ') }}",
        "{{ xs|join(',') }}",
        "{{ xs|length }}",
        "{{ o.k }}",
        "{{ role }}",
        "{{ name or 'nobody' }}",
        "{{ 'a' if flag else name }}",
        "{{ name ~ n }}",
        "{{ o[\"k\"] }}",
        "{{ name == tone }}",
        "{% include '_partials/tone.md' %}",
        "{% include '_partials/a/deep.md' %}",
        "{{- name -}}",
        "{{ name|default('x', true) }}",
    ])
    .prop_map(str::to_owned);
    let leaf = prop_oneof![3 => text, 2 => printed];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let inside = prop::collection::vec(inner, 0..4).prop_map(|all| all.concat());
        let condition = prop::sample::select(vec![
            "flag", "not flag", "name", "n", "xs", "flag and name", "flag or n", "name == 'b'", "n != 2", "not (name and flag)", "o.k", "n == 0 or not xs",
        ]);
        prop_oneof![
            (condition.clone(), inside.clone(), inside.clone()).prop_map(|(it, yes, no)| format!("{{% if {it} %}}{yes}{{% else %}}{no}{{% endif %}}")),
            (condition, inside.clone()).prop_map(|(it, yes)| format!("{{% if {it} %}}{yes}{{% endif %}}")),
            (prop::sample::select(vec!["x", "name", "item", "json"]), inside.clone()).prop_map(|(x, body)| {
                format!("{{% for {x} in xs %}}{{{{ loop.index0 }}}}{{{{ loop.length }}}}{{{{ {x} }}}}{body}{{% if loop.last %}}.{{% endif %}}{{% endfor %}}")
            }),
            inside.prop_map(|body| format!("{{% for key, value in o|items %}}{{{{ key }}}}{body}{{{{ value }}}}{{% endfor %}}")),
        ]
    })
}

fn messages() -> impl Strategy<Value = Vec<String>> {
    // Each message says something whatever the values are: one that does not is left out there.
    let whole =
        prop::collection::vec(template(), 0..4).prop_map(|all| format!("|{}|", all.concat()));
    let edges = prop::collection::vec(template(), 1..4)
        .prop_map(|all| format!("{}{{{{ '|' }}}}{}", all[0], all.concat()));
    prop::collection::vec(prop_oneof![whole, edges], 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_prompt_that_is_converted_to_dotprompt_and_imported_renders_the_same(
        all in messages(), partials in any::<bool>(), flag in any::<bool>(), n in 0..3_i64,
        text in prop::sample::select(vec!["", "b", "{{x}} <b>\n", "{% if %}"]), xs in prop::sample::select(vec![vec![], vec!["u"], vec!["u", "v w"]]),
    ) {
        let roles = ["system", "user", "assistant", "user"];
        let mut texts: Vec<(&str, &str)> = roles.iter().copied().zip(all.iter().map(String::as_str)).collect();
        texts.push(("user", USES));
        let tree = workspace(VARIABLES, &texts);
        let values = values_of(text, n, flag, &xs, &json!({"k": text, "a": "z"}));
        let asked = Asked { with_partials: partials, ..asked(Target::Dotprompt) };
        let converted = convert_in(&tree, &asked);
        let before = rendered(&tree, &values);
        prop_assert!(before.is_ok(), "{before:?}");
        let back = imported(&converted);
        prop_assert_eq!(rendered(&back, &values), before, "{:?}\n{}", all, converted.text.unwrap_or_default());
    }

    #[test]
    fn a_prompt_that_is_converted_to_github_and_read_renders_the_same(
        all in prop::collection::vec(prop::collection::vec(prop::sample::select(vec![
            "{{ name }}", "{{- n -}}", "text", " ", "\n", "{{ '}' }}", "}", "{% include '_partials/tone.md' %}", "é", "\\", "'\": #", "{{ name ~ '!' }}", "{% raw %}r{% endraw %}", "---",
        ]), 0..8), 1..3),
        text in prop::sample::select(vec!["", "b", "{{x}} <b>\n"]),
    ) {
        let all: Vec<String> = all.iter().map(|pieces| pieces.concat()).collect();
        let mut texts: Vec<(&str, &str)> = all.iter().map(|text| ("user", text.as_str())).collect();
        texts.push(("system", "{{ name }}{{ n }}{{ tone }}"));
        let variables = "{tone: {type: string}, name: {type: string}, n: {type: integer}}";
        let tree = workspace(variables, &texts);
        let converted = convert_in(&tree, &asked(Target::Github));
        let file = converted.text.clone();
        prop_assert!(file.is_some(), "{:#?}", converted.remarks);
        let back = MemoryTree::new([("prompts/p.prompt.yml", file.unwrap_or_default().as_str())]);
        let values = json!({"tone": text, "name": text, "n": "7"});
        prop_assert_eq!(rendered(&back, &values), rendered(&tree, &values), "{:?}", all);
    }
}
