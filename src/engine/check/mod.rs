//! Checks a whole workspace: every file by itself, and every name that one file uses of another.

mod alerts;
mod behaviors;
mod evaluators;
mod incidents;
mod lanes;
mod prompts;
mod reviews;
mod rows;
mod signers;
mod stray;
mod views;

use serde::Serialize;

use crate::domain::evaluator::Evaluator;
use crate::domain::finding::{Finding, Findings, sort_findings};
use crate::engine::workspace::{Inventory, Workspace};

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// What is wrong, in the order of the files.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub counts: Counts,
}

/// How many files of each sort were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Prompts.
    pub prompts: usize,
    /// Datasets.
    pub datasets: usize,
    /// Rows of all datasets.
    pub rows: u64,
    /// Evaluators.
    pub evaluators: usize,
    /// Lanes.
    pub lanes: usize,
    /// Saved views of traces.
    pub views: usize,
    /// Alert rules.
    pub alerts: usize,
    /// Behaviors.
    pub behaviors: usize,
    /// Incidents.
    pub incidents: usize,
    /// Reviews.
    pub reviews: usize,
}

impl CheckReport {
    /// Whether nothing stops the workspace from being used.
    pub fn is_usable(&self) -> bool {
        !self.findings.iter().any(Finding::is_error)
    }
}

/// Checks everything and collects all findings.
pub fn check(workspace: &Workspace<'_>) -> CheckReport {
    let inventory = match workspace.inventory() {
        Ok(inventory) => inventory,
        Err(Findings(findings)) => {
            return CheckReport {
                findings,
                counts: Counts::default(),
            };
        }
    };
    let mut checker = Checker {
        workspace,
        inventory: &inventory,
        findings: inventory.findings.clone(),
        rows: 0,
    };
    checker.run();
    let Checker {
        mut findings, rows, ..
    } = checker;
    sort_findings(&mut findings);
    findings.dedup();
    CheckReport {
        findings,
        counts: Counts {
            prompts: inventory.prompts.len(),
            datasets: inventory.datasets.len(),
            rows,
            evaluators: inventory.evaluators.len(),
            lanes: inventory.lanes.len(),
            views: inventory.views.len(),
            alerts: inventory.alerts.len(),
            behaviors: inventory.behaviors.len(),
            incidents: inventory.incidents.len(),
            reviews: inventory.reviews.len(),
        },
    }
}

/// The state of one check.
struct Checker<'c> {
    workspace: &'c Workspace<'c>,
    inventory: &'c Inventory,
    findings: Vec<Finding>,
    rows: u64,
}

impl Checker<'_> {
    fn run(&mut self) {
        let project = self.workspace.project();
        let project = self.keep(project).unwrap_or_default();
        let evaluators = self.read_evaluators();
        let datasets = self.read_datasets();
        let prompts = prompts::check_prompts(self, &project);
        evaluators::check_evaluators(self, &project, &prompts, &evaluators);
        rows::check_rows(self, &datasets, &prompts, &evaluators);
        let mut named = lanes::check_lanes(self, &prompts);
        named.extend(evaluators.values().flat_map(Evaluator::files));
        views::check_views(self);
        alerts::check_alerts(self);
        behaviors::check_behaviors(self);
        incidents::check_incidents(self);
        reviews::check_reviews(self);
        stray::check_stray_files(self, &named, &datasets);
    }

    fn read_evaluators(&mut self) -> prompts::Evaluators {
        let mut evaluators = prompts::Evaluators::new();
        for id in &self.inventory.evaluators {
            let read = self.workspace.evaluator(id);
            if let Some(evaluator) = self.keep(read) {
                evaluators.insert(id.clone(), evaluator);
            }
        }
        evaluators
    }

    fn read_datasets(&mut self) -> Vec<crate::domain::dataset::Dataset> {
        let mut datasets = Vec::new();
        for id in &self.inventory.datasets {
            let read = self.workspace.dataset(id);
            datasets.extend(self.keep(read));
        }
        datasets
    }

    /// The value, or its findings among ours.
    fn keep<T>(&mut self, read: Result<T, Findings>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(Findings(findings)) => {
                self.findings.extend(findings);
                None
            }
        }
    }
}
