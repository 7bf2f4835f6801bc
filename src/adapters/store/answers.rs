//! Answers that were paid for, one file each, checked when they are read.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::run::Answer;
use crate::engine::ports::{AnswerCache, StoreError};

use super::whole::{store_error, write_whole};

/// Keeps answers in `cache/answers/` of a folder.
pub struct FileAnswerCache {
    folder: PathBuf,
}

/// What a file holds: the answer as text, and the digest of that text with the key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    checksum: Digest,
    answer: String,
}

impl FileAnswerCache {
    /// The cache below a folder. Nothing is created before there is an answer to keep.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self {
            folder: base.into().join("cache").join("answers"),
        }
    }

    fn path(&self, key: &Digest) -> PathBuf {
        let name = key.to_string();
        self.folder.join(&name[..2]).join(format!("{name}.json"))
    }
}

impl AnswerCache for FileAnswerCache {
    fn get(&self, key: &Digest) -> Option<Answer> {
        let bytes = fs::read(self.path(key)).ok()?;
        let entry: Entry = serde_json::from_slice(&bytes).ok()?;
        (entry.checksum == checksum(key, &entry.answer))
            .then(|| serde_json::from_str(&entry.answer).ok())
            .flatten()
    }

    fn put(&self, key: &Digest, answer: &Answer) -> Result<(), StoreError> {
        let path = self.path(key);
        let failed = |error: std::io::Error| store_error("write", &path, error.to_string());
        let answer = serde_json::to_string(answer).map_err(|error| failed(error.into()))?;
        let entry = Entry {
            checksum: checksum(key, &answer),
            answer,
        };
        let bytes = serde_json::to_vec(&entry).map_err(|error| failed(error.into()))?;
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(failed)?;
        write_whole(&path, &bytes).map_err(failed)
    }
}

fn checksum(key: &Digest, answer: &str) -> Digest {
    Digest::of(format!("{key}\n{answer}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            output: "billing".to_owned(),
            input_tokens: Some(3),
            latency_ms: Some(12.345),
            cost_usd: Some(0.1 + 0.2),
            ..Answer::default()
        }
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let base = tempfile::tempdir().unwrap();
        let cache = FileAnswerCache::new(base.path());
        let key = Digest::of(b"request");
        assert_eq!(cache.get(&key), None);
        cache.put(&key, &answer()).unwrap();
        assert_eq!(cache.get(&key), Some(answer()));
        assert_eq!(cache.get(&Digest::of(b"another")), None);
    }

    #[test]
    fn an_entry_that_is_cut_changed_or_moved_is_a_miss() {
        let base = tempfile::tempdir().unwrap();
        let cache = FileAnswerCache::new(base.path());
        let key = Digest::of(b"request");
        cache.put(&key, &answer()).unwrap();
        let path = cache.path(&key);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(cache.get(&key), None, "cut to {length} bytes");
        }
        let text = String::from_utf8(whole.clone()).unwrap();
        fs::write(&path, text.replace("billing", "refunds")).unwrap();
        assert_eq!(cache.get(&key), None);

        let other = Digest::of(b"another");
        let elsewhere = cache.path(&other);
        fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
        fs::write(&elsewhere, &whole).unwrap();
        assert_eq!(cache.get(&other), None);
    }
}
