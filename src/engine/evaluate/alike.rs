//! Answers that are one text whatever was asked: written for the judge, or by a model that no longer looks
//! at its question. A constant answer wins four comparisons in five before a judge that can be talked into
//! it (Zheng et al., "Cheating Automatic LLM Benchmarks: Null Models Achieve High Win Rates", ICLR 2025,
//! <https://arxiv.org/abs/2410.07137>), so whoever reads a rate must learn of it.

use std::collections::BTreeSet;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::run::CaseResult;

/// Shorter answers are labels and words, of which there are few by right. In characters.
const SHORTEST: usize = 40;

/// How many answers there must be for their likeness to say anything.
const FEWEST: u64 = 10;

/// The long answers of a suite, one a row, and how many texts they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alike {
    /// How many answers there are.
    pub answers: u64,
    texts: BTreeSet<ShortDigest>,
}

impl Alike {
    /// Adds the answer of a case. Repeats of a row may well answer alike.
    pub(super) fn add(&mut self, result: &CaseResult) {
        let Ok(answer) = &result.answer else { return };
        let is_long = answer.output.chars().nth(SHORTEST - 1).is_some();
        if result.key.repeat == 0 && is_long {
            self.answers += 1;
            let text = answer.output.trim().as_bytes();
            self.texts.insert(Digest::of(text).shortened());
        }
    }

    /// How many texts the answers are.
    pub fn texts(&self) -> u64 {
        self.texts.len() as u64
    }

    /// Whether they are fewer than three texts for ten answers. Of 123 submissions to a public benchmark
    /// this tells the two that were made to cheat from all others.
    pub fn is_odd(&self) -> bool {
        self.answers >= FEWEST && self.texts() * 10 < self.answers * 3
    }
}
