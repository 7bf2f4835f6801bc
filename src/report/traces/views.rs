//! Saved views: a table for people, and JSON for programs.

use serde::Serialize;

use crate::domain::trace::query::Level;
use crate::domain::trace::view::View;

use super::fit::fitting_table;

/// The views as a table.
pub fn view_table(views: &[View], width: Option<usize>) -> String {
    let titles = ["VIEW", "LAST", "WHERE", "FOR"].map(str::to_owned);
    let rows = views.iter().map(|view| {
        vec![
            view.id.to_string(),
            view.last.map_or_else(String::new, |last| last.to_string()),
            view.filter.clone(),
            view.description.clone().unwrap_or_default(),
        ]
    });
    fitting_table(&titles, rows.collect(), &[1], width)
}

/// The views: `pointsman/trace-views/v1`.
#[derive(Debug, Serialize)]
pub struct ViewsV1<'v> {
    schema: &'static str,
    views: Vec<ViewV1<'v>>,
}

/// A view, as its file says it.
#[derive(Debug, Serialize)]
struct ViewV1<'v> {
    view: &'v str,
    description: Option<&'v str>,
    #[serde(rename = "where")]
    filter: &'v str,
    last: Option<String>,
    by: Option<&'static str>,
    columns: Vec<String>,
    sort: Option<String>,
}

impl<'v> ViewsV1<'v> {
    /// The views of a workspace.
    pub fn new(views: &'v [View]) -> Self {
        let views = views.iter().map(|view| ViewV1 {
            view: view.id.as_str(),
            description: view.description.as_deref(),
            filter: &view.filter,
            last: view.last.map(|last| last.to_string()),
            by: view.by.map(|by| match by {
                Level::Trace => "trace",
                Level::Span => "span",
            }),
            columns: view.columns.iter().map(ToString::to_string).collect(),
            sort: view.sort.as_ref().map(ToString::to_string),
        });
        Self {
            schema: "pointsman/trace-views/v1",
            views: views.collect(),
        }
    }
}
