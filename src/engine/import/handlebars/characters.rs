//! Which characters mean what in a tag.

/// What JavaScript calls white space.
pub(super) fn is_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// Whether a name may hold this character.
pub(super) fn is_name(character: char) -> bool {
    !is_space(character)
        && !matches!(
            character,
            '!' | '"' | '#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~'
        )
}

/// Whether a name may end before this character.
pub(super) fn ends_name(character: char) -> bool {
    is_space(character) || matches!(character, '=' | '~' | '}' | '/' | '.' | ')' | ']' | '|')
}

/// Whether a number or a word like `true` may end before this character.
pub(super) fn ends_literal(character: char) -> bool {
    is_space(character) || matches!(character, '~' | '}' | ')' | ']')
}
