//! Nothing comes in while the lane is frozen.

use crate::domain::freeze::frozen;
use crate::engine::release::authorize::{Condition, Move, Refusal};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let windows = wanted.policy.map_or(&[][..], |it| &it.freeze.windows);
    let Some(frozen) = frozen(windows, wanted.now) else {
        return;
    };
    let (lane, window) = (wanted.lane, frozen.window);
    let until = match frozen.until {
        None => "for more than a year".to_owned(),
        Some(until) => format!(
            "until {} ({})",
            until
                .to_zoned_datetime(window.zone().clone())
                .strftime("%a %Y-%m-%d %H:%M %Q"),
            until.strftime("%Y-%m-%d %H:%MZ")
        ),
    };
    refusals.push(Refusal {
        condition: Condition::Freeze,
        message: format!("lane `{lane}` is frozen {until}: `{window}`"),
        next: format!(
            "promote after that; a rollback is never frozen: \
             `pointsman rollback {lane} --reason \"…\"`"
        ),
    });
}
