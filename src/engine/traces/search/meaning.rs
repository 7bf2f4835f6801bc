//! Searching by meaning: a model places texts in a space, and those near the query are found though
//! they share no word with it.
//!
//! Texts leave the machine only where whoever searches asks for it, and only as redaction let them
//! through. A place is paid for once: it is kept by the digest of its text, for each model.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;

use crate::domain::digest::Digest;
use crate::domain::query::{Query, Task};
use crate::domain::run::Answer;
use crate::domain::trace::span::Span;
use crate::domain::vector::cosine;
use crate::engine::ports::{AnswerCache, Provider, ProviderError, StoreError};

use super::passages::Passage;
use super::ranking::Placed;

/// How many different texts one search compares.
const MOST_TEXTS: usize = 10_000;

/// How much of a span's texts counts, in characters: the end, because a conversation that grows has
/// the same start in every span.
const LONGEST: usize = 4_000;

/// How many texts are sent in one request.
const BATCH: usize = 64;

/// The texts of spans, each once.
#[derive(Debug, Default)]
pub struct Texts {
    spans: Vec<(Placed, Digest)>,
    by_digest: BTreeMap<Digest, String>,
    too_many: bool,
}

impl Texts {
    /// Adds what a span's passages say.
    pub fn add(&mut self, span: &Span, passages: &[Passage]) {
        let texts: Vec<&str> = passages
            .iter()
            .map(|passage| passage.text.as_str())
            .collect();
        let text = end_of(&texts.join("\n"));
        let digest = Digest::of(text.as_bytes());
        if self.by_digest.len() >= MOST_TEXTS && !self.by_digest.contains_key(&digest) {
            self.too_many = true;
            return;
        }
        self.by_digest.entry(digest).or_insert(text);
        let placed = Placed {
            trace: span.trace_id.clone(),
            span: span.span_id.clone(),
            started_at: span.started_at,
            score: 0.0,
        };
        self.spans.push((placed, digest));
    }
}

/// The last characters of a text.
fn end_of(text: &str) -> String {
    let start = text.char_indices().rev().nth(LONGEST - 1);
    text[start.map_or(0, |(index, _)| index)..].to_owned()
}

/// Who places texts, and what may be sent to it.
pub struct Placing<'p> {
    /// The provider.
    pub provider: &'p dyn Provider,
    /// The model, as the provider knows it.
    pub model: String,
    /// Where places are kept; absent: nowhere.
    pub cache: Option<&'p dyn AnswerCache>,
    /// How many texts may be sent.
    pub most_sent: usize,
}

/// Why nothing can be found by meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeaningError {
    /// More texts than one search compares.
    #[error("the spans in question have more than {MOST_TEXTS} different texts to compare")]
    TooManyTexts,
    /// More texts would be sent than was allowed.
    #[error("{texts} texts would be sent to `{provider}`, and at most {most} may be")]
    WouldSend {
        /// How many.
        texts: usize,
        /// To whom.
        provider: String,
        /// How many may be sent.
        most: usize,
    },
    /// The provider places no texts.
    #[error("provider `{provider}` places no texts: {reason}")]
    NotAsked {
        /// The provider.
        provider: String,
        /// Why not.
        reason: String,
    },
    /// The provider failed.
    #[error("provider `{provider}`: {error}")]
    Provider {
        /// The provider.
        provider: String,
        /// How.
        error: ProviderError,
    },
    /// What it gave cannot be compared.
    #[error("the places that `{provider}` gives cannot be compared: {reason}")]
    Unusable {
        /// The provider.
        provider: String,
        /// Why not.
        reason: String,
    },
    /// Places could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The spans by how near their texts are to what is asked, and how many texts were sent for it.
pub async fn nearest(
    placing: &Placing<'_>,
    asked: &str,
    texts: Texts,
) -> Result<(Vec<Placed>, usize), MeaningError> {
    if texts.too_many {
        return Err(MeaningError::TooManyTexts);
    }
    let question = Digest::of(asked.as_bytes());
    let mut unknown: Vec<(Digest, &str)> = vec![(question, asked)];
    unknown.extend(
        texts
            .by_digest
            .iter()
            .map(|(digest, text)| (*digest, text.as_str())),
    );
    unknown.retain(|(digest, _)| placing.kept(*digest).is_none());
    let sent = unknown.len();
    placing.check(&unknown)?;
    let mut fresh = placing.place(&unknown).await?;
    let target = placing.of(question, &mut fresh)?;
    let mut cosines = BTreeMap::new();
    for digest in texts.by_digest.keys() {
        let place = placing.of(*digest, &mut fresh)?;
        let near = cosine(&target, &place).map_err(|error| placing.unusable(error.to_string()))?;
        cosines.insert(*digest, near);
    }
    let placed = texts.spans.into_iter().filter_map(|(placed, digest)| {
        let score = *cosines.get(&digest)?;
        Some(Placed { score, ..placed })
    });
    Ok((placed.collect(), sent))
}

/// The place of each text, in their order, and how many texts were sent for it.
pub async fn places(
    placing: &Placing<'_>,
    texts: &[&str],
) -> Result<(Vec<Place>, usize), MeaningError> {
    let digests: Vec<Digest> = texts
        .iter()
        .map(|text| Digest::of(text.as_bytes()))
        .collect();
    let distinct: BTreeMap<Digest, &str> =
        digests.iter().copied().zip(texts.iter().copied()).collect();
    let unknown = distinct.iter().map(|(digest, text)| (*digest, *text));
    let unknown: Vec<(Digest, &str)> = unknown
        .filter(|(digest, _)| placing.kept(*digest).is_none())
        .collect();
    placing.check(&unknown)?;
    let mut fresh = placing.place(&unknown).await?;
    let mut known: BTreeMap<Digest, Place> = BTreeMap::new();
    for digest in distinct.keys() {
        let place = placing.of(*digest, &mut fresh)?;
        let first = known.first_key_value().map(|(_, first)| first.len());
        if first.is_some_and(|first| first != place.len()) {
            return Err(placing.unusable("they have not as many numbers each".to_owned()));
        }
        known.insert(*digest, place);
    }
    let places = digests.iter().map(|digest| known[digest].clone());
    Ok((places.collect(), unknown.len()))
}

/// Where a model places a text.
pub type Place = Vec<f64>;

impl Placing<'_> {
    fn name(&self) -> String {
        self.provider.profile().name.clone()
    }

    fn unusable(&self, reason: String) -> MeaningError {
        MeaningError::Unusable {
            provider: self.name(),
            reason,
        }
    }

    fn query(&self, texts: Vec<String>) -> Query {
        Query {
            provider: self.name(),
            task: Task::Places {
                model: self.model.clone(),
                texts,
            },
        }
    }

    /// Refuses what must not be sent, before anything is.
    fn check(&self, unknown: &[(Digest, &str)]) -> Result<(), MeaningError> {
        let provider = self.name();
        if unknown.len() > self.most_sent {
            return Err(MeaningError::WouldSend {
                texts: unknown.len(),
                provider,
                most: self.most_sent,
            });
        }
        let accepted = self.provider.accepts_query(&self.query(Vec::new()));
        accepted.map_err(|reason| MeaningError::NotAsked { provider, reason })
    }

    fn key(&self, text: Digest) -> Digest {
        Digest::of_json(&json!({
            "pointsman": "place/v1",
            "endpoint": self.provider.profile().endpoint,
            "model": self.model,
            "text": text,
        }))
    }

    fn kept(&self, text: Digest) -> Option<Place> {
        let answer = self.cache?.get(&self.key(text))?;
        serde_json::from_str(&answer.output).ok()
    }

    /// The place of a text that is kept or was just asked for.
    fn of(&self, text: Digest, fresh: &mut BTreeMap<Digest, Place>) -> Result<Place, MeaningError> {
        let place = fresh.remove(&text).or_else(|| self.kept(text));
        place.ok_or_else(|| self.unusable("a text has none".to_owned()))
    }

    /// Asks for places, several requests at once, and keeps them as they come.
    async fn place(
        &self,
        unknown: &[(Digest, &str)],
    ) -> Result<BTreeMap<Digest, Place>, MeaningError> {
        let at_once = self.provider.profile().concurrency.max(1);
        let batches = unknown.chunks(BATCH).map(|batch| self.place_batch(batch));
        let mut batches = stream::iter(batches).buffered(at_once);
        let mut places = BTreeMap::new();
        while let Some(batch) = batches.next().await {
            places.extend(batch?);
        }
        Ok(places)
    }

    async fn place_batch(
        &self,
        batch: &[(Digest, &str)],
    ) -> Result<Vec<(Digest, Place)>, MeaningError> {
        let texts = batch.iter().map(|(_, text)| (*text).to_owned()).collect();
        let query = self.query(texts);
        let answer = self.provider.consult(&query).await;
        let answer = answer.map_err(|error| MeaningError::Provider {
            provider: self.name(),
            error,
        })?;
        let places: Result<Vec<Place>, _> = serde_json::from_str(&answer.output);
        let places = places.map_err(|error| self.unusable(error.to_string()))?;
        if places.len() != batch.len() {
            return Err(self.unusable(format!("{} for {} texts", places.len(), batch.len())));
        }
        let digests = batch.iter().map(|(digest, _)| *digest);
        let found: Vec<(Digest, Place)> = digests.zip(places).collect();
        for (digest, place) in &found {
            if let Some(cache) = self.cache {
                let answer = Answer {
                    output: json!(place).to_string(),
                    ..Answer::default()
                };
                cache.put(&self.key(*digest), &answer)?;
            }
        }
        Ok(found)
    }
}
