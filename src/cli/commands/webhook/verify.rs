//! `pointsman webhook verify`.

use std::io::Read as _;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::webhook::signature::{
    ID_HEADER, ReceivedHeaders, SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, verify,
};

/// The most that is read: far more than any message of ours.
const LIMIT: u64 = 1024 * 1024;

/// Check the signature of a message that came in
///
/// Reads its headers from stdin, one `name: value` a line, then an empty line, then the body, byte
/// for byte. Exits with 1 where the message is not to be believed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman webhook verify --secret-env PROD_WEBHOOK_SECRET < message.txt")]
pub(super) struct VerifyArgs {
    /// The variable that holds the signing secret; say it again for each secret that is valid
    #[arg(long, value_name = "VARIABLE", required = true)]
    secret_env: Vec<String>,
}

#[derive(Serialize)]
struct VerifyOutput {
    schema: &'static str,
    valid: bool,
    id: Option<String>,
    reason: Option<String>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &VerifyArgs) -> Result<Exit, CommandError> {
    let secrets = secrets(context, &args.secret_env)?;
    let message = read()?;
    let (headers, body) = split(&message);
    let now = context.clock().now();
    let mut result = verify(&secrets, &headers, body, now);
    // An editor or a shell may have ended the last line, which the body did not.
    if let (Err(_), Some(body)) = (&result, body.strip_suffix(b"\n")) {
        let without = body.strip_suffix(b"\r").unwrap_or(body);
        result = verify(&secrets, &headers, without, now).or(result);
    }
    let reason = result.err().map(|error| error.to_string());
    if ui.wants_json() {
        ui.json(&VerifyOutput {
            schema: "pointsman/webhook-verify/v1",
            valid: reason.is_none(),
            id: headers.id,
            reason: reason.clone(),
        });
    } else {
        match &reason {
            None => ui.line("the signature is right"),
            Some(reason) => ui.line(format!("not to be believed: {reason}")),
        }
    }
    Ok(if reason.is_none() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn secrets(context: &Context, names: &[String]) -> Result<Vec<SigningSecret>, CommandError> {
    let secret = |name: &String| {
        let text = context.environment().text(name).ok_or_else(|| {
            CommandError::usage(format!("the variable `{name}` is not set"))
                .with_hint("set it to the secret, `whsec_…`")
        })?;
        SigningSecret::parse(text).map_err(|error| {
            CommandError::usage(format!("the variable `{name}` cannot be used: {error}"))
                .with_hint("make one: `echo whsec_$(openssl rand -base64 32)`")
        })
    };
    names.iter().map(secret).collect()
}

fn read() -> Result<Vec<u8>, CommandError> {
    let failed = |why: String| {
        CommandError::usage(format!("cannot read the message: {why}"))
            .with_hint("give headers, an empty line and the body on stdin")
    };
    let mut message = Vec::new();
    let stdin = std::io::stdin().lock();
    let read = stdin.take(LIMIT + 1).read_to_end(&mut message);
    read.map_err(|error| failed(error.to_string()))?;
    if message.len() as u64 > LIMIT {
        return Err(failed(format!("it is larger than {LIMIT} bytes")));
    }
    Ok(message)
}

/// The headers that matter, and the body.
fn split(message: &[u8]) -> (ReceivedHeaders, &[u8]) {
    let mut headers = ReceivedHeaders::default();
    let mut rest = message;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&rest[..end]);
        rest = &rest[end + 1..];
        let line = line.trim();
        if line.is_empty() {
            return (headers, rest);
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = Some(value.trim().to_owned());
        match name.trim().to_ascii_lowercase().as_str() {
            ID_HEADER => headers.id = value,
            TIMESTAMP_HEADER => headers.timestamp = value,
            SIGNATURE_HEADER => headers.signature = value,
            _ => {}
        }
    }
    (headers, rest)
}
