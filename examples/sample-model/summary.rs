//! Answering from a passage: the sentences that share most words with the question.

use crate::words::stems;

/// The passage's best sentences, as the instructions want them.
pub(crate) fn answer(instructions: &str, input: &str) -> String {
    let (question, passage) = read(input);
    let found = best_sentences(question, passage);
    if found.is_empty() && instructions.contains("not in the passage") {
        return "not in the passage".to_owned();
    }
    let mut answer = if found.is_empty() {
        "That is handled case by case, please ask your team lead.".to_owned()
    } else {
        found.join(" ")
    };
    if !instructions.contains("only the passage") {
        answer.push_str(" Most parcel services work like this nowadays, so customers rarely mind.");
    }
    if instructions.contains("[source: passage]") {
        answer.push_str(" [source: passage]");
    }
    answer
}

/// The question and the passage of an input in the handbook prompts' layout.
pub(crate) fn read(input: &str) -> (&str, &str) {
    let (question, passage) = input.split_once("Passage:").unwrap_or((input, ""));
    let question = question.trim().trim_start_matches("Question:");
    (question.trim(), passage.trim())
}

/// The sentence that shares most words with the question, and the one after it if it shares as
/// many. None where fewer than half of the question's words, or fewer than two, are met.
pub(crate) fn best_sentences<'a>(question: &str, passage: &'a str) -> Vec<&'a str> {
    let asked = stems(question);
    let sentences: Vec<&str> = passage
        .split_inclusive(". ")
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
        .collect();
    let shared: Vec<usize> = sentences
        .iter()
        .map(|sentence| {
            let said = stems(sentence);
            asked.iter().filter(|stem| said.contains(stem)).count()
        })
        .collect();
    let most = shared.iter().copied().max().unwrap_or(0);
    if most < 2 || most * 2 < asked.len() {
        return Vec::new();
    }
    let best = sentences
        .iter()
        .zip(&shared)
        .filter(|(_, count)| **count == most);
    best.map(|(sentence, _)| *sentence).take(2).collect()
}
