//! Text cut into words, the only thing that the stand-in understands.

/// A text in lower case with one space before and after every word, so that a needle can ask for
/// the start of a word (`" refund"`) or for whole words (`" a refund "`).
pub(crate) fn spaced(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|character: char| !character.is_alphanumeric());
    let mut spaced = String::from(" ");
    for word in words.filter(|word| !word.is_empty()) {
        spaced.push_str(word);
        spaced.push(' ');
    }
    spaced
}

/// The words that carry meaning, cut to six letters so that `deliver` meets `delivered`.
pub(crate) fn stems(text: &str) -> Vec<String> {
    const EMPTY: [&str; 34] = [
        "about", "after", "also", "before", "been", "does", "done", "each", "from", "have", "here",
        "into", "long", "many", "much", "must", "only", "over", "same", "than", "that", "their",
        "them", "then", "there", "they", "this", "what", "when", "where", "which", "with", "will",
        "your",
    ];
    let spaced = spaced(text);
    let words = spaced.split_whitespace();
    let words = words.filter(|word| {
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        digits || word.chars().count() > 3 && !EMPTY.contains(word)
    });
    words.map(|word| word.chars().take(6).collect()).collect()
}
