//! What production showed of a release, for its packet.

use crate::adapters::git::{GitImprovements, Kept};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::monitor::MonitorChange;
use crate::domain::period::Period;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::compare::CompareRequest;
use crate::engine::monitor::markers::of_lane;
use crate::engine::monitor::releases::{Around, around};
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::release::packet::cycles::RecordedAttempt;
use crate::engine::release::packet::parts::{Observed, Part, TraceView};
use crate::engine::workspace::Workspace;

/// How long before and after a release is looked at.
const AROUND: Period = Period {
    seconds: 24 * 3_600,
};

const NO_RELEASE: &str = "the lane has had no release yet";
const MOVED_NOTHING: &str = "the record moved nothing";
const NO_TRACES: &str = "no trace of the lane is stored for the time around the release";

/// What production showed of a release; `None`: the lane has none.
pub(super) fn observe(
    context: &Context,
    lanes: &dyn LaneStore,
    release: Option<&LaneRecord>,
) -> Result<Observed, CommandError> {
    let moved = moved(context, lanes, release)?;
    let view = moved.as_ref().map(|change| TraceView {
        range: TimeRange {
            from: change.before.from,
            until: change.after.until,
        },
        filter: change.filter.clone(),
        traces: change.traces.iter().sum(),
    });
    let tree = context.tree(None)?;
    Ok(Observed {
        trace_view: part(view.map_err(Clone::clone)),
        monitor: part(moved),
        behaviors: Workspace::new(tree.as_ref()).behaviors()?,
        attempts: attempts(context)?,
    })
}

fn attempts(context: &Context) -> Result<Vec<RecordedAttempt>, CommandError> {
    let all = GitImprovements::new(context.repository()?)?
        .all()?
        .into_iter();
    let recorded = all.map(|Kept { commit, attempt }| RecordedAttempt {
        record: commit,
        attempt,
    });
    Ok(recorded.collect())
}

fn part<T>(known: Result<T, String>) -> Part<T> {
    match known {
        Ok(value) => Part::Present { value },
        Err(why) => Part::Absent { why },
    }
}

/// How the numbers moved with a release, or why nobody knows. Traces that cannot be read hold up nobody
/// who needs the rest of the packet.
fn moved(
    context: &Context,
    lanes: &dyn LaneStore,
    release: Option<&LaneRecord>,
) -> Result<Result<MonitorChange, String>, CommandError> {
    let Some(release) = release else {
        return Ok(Err(NO_RELEASE.to_owned()));
    };
    let around = match around(lanes, release, AROUND, context.clock().now()) {
        Ok(around) => around,
        Err(MonitorError::NotARelease { .. }) => return Ok(Err(MOVED_NOTHING.to_owned())),
        Err(error) => return Err(error.into()),
    };
    Ok(match compared(context, &around) {
        Ok(change) if change.traces == [0, 0] => Err(NO_TRACES.to_owned()),
        Ok(change) => Ok(change),
        Err(error) => Err(format!("the traces cannot be read: {}", error.message)),
    })
}

fn compared(context: &Context, around: &Around) -> Result<MonitorChange, CommandError> {
    let filter = of_lane(Filter::default(), &around.record.deployment.lane);
    let request = CompareRequest::of_traces(filter, around.before, around.after);
    let store = context.trace_store()?;
    let compared = request.ask(store.as_ref())?;
    Ok(MonitorChange {
        before: request.before,
        after: request.after,
        filter: request.filter.to_string(),
        traces: compared.items,
        changes: compared.deciding().to_vec(),
        outcome: compared.outcome,
    })
}
