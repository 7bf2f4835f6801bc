//! `--help`: every command shows how it is typed, and what it shows can be typed.

use clap::Command;

/// Every command that is shown, with the words that call it.
fn commands(command: &Command, above: &[String], found: &mut Vec<(Vec<String>, Command)>) {
    let shown = command.get_subcommands();
    for below in shown.filter(|it| !it.is_hide_set() && it.get_name() != "help") {
        let mut words = above.to_vec();
        words.push(below.get_name().to_owned());
        found.push((words.clone(), below.clone()));
        commands(below, &words, found);
    }
}

fn all_commands() -> Vec<(Vec<String>, Command)> {
    let mut found = Vec::new();
    commands(&pointsman::cli::command_line(), &[], &mut found);
    assert!(found.len() > 100, "{} commands", found.len());
    found
}

/// The examples of a command: what stands below `Examples:`, a line each, without remarks.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().or(command.get_after_long_help());
    let text = help.map(ToString::to_string).unwrap_or_default();
    let Some((_, lines)) = text.split_once("Examples:\n") else {
        return Vec::new();
    };
    let lines = lines.lines().take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_command_has_examples() {
    let all = all_commands();
    let without = all
        .iter()
        .filter(|(_, command)| examples(command).is_empty());
    let without: Vec<String> = without.map(|(words, _)| words.join(" ")).collect();
    assert!(
        without.is_empty(),
        "without examples: {}",
        without.join(", ")
    );
}

/// The calls of pointsman in a line of shell, each as its words.
fn calls(line: &str) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = vec![Vec::new()];
    for word in words(line) {
        if ["|", "&&", ";", ">", ">>", "<"].contains(&word.as_str()) {
            calls.push(Vec::new());
        } else if let Some(call) = calls.last_mut() {
            call.push(word);
        }
    }
    calls.retain(|call| call.first().is_some_and(|first| first == "pointsman"));
    calls
}

/// The words of a line of shell, without their quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, ' ') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    assert_eq!(quote, None, "an open quote: {line}");
    words.extend(word);
    words
}

#[test]
fn what_examples_show_can_be_typed() {
    let mut wrong = Vec::new();
    for (names, command) in all_commands() {
        let named = format!("pointsman {}", names.join(" "));
        for example in examples(&command) {
            let example = example.replace("<commit>", &"3f".repeat(20));
            let calls = calls(&example);
            for call in calls {
                if let Err(error) = pointsman::cli::command_line().try_get_matches_from(call) {
                    wrong.push(format!("{named}: {example}\n{error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_of_shell_is_taken_apart_as_a_shell_does() {
    let line =
        r#"kubectl logs a | pointsman traces list --where 'score < 0.5' "say \"no\"" > out.json"#;
    let expected = [
        "pointsman",
        "traces",
        "list",
        "--where",
        "score < 0.5",
        "say \"no\"",
    ];
    assert_eq!(calls(line), [expected.map(str::to_owned).to_vec()]);
}
