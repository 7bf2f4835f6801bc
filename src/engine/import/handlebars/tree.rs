//! A Handlebars template as a tree. Ranges are bytes of the template's text.

use std::ops::Range;

use super::characters::is_space;

/// A stretch of statements: a whole template, or the inside of a block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    /// The statements.
    pub body: Vec<Statement>,
    /// Whether this is an `else` with a block of its own, as in `{{else if x}}`.
    pub(super) chained: bool,
}

/// One statement and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub range: Range<usize>,
    /// Which white space beside it goes.
    pub(super) strip: Strip,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Text.
    Text(Text),
    /// `{{! ... }}`.
    Comment(String),
    /// `{{x}}`, `{{{x}}}` or `{{helper x}}`.
    Print(Call),
    /// `{{#x}} ... {{/x}}`.
    Block(Box<Block>),
    /// `{{> x}}`.
    Partial(Partial),
}

/// Text, as it is printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// What is printed.
    pub value: String,
    /// What stood there before white space was taken away.
    pub(super) original: String,
    pub(super) stripped_left: bool,
    pub(super) stripped_right: bool,
}

/// A name with parameters: a variable, where there are none.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called or looked up.
    pub name: Expression,
    /// The parameters by position.
    pub params: Vec<Expression>,
    /// The parameters by name.
    pub hash: Vec<(String, Expression)>,
    /// Where.
    pub range: Range<usize>,
}

/// A block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What decides over it.
    pub call: Call,
    /// The names after `as`.
    pub names: Vec<String>,
    /// What is rendered if it holds; absent where only `{{^x}}` is.
    pub program: Option<Program>,
    /// What is rendered if it does not.
    pub inverse: Option<Program>,
    pub(super) open_strip: Strip,
    pub(super) inverse_strip: Strip,
    pub(super) close_strip: Strip,
}

/// The use of another template.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial {
    /// Its name, and its parameters.
    pub call: Call,
    /// The white space before it on its line, where it stands alone there: what it prints is indented.
    pub indent: String,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A name.
    Path(Path),
    /// A text.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// `undefined`.
    Undefined,
    /// `(helper x)`.
    Call(Box<Call>),
}

/// A name: `a.b`, `../a`, `this`, `@index`.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Whether it begins with `@`.
    pub is_data: bool,
    /// How many `../` it begins with.
    pub up: usize,
    /// Whether it begins with `this` or `.`, so that it can name no helper.
    pub is_scoped: bool,
    /// The names after all that.
    pub segments: Vec<String>,
    /// As it is written.
    pub original: String,
    /// Where.
    pub range: Range<usize>,
}

/// Whether a `~` takes the white space away before (`open`) and after (`close`) a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Strip {
    pub(super) open: bool,
    pub(super) close: bool,
}

impl Program {
    /// Statements that stand nowhere in a template yet.
    pub fn of(body: Vec<Statement>) -> Self {
        Self {
            body,
            chained: false,
        }
    }

    /// A block as what follows `else` in the block around it: `{{else if x}}`.
    pub fn chained(block: Statement) -> Self {
        Self {
            body: vec![block],
            chained: true,
        }
    }

    /// Takes away the white space around a whole template.
    pub fn trim(&mut self) {
        if let Some(Kind::Text(text)) = self.body.first_mut().map(|it| &mut it.kind) {
            text.value = text.value.trim_start_matches(is_space).to_owned();
        }
        if let Some(Kind::Text(text)) = self.body.last_mut().map(|it| &mut it.kind) {
            text.value = text.value.trim_end_matches(is_space).to_owned();
        }
    }
}

impl Statement {
    /// A statement that stands nowhere in a template yet.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            range: 0..0,
            strip: Strip::default(),
        }
    }

    /// Text that stands nowhere in the template.
    pub fn text(value: &str) -> Self {
        Self::of(Kind::Text(Text::new(value)))
    }
}

impl Block {
    /// A block that stands nowhere in a template yet, without names after `as`.
    pub fn of(call: Call, program: Option<Program>, inverse: Option<Program>) -> Self {
        Self {
            call,
            names: Vec::new(),
            program,
            inverse,
            open_strip: Strip::default(),
            inverse_strip: Strip::default(),
            close_strip: Strip::default(),
        }
    }
}

impl Path {
    /// The path of these names; `is_data` where it begins with `@`.
    pub fn of(segments: &[&str], is_data: bool) -> Self {
        let at = if is_data { "@" } else { "" };
        Self {
            is_data,
            up: 0,
            is_scoped: false,
            segments: segments.iter().map(|name| (*name).to_owned()).collect(),
            original: format!("{at}{}", segments.join(".")),
            range: 0..0,
        }
    }

    /// The name, where it is nothing more than one.
    pub fn simple(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [name] if !self.is_data && !self.is_scoped && self.up == 0 => Some(name),
            _ => None,
        }
    }
}

impl Call {
    /// A name with parameters by position, which stands nowhere in a template yet.
    pub fn of(name: Expression, params: Vec<Expression>) -> Self {
        Self {
            name,
            params,
            hash: Vec::new(),
            range: 0..0,
        }
    }

    /// A helper with parameters by position.
    pub fn of_helper(name: &str, params: Vec<Expression>) -> Self {
        Self::of(Expression::Path(Path::of(&[name], false)), params)
    }

    /// The name, where it may be that of a helper.
    pub fn helper(&self) -> Option<&str> {
        match &self.name {
            Expression::Path(path) => path.simple(),
            _ => None,
        }
    }

    /// Whether it has no parameters.
    pub fn is_bare(&self) -> bool {
        self.params.is_empty() && self.hash.is_empty()
    }
}

impl Text {
    pub(super) fn new(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            original: value.to_owned(),
            stripped_left: false,
            stripped_right: false,
        }
    }
}
