//! Monitor: the numbers of a window, with what went live in it.

use crate::adapters::view::Asked;
use crate::cli::commands::monitor::overview::{OverviewArgs, ask, held_elsewhere};
use crate::cli::commands::traces::why_nothing;
use crate::cli::context::Context;
use crate::domain::trace::selection::Selection;
use crate::report::html::blocks::Page;
use crate::report::html::monitor::{MonitorReport, monitor_page};
use crate::report::monitor::overview::OverviewReport;

use super::fault::Fault;
use super::options::options;

/// What can be asked: options of `monitor`.
const KNOWN: [&str; 11] = [
    "where", "since", "until", "window", "around", "view", "by", "per", "metric", "trend", "bucket",
];

/// The page.
pub(super) fn page(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    let args: OverviewArgs = options(asked, &KNOWN, &[])?;
    let answer = ask(context, &args).map_err(Fault::wrong)?;
    let said: Vec<(&str, &str)> = KNOWN
        .iter()
        .map(|name| (*name, asked.value(name)))
        .collect();
    let nothing = if answer.is_empty {
        let selection = Selection {
            range: answer.request.range,
            filter: answer.request.filter.clone(),
        };
        why_nothing(context.trace_store()?.as_ref(), &selection)?
    } else {
        Vec::new()
    };
    Ok(monitor_page(&MonitorReport {
        numbers: &OverviewReport {
            request: &answer.request,
            overview: &answer.overview,
            markers: &answer.markers,
            trend: args.trend(),
        },
        said: &said,
        nothing: &nothing,
        elsewhere: held_elsewhere(&answer.request.range, &answer.contents).as_deref(),
    }))
}
