//! The cases of a plan, one after the other, as the rows are read.

use std::sync::Arc;

use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::run::ModelRequest;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::RenderError;
use crate::engine::workspace::rows::RowReader;

use super::plan::{Plan, PlannedSuite, RowsDigest};

/// One case: a row of a suite, and which of its repeats.
pub(super) struct Case<'p> {
    pub(super) workspace: &'p Workspace<'p>,
    pub(super) planned: &'p PlannedSuite,
    pub(super) row: Arc<Row>,
    pub(super) row_digest: Digest,
    pub(super) repeat: u32,
}

impl Case<'_> {
    /// What the model is asked: the prompt rendered for the row, and after it the row's
    /// conversation.
    pub(super) fn request(&self) -> Result<ModelRequest, RenderError> {
        let tree = self.workspace.tree();
        self.planned
            .closure
            .render_row(&self.row, tree, self.repeat)
    }
}

/// Yields the cases of a plan. Rows are read when they are needed. Rows that are not those that
/// were planned are an error: the results would stand under the wrong name.
pub(super) struct Cases<'p> {
    workspace: &'p Workspace<'p>,
    suites: std::slice::Iter<'p, PlannedSuite>,
    open: Option<OpenSuite<'p>>,
}

struct OpenSuite<'p> {
    workspace: &'p Workspace<'p>,
    planned: &'p PlannedSuite,
    rows: RowReader<'p>,
    digest: RowsDigest,
    current: Option<(Arc<Row>, Digest)>,
    next_repeat: u32,
}

impl<'p> Cases<'p> {
    pub(super) fn new(workspace: &'p Workspace<'p>, plan: &'p Plan) -> Self {
        Self {
            workspace,
            suites: plan.suites.iter(),
            open: None,
        }
    }

    fn advance(&mut self) -> Result<Option<Case<'p>>, Findings> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(case) = open.next_case()? {
                    return Ok(Some(case));
                }
                if let Some(done) = self.open.take() {
                    done.verify()?;
                }
            }
            let Some(planned) = self.suites.next() else {
                return Ok(None);
            };
            self.open = Some(OpenSuite {
                workspace: self.workspace,
                planned,
                rows: self.workspace.rows(&planned.dataset)?,
                digest: RowsDigest::default(),
                current: None,
                next_repeat: 0,
            });
        }
    }
}

impl<'p> Iterator for Cases<'p> {
    type Item = Result<Case<'p>, Findings>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

impl<'p> OpenSuite<'p> {
    fn next_case(&mut self) -> Result<Option<Case<'p>>, Findings> {
        if self.current.is_none() || self.next_repeat == self.planned.suite.repeats {
            let Some((row, digest)) = self.next_row()? else {
                return Ok(None);
            };
            self.digest.add(digest);
            self.current = Some((Arc::new(row), digest));
            self.next_repeat = 0;
        }
        let repeat = self.next_repeat;
        self.next_repeat += 1;
        Ok(self.current.as_ref().map(|(row, digest)| Case {
            workspace: self.workspace,
            planned: self.planned,
            row: Arc::clone(row),
            row_digest: *digest,
            repeat,
        }))
    }

    /// The next row that the suite tests.
    fn next_row(&mut self) -> Result<Option<(Row, Digest)>, Findings> {
        for row in self.rows.by_ref() {
            let row = row?;
            let digest = row.digest();
            if self.planned.tests(digest) {
                return Ok(Some((row, digest)));
            }
        }
        Ok(None)
    }

    fn verify(self) -> Result<(), Findings> {
        let (digest, _) = self.digest.finish();
        if digest == self.planned.suite.dataset_digest {
            return Ok(());
        }
        let place = Place::file(self.planned.dataset.rows_path.clone());
        let finding = Finding::error(
            "dataset-changed",
            place,
            "the rows changed while they were evaluated",
        );
        Err(finding
            .with_help("evaluate again when nothing writes to the file")
            .into())
    }
}
