//! "Did you mean": the known word that is nearest to a mistyped one.

use std::fmt::Write as _;

/// The nearest of `known` to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = lower.chars().count();
    let farthest = |candidate: &str| 1 + candidate.chars().count() / 4;
    known
        .into_iter()
        // Texts are at least as far apart as their lengths are, and a whole file is compared with nothing.
        .filter(|candidate| length.abs_diff(candidate.chars().count()) <= farthest(candidate))
        .map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= farthest(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A help sentence that names the nearest known word, or else all of them.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "there is none to choose from".to_owned(),
        None => format!("known here: {}", join_names(&known)),
    }
}

/// Names for a sentence: the first twelve, and how many more there are.
fn join_names(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_word_and_nonsense_lists_the_choice() {
        let known = ["model", "messages", "variables"];
        assert_eq!(did_you_mean("mesages", known), "did you mean `messages`?");
        assert_eq!(did_you_mean("Model", known), "did you mean `model`?");
        assert_eq!(
            did_you_mean("zebra", known),
            "known here: `model`, `messages`, `variables`"
        );
    }
}
