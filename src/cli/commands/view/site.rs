//! Which page is at which address. Each page is made anew, of what is there now.

use std::path::PathBuf;

use crate::adapters::view::{Asked, Pages, Reply, Sort};
use crate::cli::GlobalArgs;
use crate::cli::commands::status;
use crate::cli::context::Context;
use crate::cli::env::Environment;
use crate::cli::error::CommandError;
use crate::cli::ui::ColorWhen;
use crate::report::html::blocks::Page;
use crate::report::html::overview::overview_page;
use crate::report::html::{ICON, STYLE, Section, Setting};

use super::fault::{Fault, only};
use super::{behaviors, incidents, lanes, monitor, runs, traces};

/// The pages of a workspace.
pub(super) struct Site {
    environment: Environment,
    directory: PathBuf,
    /// The name of the workspace, for people.
    name: String,
}

impl Site {
    /// The pages of the workspace at hand.
    pub(super) fn new(context: &Context) -> Result<Self, CommandError> {
        let folder = match context.repository()?.worktree() {
            Some(_) => context.workspace_root()?,
            None => context.directory().to_owned(),
        };
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            environment: context.environment().clone(),
            directory: context.directory().to_owned(),
            name: name.to_string_lossy().into_owned(),
        })
    }

    /// What a command would see that was started now.
    fn context(&self) -> Result<Context, CommandError> {
        let global = GlobalArgs {
            directory: Some(self.directory.clone()),
            json: false,
            quiet: true,
            color: ColorWhen::Never,
        };
        Context::new(self.environment.clone(), &global)
    }

    fn page(&self, section: Section, page: Result<Page, Fault>) -> Reply {
        let (status, page) = match page {
            Ok(page) => (200, page),
            Err(fault) => (fault.status(), fault.page()),
        };
        let setting = Setting::Served {
            workspace: &self.name,
            section,
        };
        Reply {
            status,
            sort: Sort::Page,
            body: page.render(setting),
        }
    }
}

impl Pages for Site {
    fn answer(&self, asked: &Asked) -> Reply {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let file = |sort, text: &str| Reply {
            status: 200,
            sort,
            body: text.to_owned(),
        };
        match path.as_slice() {
            ["style.css"] => return file(Sort::Style, STYLE),
            ["icon.svg"] => return file(Sort::Drawing, ICON),
            _ => {}
        }
        let section = section(&path);
        let context = match self.context() {
            Ok(context) => context,
            Err(error) => return self.page(section, Err(error.into())),
        };
        let page = match path.as_slice() {
            [] => overview(&context, asked),
            ["lanes", rest @ ..] => lanes::page(&context, asked, rest),
            ["diff"] => lanes::difference(&context, asked),
            ["runs", rest @ ..] => runs::page(&context, asked, rest),
            ["traces", rest @ ..] => traces::page(&context, asked, rest),
            ["monitor"] => monitor::page(&context, asked),
            ["behaviors", rest @ ..] => behaviors::page(&context, asked, rest),
            ["incidents", rest @ ..] => incidents::page(&context, asked, rest),
            _ => Err(Fault::no_page()),
        };
        self.page(section, page)
    }
}

/// The part that an address belongs to.
fn section(path: &[&str]) -> Section {
    match path.first().copied() {
        Some("lanes" | "diff") => Section::Lanes,
        Some("runs") => Section::Runs,
        Some("traces") => Section::Traces,
        Some("monitor") => Section::Monitor,
        Some("behaviors") => Section::Behaviors,
        Some("incidents") => Section::Incidents,
        _ => Section::Overview,
    }
}

fn overview(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    only(asked, &[])?;
    Ok(overview_page(&status::gather(context)?))
}
