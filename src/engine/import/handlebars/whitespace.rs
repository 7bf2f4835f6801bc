//! The white space that Handlebars takes away: beside a `~`, and around a block's tag, a comment or a
//! partial that stands alone on its line.

use super::characters::is_space;
use super::tree::{Block, Kind, Program, Statement, Strip, Text};

/// Takes white space away in a whole template.
pub(super) fn take_white_space_away(program: &mut Program) {
    visit(program, true);
}

/// What a statement asks of its surroundings.
#[derive(Default)]
struct Wish {
    strip: Strip,
    /// The opening tag may stand alone on its line.
    opens_alone: bool,
    /// The closing tag may.
    closes_alone: bool,
    /// The whole statement may.
    stands_alone: bool,
}

fn visit(program: &mut Program, is_root: bool) {
    let body = &mut program.body;
    for index in 0..body.len() {
        let strip = body[index].strip;
        let wish = match &mut body[index].kind {
            Kind::Text(_) => continue,
            Kind::Print(_) => Wish {
                strip,
                ..Wish::default()
            },
            Kind::Comment(_) | Kind::Partial(_) => Wish {
                strip,
                stands_alone: true,
                ..Wish::default()
            },
            Kind::Block(block) => visit_block(block),
        };
        let line_before = ends_a_line(body, index, is_root);
        let line_after = begins_a_line(body, index + 1, is_root);
        if wish.strip.close {
            cut_after(body, index + 1, true);
        }
        if wish.strip.open {
            cut_before(body, index, true);
        }
        if wish.stands_alone && line_before && line_after {
            cut_after(body, index + 1, false);
            if cut_before(body, index, false) {
                indent_partial(body, index);
            }
        }
        if wish.opens_alone && line_before {
            if let Some(inside) = first_part(&mut body[index]) {
                cut_after(&mut inside.body, 0, false);
            }
            cut_before(body, index, false);
        }
        if wish.closes_alone && line_after {
            cut_after(body, index + 1, false);
            if let Some(inside) = last_part(&mut body[index]) {
                let end = inside.body.len();
                cut_before(&mut inside.body, end, false);
            }
        }
    }
}

fn visit_block(block: &mut Block) -> Wish {
    for part in [&mut block.program, &mut block.inverse]
        .into_iter()
        .flatten()
    {
        visit(part, false);
    }
    let mut wish = Wish {
        strip: Strip {
            open: block.open_strip.open,
            close: block.close_strip.close,
        },
        ..Wish::default()
    };
    let (open, middle, close) = (block.open_strip, block.inverse_strip, block.close_strip);
    let (program, inverse) = match (&mut block.program, &mut block.inverse) {
        (Some(program), inverse) => (program, inverse.as_mut()),
        (None, Some(program)) => (program, None),
        (None, None) => return wish,
    };
    wish.opens_alone = begins_a_line(&program.body, 0, false);
    if open.close {
        cut_after(&mut program.body, 0, true);
    }
    let Some(inverse) = inverse else {
        let end = program.body.len();
        wish.closes_alone = ends_a_line(&program.body, end, false);
        if close.open {
            cut_before(&mut program.body, end, true);
        }
        return wish;
    };
    let first = of_chain(inverse);
    wish.closes_alone = ends_a_line(&first.body, first.body.len(), false);
    if middle.open {
        let end = program.body.len();
        cut_before(&mut program.body, end, true);
    }
    if middle.close {
        cut_after(&mut first.body, 0, true);
    }
    if close.open {
        let end = first.body.len();
        cut_before(&mut first.body, end, true);
    }
    let end = program.body.len();
    if ends_a_line(&program.body, end, false) && begins_a_line(&first.body, 0, false) {
        cut_before(&mut program.body, end, false);
        cut_after(&mut first.body, 0, false);
    }
    wish
}

/// The part after an `else`: that of the first block, where it begins a chain.
fn of_chain(inverse: &mut Program) -> &mut Program {
    if !inverse.chained {
        return inverse;
    }
    match inverse
        .body
        .first_mut()
        .map(|statement| &mut statement.kind)
    {
        Some(Kind::Block(block)) => block.program.get_or_insert_default(),
        _ => unreachable!("a chained `else` holds one block"),
    }
}

fn first_part(statement: &mut Statement) -> Option<&mut Program> {
    match &mut statement.kind {
        Kind::Block(block) => block.program.as_mut().or(block.inverse.as_mut()),
        _ => None,
    }
}

fn last_part(statement: &mut Statement) -> Option<&mut Program> {
    match &mut statement.kind {
        Kind::Block(block) => block.inverse.as_mut().or(block.program.as_mut()),
        _ => None,
    }
}

fn text_at(body: &[Statement], index: usize) -> Option<&Text> {
    match &body.get(index)?.kind {
        Kind::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether the place before the statement at `end` is the beginning of a line.
fn ends_a_line(body: &[Statement], end: usize, is_root: bool) -> bool {
    if end == 0 {
        return is_root;
    }
    let Some(text) = text_at(body, end - 1) else {
        return false;
    };
    let trimmed = text.original.trim_end_matches(is_space);
    let is_all = trimmed.is_empty() && is_root && end == 1;
    is_all || text.original[trimmed.len()..].contains('\n')
}

/// Whether the place before the statement at `start` is the end of a line.
fn begins_a_line(body: &[Statement], start: usize, is_root: bool) -> bool {
    if start >= body.len() {
        return is_root;
    }
    let Some(text) = text_at(body, start) else {
        return false;
    };
    let trimmed = text.original.trim_start_matches(is_space);
    let is_all = trimmed.is_empty() && is_root && start + 1 == body.len();
    let space = &text.original[..text.original.len() - trimmed.len()];
    is_all || space.contains('\n')
}

/// Cuts the beginning of the text at `index`: all white space, or the rest of the line.
fn cut_after(body: &mut [Statement], index: usize, all: bool) {
    let Some(Kind::Text(text)) = body.get_mut(index).map(|it| &mut it.kind) else {
        return;
    };
    if !all && text.stripped_right {
        return;
    }
    let rest = if all {
        text.value.trim_start_matches(is_space)
    } else {
        let rest = text.value.trim_start_matches([' ', '\t']);
        let rest_of_line = rest.strip_prefix('\r').unwrap_or(rest);
        rest_of_line.strip_prefix('\n').unwrap_or(rest_of_line)
    };
    text.stripped_right = rest.len() != text.value.len();
    text.value = rest.to_owned();
}

/// Cuts the end of the text before `index`: all white space, or that of its line. Says whether there
/// was any.
fn cut_before(body: &mut [Statement], index: usize, all: bool) -> bool {
    let before = index.checked_sub(1).and_then(|index| body.get_mut(index));
    let Some(Kind::Text(text)) = before.map(|it| &mut it.kind) else {
        return false;
    };
    if !all && text.stripped_left {
        return false;
    }
    let kept = if all {
        text.value.trim_end_matches(is_space).len()
    } else {
        text.value.trim_end_matches([' ', '\t']).len()
    };
    text.stripped_left = kept != text.value.len();
    text.value.truncate(kept);
    text.stripped_left
}

fn indent_partial(body: &mut [Statement], index: usize) {
    let Some(before) = index.checked_sub(1).and_then(|index| text_at(body, index)) else {
        return;
    };
    let trimmed = before.original.trim_end_matches([' ', '\t']);
    let indent = before.original[trimmed.len()..].to_owned();
    if let Kind::Partial(partial) = &mut body[index].kind {
        partial.indent = indent;
    }
}
