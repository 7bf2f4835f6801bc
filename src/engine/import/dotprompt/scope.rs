//! What names mean at a place of a template: in which context it is rendered, in which loops, and with
//! which names of blocks and partials.

use super::value::Named;

/// The contexts, loops and names around a place.
#[derive(Debug, Default)]
pub(super) struct Scope {
    frames: Vec<Frame>,
    loops: Vec<Loop>,
    /// Where the partial that is being read begins: `../` does not lead out of it.
    floor: usize,
}

/// A context, and the names that came with it.
#[derive(Debug)]
pub(super) struct Frame {
    /// The context; absent: that of the whole template.
    pub(super) context: Option<Named>,
    /// What a block calls its values (`as |name|`). Blocks inside see it, partials do not.
    pub(super) names: Vec<(String, Named)>,
    /// Fields that a partial's parameters add to the context.
    pub(super) fields: Vec<(String, Named)>,
}

/// What is so many levels above a place.
pub(super) enum Level<'s> {
    /// The whole template.
    Template,
    /// A context inside it.
    Frame(&'s Frame),
    /// Nothing: the way leads out of the template, or of a partial.
    Outside,
}

impl Frame {
    /// The frame of a context, with nothing beside it.
    pub(super) fn new(context: Option<Named>) -> Self {
        Self {
            context,
            names: Vec::new(),
            fields: Vec::new(),
        }
    }
}

/// A loop.
#[derive(Debug)]
pub(super) struct Loop {
    /// The name under which loops inside it know it.
    pub(super) alias: String,
    /// Whether they need it.
    pub(super) is_asked_for: bool,
    /// The expression for the key of the item, where the loop goes through a mapping.
    pub(super) key: Option<String>,
}

impl Scope {
    /// The level that is `up` levels above this place.
    pub(super) fn level(&self, up: usize) -> Level<'_> {
        if up > self.frames.len() - self.floor {
            return Level::Outside;
        }
        let index = (self.frames.len() - up).checked_sub(1);
        match index.and_then(|index| self.frames.get(index)) {
            Some(frame) => Level::Frame(frame),
            None => Level::Template,
        }
    }

    /// Whether this place is rendered with the context of the whole template and no other.
    pub(super) fn is_at_root(&self) -> bool {
        let is_root = |frame: &Frame| frame.context.is_none() && frame.fields.is_empty();
        self.frames.iter().all(is_root)
    }

    /// What a block around this place calls so.
    pub(super) fn name(&self, name: &str) -> Option<&Named> {
        let frames = self.frames[self.floor..].iter().rev();
        find(frames.flat_map(|frame| &frame.names), name)
    }

    /// The loop that is `up` levels above the innermost one.
    pub(super) fn enclosing(&mut self, up: usize) -> Option<&mut Loop> {
        let index = self.loops.len().checked_sub(up + 1)?;
        self.loops.get_mut(index)
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    pub(super) fn pop(&mut self) {
        self.frames.pop();
    }

    pub(super) fn push_loop(&mut self, inner: Loop) {
        self.loops.push(inner);
    }

    pub(super) fn pop_loop(&mut self) -> Option<Loop> {
        self.loops.pop()
    }

    /// How many loops there are around this place.
    pub(super) fn loop_count(&self) -> usize {
        self.loops.len()
    }

    /// Begins a partial: its own context is the one below which `../` does not lead.
    pub(super) fn enter_partial(&mut self, frame: Frame) -> usize {
        let floor = self.floor;
        self.frames.push(frame);
        self.floor = self.frames.len();
        floor
    }

    /// Ends a partial.
    pub(super) fn leave_partial(&mut self, floor: usize) {
        self.frames.pop();
        self.floor = floor;
    }
}

/// The value of this name.
pub(super) fn find<'n>(
    mut names: impl Iterator<Item = &'n (String, Named)>,
    name: &str,
) -> Option<&'n Named> {
    let found = names.find(|(known, _)| known == name)?;
    Some(&found.1)
}
