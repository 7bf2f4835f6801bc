//! What has no counterpart is refused where it stands.

use super::*;

#[test]
fn what_has_no_counterpart_is_refused_where_it_stands() {
    for (template, ident, piece) in [
        ("ab {{ name|upper }}", "no-counterpart", "upper"),
        ("ab {% set x = 1 %}", "no-counterpart", "set"),
        ("ab {{ xs }}", "printed-value", "xs"),
        ("ab {{ o }}", "printed-value", "o }"),
        ("ab {% if o %}x{% endif %}", "empty-mapping", "o %"),
        ("ab {% if n > 3 %}x{% endif %}", "no-counterpart", "n >"),
        (
            "ab {% if flag == n %}x{% endif %}",
            "compared-values",
            "flag",
        ),
        (
            "ab {% for x in xs if x %}x{% endfor %}",
            "no-counterpart",
            "for",
        ),
        (
            "ab {% for x in name %}x{% endfor %}",
            "no-counterpart",
            "for",
        ),
        (
            "ab {% for x in xs %}{{ loop.index }}{% endfor %}",
            "no-counterpart",
            "loop",
        ),
        ("ab {{ n + 1 }}", "no-counterpart", "n +"),
        ("ab {{ xs[1:2] }}", "no-counterpart", "xs"),
        ("ab {{ o.length }}", "field-name", "o."),
        ("ab {{ range(3) }}", "no-counterpart", "range"),
        (
            "ab {% with y = n %}{{ y }}{% endwith %}",
            "no-counterpart",
            "with",
        ),
        (
            "ab {% filter trim %}x{% endfilter %}",
            "no-counterpart",
            "filter",
        ),
        ("ab <<<dotprompt:role:system>>>", "marker", "ab"),
    ] {
        let tree = with_uses(template);
        let converted = convert_in(&tree, &asked(Target::Dotprompt));
        assert_eq!(converted.text, None, "{template}");
        let found = remarks(&converted);
        let source = Workspace::new(&tree)
            .prompt_source(&id())
            .expect("it is there");
        let line = source.text.lines().last().expect("there are lines");
        let start = line.find(template).expect("it stands there");
        let column = start + template.find(piece).expect("it is a piece") + 1;
        let is_there = found
            .iter()
            .any(|it| it.0 == ident && it.2 == 3 && it.3 as usize == column);
        assert!(is_there, "{template}: {column} {found:?}");
        assert!(found.iter().any(|it| it.0 == "not-converted"));
    }
    let converted = convert_in(&with_uses(" \n "), &asked(Target::Dotprompt));
    assert_eq!(remarks(&converted)[0].0, "empty-message");
}

#[test]
fn conditions_that_would_grow_without_end_are_refused_without_effort() {
    let one = "(name or tone)";
    let condition = vec![one; 40].join(" and ");
    let tree = with_uses(&format!(
        "a {{% if {condition} %}}b{{% else %}}c{{% endif %}}"
    ));
    let converted = convert_in(&tree, &asked(Target::Dotprompt));
    assert_eq!(converted.text, None);
    assert!(remarks(&converted).iter().any(|it| it.0 == "too-large"));
}

#[test]
fn what_github_does_not_know_is_refused_where_it_stands() {
    for (template, ident) in [
        ("ab {% if flag %}x{% endif %}", "no-counterpart"),
        ("ab {{ name|upper }}", "no-counterpart"),
        ("ab {{ flag }}", "no-counterpart"),
        ("ab {{ o.k }}", "no-counterpart"),
        ("ab {% raw %}{{ x }}{% endraw %}", "literal-tag"),
        ("ab {{ '{' }}{{ name }}", "literal-tag"),
        ("ab {{ '{' }}{{ '%' }}", "literal-tag"),
    ] {
        let tree = workspace(VARIABLES, &[("user", template)]);
        let converted = convert_in(&tree, &asked(Target::Github));
        assert_eq!(converted.text, None, "{template}");
        let found = remarks(&converted);
        assert!(
            found.iter().any(|it| it.0 == ident && it.2 == 3),
            "{template}: {found:?}"
        );
    }
}

#[test]
fn a_role_that_is_not_known_there_is_refused() {
    let tree = workspace("{}", &[("developer", "x")]);
    for target in [Target::Github, Target::Dotprompt] {
        let converted = convert_in(&tree, &asked(target));
        assert_eq!(remarks(&converted)[0].0, "unknown-role");
    }
}

#[test]
fn a_judge_in_a_prompts_own_file_is_no_prompt_to_convert() {
    let judge = PromptId::new("prompts/p/tone").expect("judges have names");
    let tree = workspace("{}", &[("user", "x")]);
    let findings = convert(&Workspace::new(&tree), &judge, &asked(Target::Github));
    let findings = findings.expect_err("it is refused").0;
    assert_eq!(findings[0].ident, "own-judge");
}
