//! BM25: how well a text answers a query, by words alone (Robertson and Zaragoza, "The Probabilistic
//! Relevance Framework: BM25 and Beyond", 2009), in the form that Lucene uses: the weight of a word is
//! never negative (`ln(1 + …)`), and the factor `k1 + 1`, which changes no order, is left out.

/// How soon another occurrence of a word adds little.
const K1: f64 = 1.2;

/// How much a long text must make up for its length.
const B: f64 = 0.75;

/// What is known of all texts together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Corpus {
    /// How many texts.
    pub(super) texts: u64,
    /// How many words they have together.
    pub(super) words: u64,
    /// For each term of the query, how many texts have it.
    pub(super) texts_with: Vec<u64>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of texts and words stay far below 2^53"
)]
impl Corpus {
    /// How much a term of the query tells.
    pub(super) fn weight(&self, term: usize) -> f64 {
        let with = self.texts_with[term] as f64;
        (1.0 + (self.texts as f64 - with + 0.5) / (with + 0.5)).ln()
    }

    /// The score of a text of so many words, by how often it has each term.
    pub(super) fn score(&self, counts: &[u32], words: u64) -> f64 {
        let mean = self.words as f64 / self.texts.max(1) as f64;
        let length = 1.0 - B + B * words as f64 / mean.max(f64::MIN_POSITIVE);
        let term = |(term, count): (usize, &u32)| {
            let count = f64::from(*count);
            self.weight(term) * count / (count + K1 * length)
        };
        counts.iter().enumerate().map(term).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 5] = [
        "the refund did not arrive",
        "refund refund now please",
        "where is my order",
        "the app closes when i open the invoice",
        "please refund the invoice of march and the invoice of april",
    ];

    /// Reference values: bm25s 0.2.14, `BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")`.
    #[test]
    fn scores_agree_with_bm25s() {
        for (query, expected) in [
            (
                "refund",
                [
                    0.269_077_816_278,
                    0.376_591_441_56,
                    0.0,
                    0.0,
                    0.189_329_176_986,
                ],
            ),
            (
                "refund invoice",
                [
                    0.269_077_816_278,
                    0.376_591_441_56,
                    0.0,
                    0.361_018_036_022,
                    0.644_487_578_21,
                ],
            ),
            (
                "the",
                [
                    0.269_077_816_278,
                    0.0,
                    0.0,
                    0.314_742_482_18,
                    0.280_225_638_074,
                ],
            ),
            (
                "order please",
                [
                    0.0,
                    0.470_050_328_781,
                    0.744_319_120_064,
                    0.0,
                    0.307_519_205_218,
                ],
            ),
        ] {
            let terms: Vec<&str> = query.split(' ').collect();
            let counts = |text: &str| -> Vec<u32> {
                let count = |term: &&str| text.split(' ').filter(|word| word == term).count();
                terms
                    .iter()
                    .map(|term| u32::try_from(count(term)).unwrap())
                    .collect()
            };
            let words = |text: &str| text.split(' ').count() as u64;
            let with = |term: usize| TEXTS.iter().filter(|text| counts(text)[term] > 0).count();
            let corpus = Corpus {
                texts: 5,
                words: TEXTS.iter().map(|text| words(text)).sum(),
                texts_with: (0..terms.len()).map(|term| with(term) as u64).collect(),
            };
            for (text, expected) in TEXTS.iter().zip(expected) {
                let score = corpus.score(&counts(text), words(text));
                assert!(
                    (score - expected).abs() < 1e-12,
                    "{query} in {text}: {score}"
                );
            }
        }
    }

    #[test]
    fn nothing_at_all_has_a_score_of_nothing() {
        let corpus = Corpus {
            texts_with: vec![0],
            ..Corpus::default()
        };
        assert!(corpus.score(&[0], 0).abs() < f64::EPSILON);
    }
}
