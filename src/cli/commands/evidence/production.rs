//! What production showed around a record, as a packet tells it.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::monitor::MonitorChange;
use crate::domain::period::Period;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::engine::monitor::compare::CompareRequest;
use crate::engine::monitor::markers::of_lane;
use crate::engine::monitor::releases::around;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::release::packet::Part;

/// How long the time on each side of a record is at most.
const LENGTH: Period = Period {
    seconds: 24 * 3_600,
};

/// The fewest values on each side that say anything, as where `monitor compare` is not told.
const FEWEST: u64 = 30;

/// How the numbers moved with a record, and how the traces are found again. What cannot be read hides no
/// packet: it is absent, with the reason.
pub(super) fn production(
    context: &Context,
    lanes: &dyn LaneStore,
    record: &LaneRecord,
) -> (Part<MonitorChange>, Part<String>) {
    let asked = if record.deployment.kind.moves_content() {
        compared(context, lanes, record)
    } else {
        Ok(Err("the record changed nothing that is live".to_owned()))
    };
    match asked.unwrap_or_else(|error| Err(error.message)) {
        Err(why) => (Part::absent(&why), Part::absent(&why)),
        Ok(value) => {
            let view = view(&value);
            (Part::Present { value }, Part::Present { value: view })
        }
    }
}

/// The time before the record and the time after it; or why there is nothing to compare.
fn compared(
    context: &Context,
    lanes: &dyn LaneStore,
    record: &LaneRecord,
) -> Result<Result<MonitorChange, String>, CommandError> {
    let lane = &record.deployment.lane;
    let around = around(lanes, record, LENGTH, context.clock().now())?;
    let request = CompareRequest {
        level: Level::Trace,
        filter: of_lane(Filter::Everything, lane),
        before: around.before,
        after: around.after,
        fewest: FEWEST,
        numbers: Vec::new(),
        explain: None,
    };
    let compared = request.ask(context.trace_store()?.as_ref())?;
    if compared.items == [0, 0] {
        let sequence = record.deployment.sequence;
        let why = format!("no traces of the lane are kept from around #{sequence}");
        return Ok(Err(why));
    }
    Ok(Ok(MonitorChange {
        before: request.before,
        after: request.after,
        filter: request.filter.to_string(),
        traces: compared.items,
        changes: compared.deciding().to_vec(),
        outcome: compared.outcome,
    }))
}

/// The filter of both times together, in the language that `--where` reads.
fn view(change: &MonitorChange) -> String {
    let both = TimeRange {
        from: change.before.from,
        until: change.after.until,
    };
    format!("{} and {both}", change.filter)
}
