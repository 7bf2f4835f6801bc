//! What came of verifying a bundle: for people and for machines.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::domain::untrusted::Untrusted;
use crate::engine::release::received::{BrokenBundle, VerifiedBundle};

/// The outcome in one line, for people.
pub fn verified_bundle(file: &Path, outcome: &Result<VerifiedBundle, BrokenBundle>) -> String {
    let file = file.to_string_lossy();
    let file = Untrusted(&file);
    match outcome {
        Ok(bundle) => {
            let head = &bundle.head;
            let until = match head.expires_at {
                Some(at) => format!("to be used until {at}"),
                None => "without an end".to_owned(),
            };
            format!(
                "{file} holds: lane {} #{} ({}), {} prompt(s), signed by {}, {until}\n",
                head.lane,
                head.sequence,
                head.record.short(),
                bundle.prompts,
                Untrusted(&bundle.signer)
            )
        }
        Err(broken) => format!(
            "{file} is broken: {}: {}\n",
            broken.link.ident(),
            Untrusted(&broken.message)
        ),
    }
}

/// A bundle that was verified: `pointsman/verify-bundle/v1`.
#[derive(Debug, Serialize)]
pub struct VerifyBundleV1<'a> {
    schema: &'static str,
    lane: &'a LaneName,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<VerifiedV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<BrokenV1<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedV1<'a> {
    sequence: u64,
    record: &'a str,
    digest: Digest,
    prompts: usize,
    expires_at: Option<Timestamp>,
    signer: &'a str,
    key: &'a str,
}

#[derive(Debug, Serialize)]
struct BrokenV1<'a> {
    link: &'static str,
    message: &'a str,
}

impl<'a> VerifyBundleV1<'a> {
    /// What came of verifying a bundle that should be of `lane`.
    pub fn new(lane: &'a LaneName, outcome: &'a Result<VerifiedBundle, BrokenBundle>) -> Self {
        let verified = outcome.as_ref().ok().map(|bundle| VerifiedV1 {
            sequence: bundle.head.sequence,
            record: bundle.head.record.as_str(),
            digest: bundle.digest,
            prompts: bundle.prompts,
            expires_at: bundle.head.expires_at,
            signer: &bundle.signer,
            key: bundle.key.as_str(),
        });
        let broken = outcome.as_ref().err().map(|broken| BrokenV1 {
            link: broken.link.ident(),
            message: &broken.message,
        });
        Self {
            schema: "pointsman/verify-bundle/v1",
            lane,
            holds: outcome.is_ok(),
            verified,
            broken,
        }
    }
}
