//! What was live when a span ran: from the lane and the deployment that it names to the record.

use std::collections::BTreeMap;

use crate::domain::id::LaneName;
use crate::domain::trace::span::Span;
use crate::engine::ports::LaneStore;
use crate::engine::release::ReleaseError;
use crate::engine::release::stays::{Question, Stay, stays};

/// What was live, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The stay of what was live.
    pub stay: Stay,
    /// Whether the span names the record; otherwise its lane and its time say so.
    pub is_named: bool,
}

/// Asks the lanes of a repository, each thing once.
pub struct Lineages<'l> {
    lanes: &'l dyn LaneStore,
    known: BTreeMap<(LaneName, String), Option<Stay>>,
}

impl<'l> Lineages<'l> {
    /// Nothing was asked yet.
    pub fn new(lanes: &'l dyn LaneStore) -> Self {
        Self {
            lanes,
            known: BTreeMap::new(),
        }
    }

    /// What was live when a span ran; `None` where it names no lane of this repository, or the lane
    /// does not know.
    pub fn of(&mut self, span: &Span) -> Result<Option<Live>, ReleaseError> {
        let lineage = &span.lineage;
        let lane = lineage
            .lane
            .as_deref()
            .and_then(|lane| LaneName::new(lane).ok());
        let Some(lane) = lane else {
            return Ok(None);
        };
        if let Some(deployment) = &lineage.deployment
            && let Ok(question) = Question::parse(deployment, span.started_at)
            && matches!(question, Question::Digits(_))
        {
            let stay = self.ask(&lane, deployment, &question)?;
            return Ok(stay.map(|stay| Live {
                stay,
                is_named: true,
            }));
        }
        let moment = span.started_at;
        let stay = self.ask(&lane, &moment.to_string(), &Question::Time(moment))?;
        Ok(stay.map(|stay| Live {
            stay,
            is_named: false,
        }))
    }

    fn ask(
        &mut self,
        lane: &LaneName,
        asked: &str,
        question: &Question,
    ) -> Result<Option<Stay>, ReleaseError> {
        let key = (lane.clone(), asked.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let found = stays(self.lanes, lane, question)?.into_iter().next();
        self.known.insert(key, found.clone());
        Ok(found)
    }
}
