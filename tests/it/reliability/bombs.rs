//! What reads files from outside, given a megabyte of every shape that has hurt a parser: as a file, after a
//! whole file, and in the place of values of a whole file. Each ends in a moment and in little memory.

use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::bounded::{self, Watch, asked, memory_kib, processor, runs_alone};
use super::messages::messages;
use super::readers::{Reader, readers};
use super::shapes::{Bomb, texts};

/// How long each bomb is, unless the variable says otherwise: an eighth of a megabyte is what a build without
/// optimization reads of all of them within a minute.
const BYTES: usize = 125_000;
const BYTES_VARIABLE: &str = "POINTSMAN_BOMB_BYTES";

/// What reading one bomb may cost: of a processor, as the promise has it, and in a build without
/// optimization for each eighth of a megabyte; and in memory.
const PROMISED: Duration = Duration::from_secs(1);
const IN_A_DEBUG_BUILD: Duration = Duration::from_secs(2);
const MEMORY_MIB: u64 = 256;

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_bomb_breaks_or_hangs_whoever_reads_it_or_asks_for_memory() {
    let halves = ["one_half_of_the_readers", "the_other_half_of_the_readers"];
    let printed = std::thread::scope(|scope| {
        let started = halves
            .map(|half| scope.spawn(move || runs_alone(&format!("reliability::bombs::{half}"))));
        started.map(std::thread::ScopedJoinHandle::join)
    });
    for printed in printed {
        let printed = printed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let totals = printed
            .lines()
            .filter(|line| line.starts_with("in total: "));
        totals.for_each(|line| println!("{line}"));
    }
}

#[test]
#[ignore = "it runs in a process of its own with bounded memory: another test starts it"]
fn one_half_of_the_readers() {
    survives(0);
}

#[test]
#[ignore = "it runs in a process of its own with bounded memory: another test starts it"]
fn the_other_half_of_the_readers() {
    survives(1);
}

/// Gives every second reader all bombs.
#[expect(
    clippy::print_stdout,
    reason = "the test that starts this process reads the figures"
)]
fn survives(half: usize) {
    let watch = Watch::start();
    let bytes = asked(BYTES_VARIABLE, BYTES);
    let (texts, messages) = (texts(bytes), messages(bytes));
    let mut total = Figures::default();
    let mut faults = String::new();
    for (index, reader) in readers().iter().enumerate().skip(half).step_by(2) {
        let mut figures = Figures::default();
        let others = if reader.name.ends_with("protobuf") {
            &messages[..]
        } else {
            &[]
        };
        for (number, bomb) in texts.iter().chain(others).enumerate() {
            let (path, bytes, place) = placed(
                reader,
                number,
                bomb,
                PLACES[(number + index) % PLACES.len()],
            );
            println!("{}, {}, {place} of {path}", reader.name, bomb.name);
            let cost = cost_of(reader, &path, &bytes, &watch);
            println!("  {cost:?}");
            if let Some(fault) = cost.fault(bomb.bytes.len()) {
                let _ = writeln!(
                    faults,
                    "{}, {}, {place} of {path}: {fault}",
                    reader.name, bomb.name
                );
            }
            figures.add(&Figures {
                bombs: 1,
                most: cost,
            });
        }
        println!("{}: {}", reader.name, figures.told());
        total.add(&figures);
    }
    println!("in total: {}", total.told());
    assert!(faults.is_empty(), "\n{faults}");
}

/// Where a bomb stands: each reader gets each bomb in one of these places, the next one in the next.
#[derive(Debug, Clone, Copy)]
enum PlaceOfBomb {
    /// It is the file.
    Alone,
    /// It follows a whole file.
    After,
    /// It stands in the place of a value of a whole file.
    Value,
    /// It is the text of such a value, in quotes, with escapes.
    Quoted,
}

const PLACES: [PlaceOfBomb; 4] = [
    PlaceOfBomb::Alone,
    PlaceOfBomb::After,
    PlaceOfBomb::Value,
    PlaceOfBomb::Quoted,
];

/// The file that a bomb makes of one of a reader's whole ones: its path, its bytes, and where the bomb is.
fn placed(
    reader: &Reader,
    number: usize,
    bomb: &Bomb,
    place: PlaceOfBomb,
) -> (String, Vec<u8>, String) {
    let (path, whole) = &reader.seeds[number % reader.seeds.len()];
    let values: Vec<_> = reader.seeds.iter().flat_map(values).collect();
    // Steps of a prime number come to every value sooner or later.
    let value = values.get(number * 101 % values.len().max(1));
    let text = match (place, value) {
        (PlaceOfBomb::Alone, _) => {
            return (path.clone(), bomb.bytes.clone(), "in the place".to_owned());
        }
        (PlaceOfBomb::After, _) | (_, None) => {
            let bytes = [whole, b"\n".as_slice(), &bomb.bytes].concat();
            return (path.clone(), bytes, "at the end".to_owned());
        }
        (PlaceOfBomb::Value, _) => bomb.bytes.clone(),
        (PlaceOfBomb::Quoted, _) => {
            let quoted = serde_json::to_string(&String::from_utf8_lossy(&bomb.bytes));
            quoted.expect("text is JSON").into_bytes()
        }
    };
    let (path, whole, range) = value.expect("a file without values was dealt with above");
    let before = String::from_utf8_lossy(&whole[..range.start]);
    let line = before.matches('\n').count() + 1;
    let bytes = [&whole[..range.start], &text, &whole[range.end..]].concat();
    (
        (*path).clone(),
        bytes,
        format!("{place:?} at byte {} in line {line}", range.start),
    )
}

type Value<'s> = (&'s String, &'s Vec<u8>, std::ops::Range<usize>);

/// Where values stand in a whole file: behind a key to the end of the line, or to that of a text.
fn values((path, whole): &(String, Vec<u8>)) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    for end in 1..whole.len() {
        let is_key = whole[..end].ends_with(b": ")
            || whole[..end].ends_with(b"\":")
            || whole[..end].ends_with(b"= ");
        if !is_key || whole[end] == b' ' {
            continue;
        }
        let rest = &whole[end..];
        let length = match rest[0] {
            b'"' => rest[1..]
                .iter()
                .position(|byte| *byte == b'"')
                .map(|it| it + 2),
            _ => rest.iter().position(|byte| b"\n,}]".contains(byte)),
        };
        values.push((path, whole, end..end + length.unwrap_or(rest.len())));
    }
    values
}

/// What reading one file cost.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    panicked: bool,
    /// Time of the processor, where the system tells.
    took: Duration,
    /// Memory beside what was taken before.
    memory_mib: u64,
}

impl Cost {
    fn fault(&self, bytes: usize) -> Option<String> {
        let pieces = u32::try_from(bytes.div_ceil(BYTES)).expect("a bomb is no larger than that");
        let bound = if cfg!(debug_assertions) {
            IN_A_DEBUG_BUILD * pieces
        } else {
            PROMISED
        };
        if self.panicked {
            return Some("it panicked".to_owned());
        }
        let is_little = self.took <= bound && self.memory_mib <= MEMORY_MIB;
        (!is_little).then(|| format!("{:.1?} and {} MiB", self.took, self.memory_mib))
    }
}

fn cost_of(reader: &Reader, path: &str, bytes: &[u8], watch: &Watch) -> Cost {
    // The system counts the most memory anew from here on, where it can.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (memory, processor) = (memory_kib("VmRSS:"), processor());
    watch.begins();
    let read = catch_unwind(AssertUnwindSafe(|| reader.read(path, bytes)));
    watch.ended();
    Cost {
        panicked: read.is_err(),
        took: bounded::processor().saturating_sub(processor),
        memory_mib: memory_kib("VmHWM:").saturating_sub(memory) / 1024,
    }
}

/// What was counted.
#[derive(Default)]
struct Figures {
    bombs: usize,
    most: Cost,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.bombs += other.bombs;
        self.most.took = self.most.took.max(other.most.took);
        self.most.memory_mib = self.most.memory_mib.max(other.most.memory_mib);
    }

    fn told(&self) -> String {
        let Self { bombs, most } = self;
        let (took, memory_mib) = (most.took, most.memory_mib);
        format!(
            "{bombs} bombs, the slowest in {took:.1?} of a processor, the largest in {memory_mib} MiB"
        )
    }
}
