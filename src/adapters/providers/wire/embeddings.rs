//! Embeddings of the OpenAI wire format: texts are placed in a space, and their angles say how near
//! their meanings are. Whoever only wants to know that gets the cosines: places are large.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::adapters::providers::retry::Failure;
use crate::domain::run::Answer;
use crate::domain::vector::cosine;

/// The body of a request that places texts.
pub(super) fn body<'t>(model: &str, texts: impl Iterator<Item = &'t String>) -> Value {
    let texts: Vec<&String> = texts.collect();
    json!({"model": model, "input": texts, "encoding_format": "float"})
}

#[derive(Deserialize)]
struct Embeddings {
    data: Vec<Embedding>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f64>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
}

/// Reads the cosines of the first text and each of the others.
pub(super) fn read_likeness(body: &[u8], texts: usize) -> Result<Answer, Failure> {
    let (places, counted) = read(body, texts)?;
    let (text, references) = places.split_first().ok_or_else(|| incomplete(texts))?;
    let cosines: Result<Vec<f64>, _> = references
        .iter()
        .map(|reference| cosine(text, reference))
        .collect();
    let cosines = cosines.map_err(|error| {
        Failure::lasting(format!(
            "the server's embeddings cannot be compared: {error}"
        ))
    })?;
    Ok(answer(&json!(cosines), counted))
}

/// Reads the places themselves.
pub(super) fn read_places(body: &[u8], texts: usize) -> Result<Answer, Failure> {
    let (places, counted) = read(body, texts)?;
    Ok(answer(&json!(places), counted))
}

/// Reads as many places as there are texts, each exactly once, whatever order they come in; and how
/// many tokens were read for them.
fn read(body: &[u8], texts: usize) -> Result<(Vec<Vec<f64>>, Option<u64>), Failure> {
    let embeddings: Embeddings = serde_json::from_slice(body).map_err(|error| {
        Failure::lasting(format!("the server's answer holds no embeddings: {error}"))
    })?;
    let mut places = embeddings.data;
    places.sort_by_key(|place| place.index);
    if !places.iter().map(|place| place.index).eq(0..texts) {
        return Err(incomplete(texts));
    }
    let places = places.into_iter().map(|place| place.embedding);
    let counted = embeddings.usage.and_then(|usage| usage.prompt_tokens);
    Ok((places.collect(), counted))
}

fn incomplete(texts: usize) -> Failure {
    Failure::lasting(format!(
        "the server's answer does not hold one embedding for each of {texts} texts"
    ))
}

fn answer(output: &Value, counted: Option<u64>) -> Answer {
    Answer {
        output: output.to_string(),
        input_tokens: counted,
        output_tokens: counted.map(|_| 0),
        ..Answer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_two(data: &Value) -> Result<Answer, Failure> {
        let body = json!({"data": data, "usage": {"prompt_tokens": 7}});
        read_likeness(body.to_string().as_bytes(), 2)
    }

    #[test]
    fn places_are_told_apart_by_their_index() {
        let answer = read_two(&json!([
            {"index": 1, "embedding": [0.0, 2.0]},
            {"index": 0, "embedding": [3.0, 4.0]},
        ]))
        .unwrap();
        assert_eq!(answer.output, "[0.8]");
        assert_eq!(
            (answer.input_tokens, answer.output_tokens),
            (Some(7), Some(0))
        );
    }

    #[test]
    fn places_are_given_in_the_order_of_the_texts() {
        let body = json!({"data": [
            {"index": 1, "embedding": [0.5, 2]},
            {"index": 0, "embedding": [3, 4]},
        ]});
        let answer = read_places(body.to_string().as_bytes(), 2).unwrap();
        assert_eq!(answer.output, "[[3.0,4.0],[0.5,2.0]]");
        assert!(read_places(body.to_string().as_bytes(), 3).is_err());
    }

    #[test]
    fn places_that_cannot_be_compared_are_an_error() {
        let place =
            |index: usize, embedding: Value| json!({"index": index, "embedding": embedding});
        for data in [
            json!([]),
            json!([place(0, json!([1]))]),
            json!([place(0, json!([1])), place(0, json!([1]))]),
            json!([place(0, json!([1])), place(2, json!([1]))]),
            json!([
                place(0, json!([1])),
                place(1, json!([1])),
                place(2, json!([1]))
            ]),
            json!([place(0, json!([1])), place(1, json!([1, 2]))]),
            json!([place(0, json!([0, 0])), place(1, json!([1, 2]))]),
            json!([place(0, json!([])), place(1, json!([]))]),
            json!([place(0, json!(["NaN"])), place(1, json!([1]))]),
            json!([place(0, json!([null])), place(1, json!([1]))]),
        ] {
            assert!(read_two(&data).is_err(), "{data}");
        }
        for body in [
            "",
            "{}",
            "null",
            r#"{"data": [{"index": 0, "embedding": [1e999]}]}"#,
        ] {
            assert!(read_likeness(body.as_bytes(), 1).is_err(), "{body}");
        }
    }
}
