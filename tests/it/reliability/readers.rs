//! Everything that reads what comes from outside: with whole files to begin with, and with what it says
//! of a broken one.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor};
use std::sync::LazyLock;

use jiff::Timestamp;
use pointsman::domain::attestation::Attestation;
use pointsman::domain::deployment::Deployment;
use pointsman::domain::finding::{Finding, Findings, Place};
use pointsman::domain::id::DatasetId;
use pointsman::domain::redaction::Redaction;
use pointsman::domain::trace::language;
use pointsman::engine::import::{Import, dotprompt, humanloop, promptfoo, prompty};
use pointsman::engine::ports::traces::TraceBatch;
use pointsman::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};
use pointsman::engine::traces::map::cost::TracePrices;
use pointsman::engine::traces::map::{Mapped, Mapper};
use pointsman::engine::traces::otlp::{Export, from_json, from_protobuf};
use pointsman::engine::traces::redact::Redactor;
use pointsman::engine::workspace::Workspace;
use pointsman::engine::workspace::document::Source;
use pointsman::engine::workspace::mapping::read_mapping;

use super::seeds;

/// What reads files of one sort.
pub(super) struct Reader {
    /// The sort.
    pub(super) name: &'static str,
    /// Whole files, by their paths.
    pub(super) seeds: Vec<(String, Vec<u8>)>,
    read: Read,
}

enum Read {
    /// A file of a workspace, by its name.
    File(fn(&Workspace<'_>, &str) -> Result<(), Findings>),
    /// Bytes.
    Bytes(fn(&[u8]) -> Verdict),
}

/// What a reader says of a file.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// It does not take it.
    pub(super) refused: bool,
    /// What it says first.
    pub(super) said: Option<String>,
    /// How many places in the file it names.
    pub(super) places: usize,
    /// What it says without a place, or with one that the file has not.
    pub(super) misplaced: Vec<String>,
}

impl Reader {
    /// Reads a file that takes the place of the whole one at `path`.
    pub(super) fn read(&self, path: &str, bytes: &[u8]) -> Verdict {
        match self.read {
            Read::Bytes(read) => read(bytes),
            Read::File(read) => {
                let tree = WithBroken { path, bytes };
                verdict(path, bytes, read(&Workspace::new(&tree), path))
            }
        }
    }
}

/// The whole files, one of which is another.
struct WithBroken<'b> {
    path: &'b str,
    bytes: &'b [u8],
}

static WHOLE: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(seeds::workspace);

impl WithBroken<'_> {
    fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        if path == self.path {
            return Some(self.bytes.to_vec());
        }
        WHOLE.get(path).cloned()
    }
}

impl FileTree for WithBroken<'_> {
    fn label(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let below = WHOLE.keys().filter(|path| path.starts_with(folder));
        let entry = |path: &String| TreeEntry {
            path: path.clone(),
            kind: EntryKind::File,
            id: None,
        };
        Ok(below.map(entry).collect())
    }

    fn read(&self, path: &str, _limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(self.bytes(path))
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let bytes = self.bytes(path);
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn BufRead + Send>))
    }
}

/// All readers.
pub(super) fn readers() -> Vec<Reader> {
    let sorts = [files(), operations(), of_others(), bytes()];
    sorts.into_iter().flatten().collect()
}

/// A sort of file in a workspace: its name, how its paths begin and end, and what reads it.
type FileSort = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Workspace<'_>, &str) -> Result<(), Findings>,
);

/// A sort of bytes: its name, whole ones, and what reads them.
type BytesSort = (&'static str, Vec<(String, Vec<u8>)>, fn(&[u8]) -> Verdict);

/// The files of a workspace.
fn files() -> Vec<Reader> {
    let files: [FileSort; 9] = [
        ("settings", "pointsman", ".toml", |it, _| {
            it.project().map(drop)
        }),
        ("prompt", "prompts/", ".prompt.yml", |it, path| {
            it.closure(&id(path)).map(drop)
        }),
        ("template", "prompts/_partials/", ".md", |it, path| {
            let prompts = it.prompt_ids()?;
            let name = path.trim_start_matches("prompts/");
            let includes = |text: &str| text.contains(name);
            let sources = prompts.iter().map(|id| it.prompt_source(id));
            let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
            let all = prompts.iter().zip(&sources);
            let mut including = all.filter(|(_, source)| includes(&source.text));
            including.try_for_each(|(id, _)| it.closure(id).map(drop))
        }),
        ("dataset", "datasets/", ".yml", |it, path| {
            it.dataset(&id(path)).map(drop)
        }),
        ("rows as JSON lines", "datasets/", ".jsonl", rows),
        ("rows as CSV", "datasets/", ".csv", rows),
        ("evaluator", "evaluators/", ".yml", |it, path| {
            it.evaluator(&id(path)).map(drop)
        }),
        ("lane", "environments/", ".toml", |it, path| {
            it.lane(&id(path)).map(drop)
        }),
        (
            "allowed signers",
            "environments/",
            "_signers",
            |it, path| {
                let lane = it.lane(&id("environments/everything.toml"))?;
                let approval = lane.approval;
                let approval = approval.unwrap_or_else(|| panic!("the policy names `{path}`"));
                it.signers(&approval.allowed_signers).map(drop)
            },
        ),
    ];
    files.map(of_file).into()
}

/// The files that the loop writes.
fn operations() -> Vec<Reader> {
    let files: [FileSort; 5] = [
        ("view", "operations/views/", ".toml", |it, path| {
            it.view(&id(path)).map(drop)
        }),
        ("alert rule", "operations/alerts/", ".toml", |it, path| {
            it.alert(&id(path)).map(drop)
        }),
        ("behavior", "operations/behaviors/", ".toml", |it, path| {
            it.behavior(&id(path)).map(drop)
        }),
        ("incident", "operations/incidents/", ".md", |it, path| {
            it.incident(&id(path)).map(drop)
        }),
        ("review", "operations/reviews/", ".md", |it, path| {
            it.review(&id(path)).map(drop)
        }),
    ];
    files.map(of_file).into()
}

/// The files of other tools.
fn of_others() -> Vec<Reader> {
    let files: [FileSort; 4] = [
        (
            "dotprompt",
            "others/dotprompt/",
            "card.prompt",
            |it, path| left_out(dotprompt::import(it.tree(), &[path.to_owned()], None)?),
        ),
        ("prompty", "others/prompty/", ".prompty", |it, path| {
            left_out(prompty::import(it.tree(), &[path.to_owned()], None)?)
        }),
        ("humanloop", "others/humanloop/", ".prompt", |it, path| {
            left_out(humanloop::import(it.tree(), &[path.to_owned()], None)?)
        }),
        ("promptfoo", "others/promptfoo/", ".yaml", |it, path| {
            left_out(promptfoo::import(it.tree(), path)?)
        }),
    ];
    files.map(of_file).into()
}

fn of_file((name, start, end, read): FileSort) -> Reader {
    Reader {
        name,
        seeds: whole(start, end),
        read: Read::File(read),
    }
}

fn bytes() -> Vec<Reader> {
    let numbered = |seeds: Vec<Vec<u8>>| {
        let named = seeds.into_iter().enumerate();
        named
            .map(|(number, bytes)| (number.to_string(), bytes))
            .collect()
    };
    let filters = seeds::FILTERS.map(|text| text.as_bytes().to_vec());
    let bytes: [BytesSort; 6] = [
        ("filter", numbered(filters.into()), filter),
        ("mapping", whole("mappings/", ".toml"), |bytes| {
            let read = read_mapping(&Source::new("mapping.toml", lossy(bytes)));
            verdict("mapping.toml", bytes, read.map(drop))
        }),
        ("OTLP as JSON", numbered(seeds::otlp_json()), |bytes| {
            let read = from_json(bytes).map(take_in);
            json_verdict(read.map_err(|error| (error.line, error.to_string())))
        }),
        (
            "OTLP as protobuf",
            numbered(seeds::otlp_protobuf()),
            |bytes| Verdict {
                refused: from_protobuf(bytes).map(take_in).is_err(),
                ..Verdict::default()
            },
        ),
        (
            "signed envelope",
            numbered(vec![seeds::attestation()]),
            |bytes| Verdict {
                refused: Attestation::parse(bytes).is_err(),
                ..Verdict::default()
            },
        ),
        (
            "record of a deployment",
            numbered(vec![seeds::deployment()]),
            |bytes| {
                let read = serde_json::from_slice::<Deployment>(bytes).map(drop);
                json_verdict(read.map_err(|error| (error.line() as u64, error.to_string())))
            },
        ),
    ];
    let reader = |(name, seeds, read)| Reader {
        name,
        seeds,
        read: Read::Bytes(read),
    };
    bytes.map(reader).into()
}

/// The whole files whose paths begin and end so.
fn whole(start: &str, end: &str) -> Vec<(String, Vec<u8>)> {
    let files = WHOLE.iter();
    let files = files.filter(|(path, _)| path.starts_with(start) && path.ends_with(end));
    files
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect()
}

/// What of another tool's files did not come along. That a file is left out as a whole is said of the
/// whole, beside the reason, which has its place.
fn left_out(import: Import) -> Result<(), Findings> {
    let remarks = import.remarks.into_iter();
    let errors = remarks.filter(|it| it.is_error() && it.ident != "not-imported");
    let errors: Vec<Finding> = errors.collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(Findings(errors))
}

/// The name that stands in a path: between the folders of its sort and the ending.
fn id<T: std::str::FromStr>(path: &str) -> T {
    let sorts = ["views/", "alerts/", "behaviors/", "incidents/", "reviews/"];
    let below = path.strip_prefix("operations/").unwrap_or(path);
    let sort = sorts.into_iter().find(|sort| below.starts_with(sort));
    let start = sort.map_or_else(|| below.find('/').map_or(0, |it| it + 1), str::len);
    let name = &below[start..];
    let end = [".prompt.yml", ".yml", ".toml", ".md", ".jsonl", ".csv"]
        .into_iter()
        .find_map(|ending| name.strip_suffix(ending));
    let name = end.unwrap_or(name).parse();
    name.unwrap_or_else(|_| panic!("`{path}` has no name"))
}

/// Reads all rows; each that is broken is told, and the others are read.
fn rows(workspace: &Workspace<'_>, path: &str) -> Result<(), Findings> {
    let dataset = workspace.dataset(&id::<DatasetId>(path))?;
    let broken = workspace.rows(&dataset)?.filter_map(Result::err);
    let findings: Vec<Finding> = broken.flat_map(|findings| findings.0).collect();
    if findings.is_empty() {
        return Ok(());
    }
    Err(Findings(findings))
}

fn filter(bytes: &[u8]) -> Verdict {
    let text = lossy(bytes);
    let now: Timestamp = "2026-03-02T09:00:00Z".parse().expect("it is a time");
    let Err(error) = language::parse(&text, now) else {
        return Verdict::default();
    };
    let is_inside = text.get(error.range.clone()).is_some();
    let misplaced = (!is_inside).then(|| format!("{:?}: {error}", error.range));
    Verdict {
        said: Some(error.to_string()),
        refused: true,
        places: 1,
        misplaced: misplaced.into_iter().collect(),
    }
}

/// From an export to redacted spans and scores.
fn take_in(export: Export<'_>) {
    static RULES: LazyLock<Redaction> = LazyLock::new(|| {
        let tree = WithBroken {
            path: "",
            bytes: b"",
        };
        let project = Workspace::new(&tree).project();
        project.expect("the settings are whole").redaction
    });
    let (mut batch, mut mapped) = (TraceBatch::default(), Mapped::default());
    Mapper::new(TracePrices::default()).map(export, &mut batch, &mut mapped);
    Redactor::new(&RULES, None).redact(&mut batch);
}

/// The error comes with its line.
fn json_verdict(read: Result<(), (u64, String)>) -> Verdict {
    let Err((line, error)) = read else {
        return Verdict::default();
    };
    let misplaced = (line == 0).then(|| error.clone());
    Verdict {
        said: Some(error),
        refused: true,
        places: 1,
        misplaced: misplaced.into_iter().collect(),
    }
}

fn lossy(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}

fn verdict(path: &str, bytes: &[u8], read: Result<(), Findings>) -> Verdict {
    let Err(Findings(findings)) = read else {
        return Verdict::default();
    };
    let text = lossy(bytes);
    let lines: Vec<&str> = text.split('\n').collect();
    let misplaced = findings
        .iter()
        .filter(|it| !is_inside(path, &lines, &it.place));
    let told = |it: &Finding| format!("{}: {} at {:?}", it.ident, it.message, it.place.span);
    Verdict {
        refused: true,
        said: findings.first().map(told),
        places: findings.len(),
        misplaced: misplaced.map(told).collect(),
    }
}

/// Whether a place is one of the file that is broken, by its line and its column.
fn is_inside(path: &str, lines: &[&str], place: &Place) -> bool {
    let Some(span) = place.span else {
        return false;
    };
    if place.path != path {
        // A template that is included is read for a prompt, which is then what is wrong.
        return WHOLE.contains_key(&place.path);
    }
    let line = usize::try_from(span.line).ok();
    let line = line.and_then(|line| lines.get(line.checked_sub(1)?));
    line.is_some_and(|line| {
        let columns = line.chars().count() + 1;
        usize::try_from(span.column).is_ok_and(|column| (1..=columns).contains(&column))
    })
}
