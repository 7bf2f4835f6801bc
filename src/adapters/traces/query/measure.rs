//! Gives each span or trace that is meant, as far as it is measured.

use std::ops::ControlFlow;

use crate::adapters::traces::decode::moment;
use crate::adapters::traces::snapshot::Snapshot;
use crate::domain::trace::column::Column;
use crate::domain::trace::query::Measured;
use crate::engine::ports::traces::{MeasureRequest, TraceStoreError};

use super::items::Items;
use super::plan::Wanted;
use super::scan::Scan;

/// Gives each span or trace that a request means.
pub(in crate::adapters::traces) fn measure(
    snapshot: &Snapshot,
    request: &MeasureRequest,
    each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
) -> Result<(), TraceStoreError> {
    let trace = std::iter::once(Column::Trace);
    let wanted = Wanted {
        keys: trace.chain(request.keys.iter().cloned()).collect(),
        once_a_label: false,
        texts: Vec::new(),
        numbers: request.values.clone(),
        times: true,
        errors: true,
    };
    let scan = Scan::new(
        snapshot,
        request.level,
        request.range,
        &request.filter,
        &wanted,
    )?;
    scan.items(&|items| measured(&items), &mut |measured| {
        for measured in measured {
            if each(measured).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

fn measured(items: &Items) -> Vec<Measured> {
    let text = |number: u32| items.interner.text(number).map(str::to_owned);
    let measured = (0..items.count).map(|index| {
        let mut keys = items.keys.iter().map(|key| text(key[index]));
        Measured {
            trace: keys.next().flatten().unwrap_or_default(),
            started_at: moment(items.times[index]),
            error: items.errors[index],
            keys: keys.collect(),
            values: items
                .numbers
                .iter()
                .map(|numbers| Some(numbers[index]).filter(|number| !number.is_nan()))
                .collect(),
        }
    });
    measured.collect()
}
