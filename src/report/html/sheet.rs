//! The layout that every page has. The templates are ours and escape every value; the policy of a page
//! forbids scripts and connections, so that a text stays text even where escaping should fail.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::blocks::Page;

/// The style sheet of every page.
pub const STYLE: &str = include_str!("style.css");

/// What stands for a page in a browser's tabs.
pub const ICON: &str = include_str!("icon.svg");

/// What a page that is served may load and do: nothing, but for our style sheet, our icon, and forms that
/// ask us again.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'";

const TEMPLATES: [(&str, &str); 6] = [
    ("base.jinja", include_str!("base.jinja")),
    ("block.jinja", include_str!("block.jinja")),
    ("cell.jinja", include_str!("cell.jinja")),
    ("cases.jinja", include_str!("cases.jinja")),
    ("charts.jinja", include_str!("charts.jinja")),
    ("steps.jinja", include_str!("steps.jinja")),
];

/// Where a page is shown.
#[derive(Debug, Clone, Copy)]
pub enum Setting<'s> {
    /// In a file of its own: it needs nothing else, and links to nothing.
    Alone,
    /// By `view`, among others.
    Served {
        /// The name of the workspace.
        workspace: &'s str,
        /// The part that it belongs to.
        section: Section,
    },
}

/// A part of what `view` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The loop at a glance.
    Overview,
    /// What is live, and what was.
    Lanes,
    /// What was evaluated.
    Runs,
    /// What happened in production.
    Traces,
    /// What it amounts to.
    Monitor,
    /// What comes back in it.
    Behaviors,
    /// What went wrong.
    Incidents,
}

impl Section {
    /// Every part, with its address and its name.
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Overview, "/", "Overview"),
        (Self::Lanes, "/lanes", "Lanes"),
        (Self::Runs, "/runs", "Runs"),
        (Self::Traces, "/traces", "Traces"),
        (Self::Monitor, "/monitor", "Monitor"),
        (Self::Behaviors, "/behaviors", "Behaviors"),
        (Self::Incidents, "/incidents", "Incidents"),
    ];
}

/// What the layout is filled with.
#[derive(Serialize)]
struct Sheet<'p> {
    page: &'p Page,
    served: bool,
    workspace: &'p str,
    entries: Vec<Entry>,
    policy: String,
    style: &'static str,
    version: &'static str,
}

/// A way to a part.
#[derive(Serialize)]
struct Entry {
    title: &'static str,
    href: &'static str,
    current: bool,
}

impl Page {
    /// The page as HTML. What the templates name, the page has.
    pub fn render(&self, setting: Setting<'_>) -> String {
        let (workspace, current) = match setting {
            Setting::Alone => ("", None),
            Setting::Served { workspace, section } => (workspace, Some(section)),
        };
        let entries = Section::ALL.iter();
        let sheet = Sheet {
            page: self,
            served: current.is_some(),
            workspace,
            entries: entries
                .map(|(section, href, title)| Entry {
                    title,
                    href,
                    current: Some(*section) == current,
                })
                .collect(),
            policy: policy_alone(),
            style: STYLE,
            version: env!("CARGO_PKG_VERSION"),
        };
        let base = ENGINE.get_template("base.jinja");
        base.and_then(|base| base.render(Serde(sheet)))
            .expect("our own template prints our own page")
    }
}

/// What a page that stands alone may load and do: nothing, but for the one style sheet within it.
fn policy_alone() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEMPLATES {
        engine
            .add_template(name, text)
            .expect("our own templates can be read");
    }
    engine
});
