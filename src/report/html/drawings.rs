//! What is drawn on a page: numbers over time, and the steps of a trace.

use serde::Serialize;

use super::blocks::Cell;

/// Numbers over time, with what went live.
#[derive(Debug, Serialize)]
pub struct Charts {
    /// How wide a drawing is, in its own units.
    pub width: f64,
    /// How high it is.
    pub height: f64,
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub until: String,
    /// The charts.
    pub charts: Vec<Chart>,
    /// What went live.
    pub releases: Vec<Release>,
}

/// A metric over time.
#[derive(Debug, Serialize)]
pub struct Chart {
    /// The metric.
    pub title: String,
    /// Whether anything is known of it.
    pub is_known: bool,
    /// The greatest value.
    pub most: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One line of a chart.
#[derive(Debug, Serialize)]
pub struct Line {
    /// What it is of.
    pub label: String,
    /// Which of the ways to draw a line.
    pub style: usize,
    /// Points that are joined; where nothing is known, the line ends and begins anew.
    pub pieces: Vec<String>,
    /// Its points.
    pub points: Vec<Point>,
}

/// A value, for whoever points at it.
#[derive(Debug, Serialize)]
pub struct Point {
    /// Where it is drawn, from the left.
    pub x: String,
    /// Where it is drawn, from the top.
    pub y: String,
    /// What it is.
    pub told: String,
}

/// A release in a chart.
#[derive(Debug, Serialize)]
pub struct Release {
    /// Where it is drawn, in hundredths of the width.
    pub x: String,
    /// Where it is drawn, in the units of the drawing.
    pub at: String,
    /// Its number in the list, and those of the next ones where there is no room between them; empty:
    /// it stands with the one before.
    pub label: String,
    /// What it is.
    pub told: String,
}

/// A step of a trace.
#[derive(Debug, Serialize)]
pub struct Step {
    /// How deep it lies, as far as that is drawn.
    pub depth: usize,
    /// What it is called.
    pub name: Vec<Cell>,
    /// How long it took.
    pub took: String,
    /// Tokens read and written.
    pub tokens: String,
    /// What it cost.
    pub cost: String,
    /// Whether it ended with an error.
    pub failed: bool,
    /// When it ran, in words.
    pub told: String,
    /// When it ran.
    pub ran: Vec<Stretch>,
    /// When the trace waited for it.
    pub waited: Vec<Stretch>,
}

/// A stretch of time, in thousandths of the whole.
#[derive(Debug, Serialize)]
pub struct Stretch {
    /// Where it begins.
    pub x: String,
    /// How long it is.
    pub width: String,
}
