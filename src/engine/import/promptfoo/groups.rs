//! Rows that are graded by the same rules become one dataset: what differs between them becomes a
//! column.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::drafts::Draft;
use super::shapes::{Filled, SlotValue};
use super::template::Scope;
use super::tests::TestCase;

/// Rows that can share a dataset.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) file: String,
    pub(super) scope: TestScope,
    pub(super) drafts: Vec<Draft>,
    pub(super) rows: Vec<GroupRow>,
}

/// Which prompts a test is for, and how it changes them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TestScope {
    pub(super) prompts: Option<Vec<String>>,
    pub(super) providers: Option<Vec<String>>,
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// Whether the answers are given.
    pub(super) is_answered: bool,
}

/// One row of a group.
#[derive(Debug, Clone)]
pub(super) struct GroupRow {
    pub(super) id: String,
    pub(super) vars: Scope,
    /// By evaluator, what stands in its slots.
    pub(super) slots: Vec<Vec<SlotValue>>,
    pub(super) note: Option<String>,
    pub(super) tags: Vec<String>,
    /// The answer, where it is given.
    pub(super) answer: Option<String>,
}

impl TestScope {
    pub(super) fn of(test: &TestCase, is_answered: bool) -> Self {
        let option = |key: &str| {
            let item = test.options.get(key);
            item.and_then(|item| item.text().map(str::to_owned))
                .unwrap_or_default()
        };
        Self {
            prompts: test.prompts.clone(),
            providers: test.providers.clone(),
            prefix: option("prefix"),
            suffix: option("suffix"),
            is_answered,
        }
    }

    fn key(&self) -> Json {
        json!([
            self.prompts,
            self.providers,
            self.prefix,
            self.suffix,
            self.is_answered
        ])
    }
}

/// Puts rows with the same rules together, in the order in which they come.
#[derive(Debug, Default)]
pub(super) struct Groups {
    by_key: IndexMap<String, Group>,
}

impl Groups {
    pub(super) fn add(&mut self, file: &str, scope: TestScope, drafts: Vec<Draft>, row: GroupRow) {
        let keys: Vec<String> = drafts.iter().map(Draft::key).collect();
        let key = json!([file, scope.key(), keys]).to_string();
        let group = self.by_key.entry(key).or_insert_with(|| Group {
            file: file.to_owned(),
            scope,
            drafts,
            rows: Vec::new(),
        });
        group.rows.push(row);
    }

    pub(super) fn list(self) -> Vec<Group> {
        self.by_key.into_values().collect()
    }
}

impl Group {
    /// What stands in every slot of an evaluator, and the columns that this needs: by row, values in
    /// the order of the columns.
    pub(super) fn filled(&self, index: usize, taken: &mut Columns) -> Vec<Filled> {
        let count = self.drafts[index].slots.len();
        let values = |slot: usize| self.rows.iter().map(move |row| &row.slots[index][slot]);
        (0..count)
            .map(|slot| {
                let mut all = values(slot);
                let Some(first) = all.next() else {
                    return Filled::Fixed(Json::Null);
                };
                if values(slot).all(|it| it.value == first.value) {
                    return Filled::Fixed(first.value.clone());
                }
                let variable = first.variable.as_ref();
                if let Some(name) = variable
                    && values(slot).all(|it| it.variable.as_ref() == Some(name))
                    && self
                        .rows
                        .iter()
                        .zip(values(slot))
                        .all(|(row, it)| row.vars.get(name) == Some(&it.value))
                {
                    return Filled::Column(name.clone());
                }
                let hint = self.drafts[index].hint.as_str();
                let column = taken.new_column(hint);
                taken.values.push((column.clone(), index, slot));
                Filled::Column(column)
            })
            .collect()
    }
}

/// The columns that evaluators of a dataset need beside the variables.
#[derive(Debug)]
pub(super) struct Columns {
    /// Names that are taken.
    names: Vec<String>,
    /// By column, the evaluator and the slot that it is for.
    pub(super) values: Vec<(String, usize, usize)>,
}

impl Columns {
    pub(super) fn beside(rows: &[GroupRow]) -> Self {
        let names = rows.iter().flat_map(|row| row.vars.keys().cloned());
        Self {
            names: names.collect(),
            values: Vec::new(),
        }
    }

    /// A column of its own: `expected` for the first, then named after the evaluator.
    pub(super) fn new_column(&mut self, hint: &str) -> String {
        if !self.names.iter().any(|name| name == "expected") {
            self.names.push("expected".to_owned());
            return "expected".to_owned();
        }
        let base = crate::domain::id::kebab_case(hint).replace('-', "_");
        let base = if base.starts_with(|first: char| first.is_ascii_alphabetic()) {
            base
        } else {
            format!("value_{base}")
        };
        let mut name = base.clone();
        let mut number = 2;
        while self.names.contains(&name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        self.names.push(name.clone());
        name
    }
}
