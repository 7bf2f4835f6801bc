//! Commands that listen: where, for whom, and until when.

use std::net::SocketAddr;

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::adapters::listening::Token;

use super::context::Context;
use super::error::CommandError;

/// Runs the server of a command, on one thread.
pub fn runtime(listen: SocketAddr) -> Result<Runtime, CommandError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime
        .enable_all()
        .build()
        .map_err(|error| cannot_listen(listen, &error))
}

/// The error where nobody can listen.
pub fn cannot_listen(listen: SocketAddr, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot listen at {listen}: {error}"))
        .with_hint("name an address of this machine and a port that is free with `--listen`")
}

/// Waits for SIGINT or SIGTERM.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The token in this variable, which whoever asks must show; off this machine there must be one.
pub fn token(
    context: &Context,
    listen: SocketAddr,
    token_env: Option<&str>,
) -> Result<Option<Token>, CommandError> {
    let Some(name) = token_env else {
        if listen.ip().is_loopback() {
            return Ok(None);
        }
        return Err(CommandError::usage(format!(
            "{listen} can be reached from other machines, and nobody would have to show a token"
        ))
        .with_hint("name the variable that holds one with `--token-env`, or listen at 127.0.0.1"));
    };
    let usable = context.environment().text(name).map(Token::new);
    match usable {
        Some(Ok(token)) => Ok(Some(token)),
        Some(Err(error)) => Err(CommandError::usage(format!(
            "the variable `{name}` cannot be used: {error}"
        ))
        .with_hint("make one: `openssl rand -hex 32`")),
        None => Err(
            CommandError::usage(format!("the variable `{name}` is not set"))
                .with_hint("set it to a token: `openssl rand -hex 32`"),
        ),
    }
}
