//! The recipe for Rust, as docs/runtime.md shows it.

use serde_json::Value;

/// The prompt, and the tag under which to ask for it again.
pub async fn read(
    origin: &str,
    lane: &str,
    prompt: &str,
) -> Result<(String, Value), reqwest::Error> {
    let url = format!("{origin}/v1/lanes/{lane}/prompts/{prompt}");
    let answer = reqwest::get(url).await?.error_for_status()?;
    let tag = answer.headers().get("etag");
    let tag = tag.and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let tag = tag.to_owned();
    let body: Value = answer.json().await?;
    Ok((tag, body["prompt"].clone()))
}
