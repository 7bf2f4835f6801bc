//! What reads files from outside, given thousands of broken ones: each is taken or refused, with a place
//! in the file for everything that is wrong, in a moment and in little memory.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::bounded::{Watch, asked, peak_memory, runs_alone};
use super::readers::{Reader, readers};
use crate::support::mutation::Mutator;
use crate::support::source::root;

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library where it is fuzzed")]
mod targets;

/// How many files each reader gets, unless the variable says otherwise.
const FILES: usize = 400;
const FILES_VARIABLE: &str = "POINTSMAN_BROKEN_FILES";

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn broken_files_are_refused_with_a_place_in_a_moment_and_in_bounded_memory() {
    let printed = runs_alone("reliability::parsers::every_reader_reads_broken_files");
    println!("{printed}");
}

#[test]
fn whole_files_are_taken_by_every_reader() {
    for reader in readers() {
        assert!(!reader.seeds.is_empty(), "{}", reader.name);
        for (path, bytes) in &reader.seeds {
            let verdict = reader.read(path, bytes);
            let said = verdict.said.unwrap_or_default();
            assert!(!verdict.refused, "{}: {path}: {said}", reader.name);
        }
    }
}

#[test]
#[ignore = "it runs in a process of its own with bounded memory: another test starts it"]
#[expect(
    clippy::print_stdout,
    reason = "the test that starts this process reads the figures"
)]
fn every_reader_reads_broken_files() {
    let watch = Watch::start();
    let mut total = Figures::default();
    let mut faults = String::new();
    let readers = readers();
    for (index, reader) in readers.iter().enumerate() {
        let figures = reads_broken_files(reader, index as u64, &watch, &mut faults);
        println!("{}: {}", reader.name, figures.told());
        total.add(&figures);
    }
    println!("in total: {}{}", total.told(), peak_memory());
    assert!(faults.is_empty(), "\n{faults}");
    assert!(total.refused > total.files / 2, "hardly a file was broken");
}

/// The targets of `fuzz/`: their names, what they do with bytes, and the readers whose whole files they
/// begin with.
type Target = (&'static str, fn(&[u8]), &'static [&'static str]);
const TARGETS: [Target; 9] = [
    ("prompt", targets::prompt, &["prompt"]),
    (
        "dataset",
        targets::dataset,
        &["dataset", "rows as JSON lines", "rows as CSV"],
    ),
    ("evaluator", targets::evaluator, &["evaluator"]),
    ("lane", targets::lane, &["lane"]),
    ("filter", targets::filter, &["filter"]),
    ("otlp_json", targets::otlp_json, &["OTLP as JSON"]),
    (
        "otlp_protobuf",
        targets::otlp_protobuf,
        &["OTLP as protobuf"],
    ),
    ("envelope", targets::envelope, &["signed envelope"]),
    (
        "deployment",
        targets::deployment,
        &["record of a deployment"],
    ),
];

/// Whole files for a target.
fn seeds_of(names: &[&str]) -> Vec<Vec<u8>> {
    let of_target = readers().into_iter().filter(|it| names.contains(&it.name));
    let seeds = of_target.flat_map(|reader| reader.seeds);
    seeds.map(|(_, bytes)| bytes).collect()
}

#[test]
#[ignore = "it writes to `fuzz/corpus`, for whoever is about to fuzz"]
fn seeds_for_fuzzing_are_written() {
    for (target, _, names) in TARGETS {
        let folder = root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&folder).expect("the repository is ours");
        for (number, bytes) in seeds_of(names).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), bytes).expect("so is the folder");
        }
    }
}

#[test]
fn every_target_of_the_fuzzer_reads_what_it_begins_with_and_some_that_is_broken() {
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("it is there");
    let manifest: toml::Table = manifest.parse().expect("cargo reads it too");
    let listed = manifest["bin"]
        .as_array()
        .expect("there are targets")
        .iter();
    let listed: Vec<&str> = listed.filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(listed, TARGETS.map(|(name, ..)| name));
    for (name, read, names) in TARGETS {
        let seeds = seeds_of(names);
        assert!(!seeds.is_empty(), "{name} has nothing to begin with");
        let mut mutator = Mutator::new(seeds.len() as u64);
        for seed in &seeds {
            read(seed);
            read(&mutator.broken(seed, &seeds));
        }
    }
}

/// Gives a reader its files; what goes wrong is added to `faults`.
fn reads_broken_files(reader: &Reader, seed: u64, watch: &Watch, faults: &mut String) -> Figures {
    let mut mutator = Mutator::new(seed);
    let others: Vec<Vec<u8>> = reader.seeds.iter().map(|it| it.1.clone()).collect();
    let mut figures = Figures::default();
    let mut told = 0;
    for number in 0..asked(FILES_VARIABLE, FILES) {
        let (path, whole) = &reader.seeds[mutator.below(reader.seeds.len())];
        let broken = mutator.broken(whole, &others);
        watch.begins();
        let started = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| reader.read(path, &broken)));
        figures.slowest = figures.slowest.max(started.elapsed());
        watch.ended();
        figures.files += 1;
        let fault = match read {
            Ok(verdict) => {
                figures.refused += usize::from(verdict.refused);
                figures.places += verdict.places;
                (!verdict.misplaced.is_empty()).then(|| verdict.misplaced.join("; "))
            }
            Err(_) => Some("it panicked".to_owned()),
        };
        if let Some(fault) = fault {
            told += 1;
            if told <= 10 {
                let shown = String::from_utf8_lossy(&broken);
                let shown: String = shown.chars().take(3_000).collect();
                let _ = writeln!(
                    faults,
                    "{} {path}, broken file {number}: {fault}\n{shown}\n---",
                    reader.name
                );
            }
        }
    }
    figures
}

/// What was counted.
#[derive(Default)]
struct Figures {
    files: usize,
    refused: usize,
    places: usize,
    slowest: Duration,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.refused += other.refused;
        self.places += other.places;
        self.slowest = self.slowest.max(other.slowest);
    }

    fn told(&self) -> String {
        let Self {
            files,
            refused,
            places,
            slowest,
        } = self;
        format!(
            "{files} broken files, {refused} refused at {places} places, the slowest in {slowest:.1?}"
        )
    }
}
