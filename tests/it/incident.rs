//! Incidents: what was seen is kept, a bad release is rolled back first, and nothing is closed that leaves
//! nothing behind.

mod closing;
mod containing;
mod opening;
mod page;

use crate::support::Sandbox;
use crate::support::scene::Scene;
use crate::support::traces::Traffic;
use crate::support::two_releases::Production;

/// The incident that [`opened`] writes down.
const REFUNDS: &str = "2026-03-02-refunds-pile-up";

/// Its file.
const FILE: &str = "operations/incidents/2026-03-02-refunds-pile-up.md";

/// The traffic of two releases, of which the second is bad: slower, with more errors and lower scores.
fn bad_release() -> Sandbox {
    static BAD_RELEASE: Scene<()> = Scene::new();
    let make = || {
        Production::new().goes_on(|second| Traffic {
            error_rate: 0.3,
            slowness: 1.5,
            pass_rate: 0.4,
            ..second
        })
    };
    BAD_RELEASE.copy(|| (make(), ())).0
}

/// The same, with an incident for it.
fn opened() -> Sandbox {
    let sandbox = bad_release();
    let open = [
        "incident",
        "open",
        "Refunds pile up",
        "--deployment",
        "production#2",
    ];
    sandbox.pointsman(&open).succeeds();
    sandbox
}
