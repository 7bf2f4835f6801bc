//! `pointsman import humanloop`, as a new user tries it.

use crate::support::Sandbox;

#[test]
fn a_folder_of_prompts_and_agents_becomes_a_workspace() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "humanloop/mail/welcome-email.prompt",
        "---\nmodel: gpt-4o\ntemperature: 0.7\nmax_tokens: -1\nprovider: openai\nendpoint: chat\ntools: []\n---\n\
         <system>\n  You write for {{ company }}.\n</system>\n\n<user>\n  Welcome {{customer_name}}.\n</user>\n",
    );
    sandbox.write(
        "humanloop/outreach.agent",
        "---\nmodel: claude-3-7-sonnet\nprovider: anthropic\nmax_iterations: 4\n---\n<user>\n{{task}}\n</user>\n",
    );
    let output = sandbox.pointsman(&["import", "humanloop", "humanloop/"]);
    insta::assert_snapshot!(output.exits(1).stdout, @r#"
    error[agent-loop]: the loop of an agent does not come along
      --> humanloop/outreach.agent:4:1
      |
    4 | max_iterations: 4
      | ^^^^^^^^^^^^^^
      = help: the prompt of its model is imported; let your code run the loop

    wrote 3 file(s)
      pointsman.toml
      prompts/mail/welcome-email.prompt.yml
      prompts/outreach.prompt.yml
    1 thing(s) did not come along
    "#);
    insta::assert_snapshot!(sandbox.read("prompts/mail/welcome-email.prompt.yml"), @r#"
    model: openai/gpt-4o
    modelParameters:
      temperature: 0.7
    variables:
      company:
        type: string
      customer_name:
        type: string
    messages:
      - role: system
        content: "You write for {{ company }}."
      - role: user
        content: "Welcome {{ customer_name }}."
    "#);
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn a_file_of_another_tool_with_the_same_ending_is_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.write("a.prompt", "---\nmodel: gpt-4o\n---\n{{role \"user\"}}hi\n");
    sandbox
        .pointsman(&["import", "humanloop", "a.prompt"])
        .exits(1)
        .says("error[other-format]: this looks like a file of dotprompt")
        .says("pointsman import dotprompt");
}
