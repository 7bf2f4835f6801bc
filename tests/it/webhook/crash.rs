//! A process that dies between a move and its message loses neither.

use std::fs;
use std::path::PathBuf;

use super::{World, ok};
use crate::support::model_server::Reply;
#[cfg(unix)]
use crate::support::strace::{Point, Process, can_trace};

impl World {
    fn outbox(&self, folder: &str) -> PathBuf {
        self.sandbox
            .path()
            .join(".git/pointsman/outbox")
            .join(folder)
    }

    /// Puts the outbox into the state that a crash leaves right after the newest move.
    fn forget_messages(&self) {
        for entry in fs::read_dir(self.outbox("messages"))
            .expect("moves were told")
            .flatten()
        {
            fs::remove_file(entry.path()).expect("it was listed a moment ago");
        }
        let record = self
            .sandbox
            .git(&["show", "lanes/staging:.lane/deployment.json"]);
        fs::write(self.outbox("moves").join("begun.json"), record).expect("the folder is there");
    }

    fn begun(&self) -> usize {
        fs::read_dir(self.outbox("moves"))
            .expect("the folder is there")
            .count()
    }
}

#[test]
fn a_message_that_a_crash_swallowed_is_written_from_the_record() {
    let world = World::new(|_| ok());
    world.promotes();
    world.forget_messages();
    world.deliver().succeeds().says("told HOOK");
    let calls = world.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0].headers["webhook-id"],
        calls[1].headers["webhook-id"]
    );
    assert_eq!(calls[0].text, calls[1].text);
    assert_eq!(world.begun(), 0);
    world.deliver().succeeds().tells("nothing is due");
}

#[test]
fn it_is_found_even_where_others_have_moved_the_lane_since() {
    let world = World::new(|_| ok());
    world.promotes();
    let first = format!("msg_{}", world.sandbox.tip("staging"));
    world.forget_messages();
    let begun = fs::read(world.outbox("moves").join("begun.json")).expect("written just now");
    world.promotes();
    world.promotes();
    fs::write(world.outbox("moves").join("begun.json"), begun).expect("the folder is there");
    fs::remove_dir_all(world.outbox("messages")).expect("moves were told");
    world.deliver().succeeds();
    let last = world.calls().pop().expect("it was told");
    assert_eq!(last.headers["webhook-id"], first);
}

#[test]
fn a_move_that_was_begun_and_never_made_is_not_told() {
    let world = World::new(|_| ok());
    world.promotes();
    world.forget_messages();
    let path = world.outbox("moves").join("begun.json");
    let text = fs::read_to_string(&path).expect("written just now");
    fs::write(&path, text.replace("Cleo", "Mallory")).expect("the folder is there");
    world.deliver().succeeds().tells("nothing is due");
    assert_eq!((world.calls().len(), world.begun()), (1, 0));
}

#[test]
fn a_move_that_may_yet_be_made_is_waited_for() {
    let world = World::new(|_| ok());
    world.promotes();
    world.forget_messages();
    let path = world.outbox("moves").join("begun.json");
    let text = fs::read_to_string(&path).expect("written just now");
    let later = text.replace("\"sequence\": 1,", "\"sequence\": 2,");
    assert_ne!(text, later);
    fs::write(&path, later).expect("the folder is there");
    world.deliver().succeeds();
    assert_eq!(world.begun(), 1);
    world.sandbox.wait_seconds(40 * 24 * 3600);
    world.deliver().succeeds();
    assert_eq!(world.begun(), 0, "but not for ever");
}

#[cfg(unix)]
#[test]
fn wherever_a_move_dies_it_is_told_if_and_only_if_it_was_made() {
    let world = World::new(|_| ok());
    if !can_trace(&world.sandbox) {
        return;
    }
    world.promotes();
    world.sandbox.reword("better");
    let promote = ["promote", "staging", "--yes"];
    let (mut told, mut not_told) = (0, 0);
    let process = Process::Pointsman;
    let calls = world.sandbox.copy().changes_of(process, &promote);
    Point::each(process, &calls, |point| {
        let sandbox = world.sandbox.copy();
        let before = (sandbox.tip("staging"), world.calls().len());
        // Nothing is set there, so that what is told is told by the next command.
        if sandbox.killed_at(point, &promote).is_none() {
            return false;
        }
        let run = world.command_in(&sandbox, &["webhook", "deliver"]).run();
        run.succeeds();
        let calls = &world.calls()[before.1..];
        let tip = sandbox.tip("staging");
        if tip == before.0 {
            not_told += 1;
            assert!(calls.is_empty(), "{point:?}");
        } else {
            told += 1;
            assert_eq!(calls.len(), 1, "{point:?}");
            assert_eq!(
                calls[0].headers["webhook-id"],
                format!("msg_{tip}"),
                "{point:?}"
            );
        }
        true
    });
    assert!(told > 0 && not_told > 0, "{told} told, {not_told} not");
}

#[test]
fn an_outbox_that_cannot_be_written_stops_a_move_before_it_is_made() {
    let world = World::new(|_| ok());
    fs::create_dir_all(world.outbox("")).expect("the repository is ours");
    fs::write(world.outbox("moves"), "in the way").expect("the repository is ours");
    let run = world.run(&["promote", "staging", "--yes"]);
    run.exits(2).tells("outbox/moves");
    assert_eq!(world.sandbox.tip("staging"), "");
}

#[test]
fn a_message_in_the_outbox_that_cannot_be_read_is_named_and_holds_up_no_move() {
    let world = World::new(|_| Reply::raw(500, ""));
    world.promotes();
    fs::write(world.outbox("messages").join("broken.json"), "{").expect("the folder is there");
    world
        .promotes()
        .tells("webhooks were not told")
        .tells("broken.json");
    world.deliver().exits(2).tells("broken.json");
}
