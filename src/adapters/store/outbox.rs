//! Messages about moves of lanes, kept until their receivers took them, and for a while after.
//!
//! ```text
//! outbox/lock              held by the one process that sends
//! outbox/moves/*.json      moves that were begun here, and whose messages may not be written yet
//! outbox/messages/*.json   a message to one receiver, with what was tried
//! ```
//!
//! A move is taken down before it is made. Where the process dies in between, the lane itself says
//! later whether the move happened, and its messages are derived from its record.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

use crate::domain::deployment::Deployment;
use crate::domain::digest::Digest;
use crate::domain::webhook::delivery::Delivery;
use crate::engine::ports::StoreError;

use super::whole::{store_error, write_durably};

/// How long messages are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The outbox of a repository.
pub struct FileOutbox {
    folder: PathBuf,
}

/// A move that was begun here.
pub struct BegunMove {
    path: PathBuf,
    /// What its record says.
    pub deployment: Deployment,
}

/// The right to send, for as long as it is held.
pub struct SendingLock(#[expect(dead_code, reason = "the lock ends when the file is closed")] File);

impl FileOutbox {
    /// The outbox below a folder of ours.
    pub fn new(base: &Path) -> Self {
        Self {
            folder: base.join("outbox"),
        }
    }

    /// Takes down a move that is about to be made.
    pub fn begin(&self, deployment: &Deployment) -> Result<BegunMove, StoreError> {
        let bytes = to_json(deployment);
        let name = format!("{}.json", Digest::of(&bytes));
        let path = self.subfolder("moves")?.join(name);
        write(&path, &bytes)?;
        Ok(BegunMove {
            path,
            deployment: deployment.clone(),
        })
    }

    /// The moves that were begun and never settled.
    pub fn begun(&self) -> Result<Vec<BegunMove>, StoreError> {
        let paths = list(&self.folder.join("moves"))?;
        let read = |path: PathBuf| {
            let deployment = read(&path)?;
            Ok(deployment.map(|deployment| BegunMove { path, deployment }))
        };
        paths
            .into_iter()
            .filter_map(|path| read(path).transpose())
            .collect()
    }

    /// Forgets a move: its messages are written, or it never happened.
    pub fn settle(&self, begun: &BegunMove) -> Result<(), StoreError> {
        remove(&begun.path)
    }

    /// Takes in a message, unless it is here already.
    pub fn add(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let path = self.path(delivery)?;
        if path.exists() {
            return Ok(());
        }
        write(&path, &to_json(delivery))
    }

    /// Keeps how a message stands now.
    pub fn keep(&self, delivery: &Delivery) -> Result<(), StoreError> {
        write(&self.path(delivery)?, &to_json(delivery))
    }

    /// Every message, oldest first.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        let paths = list(&self.folder.join("messages"))?;
        let read = |path: &PathBuf| read(path).transpose();
        let mut deliveries: Vec<Delivery> =
            paths.iter().filter_map(read).collect::<Result<_, _>>()?;
        deliveries.sort_by(|one, two| order(one).cmp(&order(two)));
        Ok(deliveries)
    }

    /// Removes what is older than anybody needs.
    pub fn tidy(&self, now: Timestamp) -> Result<(), StoreError> {
        let is_old = |then: Timestamp| now.duration_since(then) > KEPT;
        for delivery in self.deliveries()?.iter().filter(|it| is_old(it.created_at)) {
            remove(&self.path(delivery)?)?;
        }
        for begun in self
            .begun()?
            .iter()
            .filter(|it| is_old(it.deployment.recorded_at))
        {
            self.settle(begun)?;
        }
        Ok(())
    }

    /// The right to send; absent where another process has it.
    pub fn lock(&self) -> Result<Option<SendingLock>, StoreError> {
        let path = self.subfolder("")?.join("lock");
        let failed = |error: io::Error| store_error("lock", &path, error.to_string());
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SendingLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn path(&self, delivery: &Delivery) -> Result<PathBuf, StoreError> {
        let Delivery {
            lane,
            message,
            webhook,
            ..
        } = delivery;
        let name = format!("{lane}.{message}.{}.json", webhook.url_env);
        Ok(self.subfolder("messages")?.join(name))
    }

    fn subfolder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)
            .map_err(|error| store_error("create", &folder, error.to_string()))?;
        Ok(folder)
    }
}

fn order(delivery: &Delivery) -> (Timestamp, Option<u64>, &str, &str) {
    let webhook = &delivery.webhook;
    (
        delivery.created_at,
        delivery.sequence,
        delivery.lane.as_str(),
        &webhook.url_env,
    )
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .expect("our own types have text keys and no failing serializers");
    bytes.push(b'\n');
    bytes
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_durably(path, bytes).map_err(|error| store_error("write", path, error.to_string()))
}

/// Removes a file that another process may have removed already.
fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(store_error("remove", path, error.to_string()))
        }
        _ => Ok(()),
    }
}

/// The JSON files in a folder, sorted; none where there is no folder.
fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error: io::Error| store_error("read", folder, error.to_string());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What a file holds; nothing where it has gone in the meantime.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|error| store_error("read", path, error.to_string()))?,
    };
    let value = serde_json::from_slice(&bytes)
        .map_err(|error| store_error("read", path, error.to_string()))?;
    Ok(Some(value))
}
