//! Asking for answers that nobody grades, under the same limits and from the same cache as those that
//! somebody does.

use futures_util::stream::{self, StreamExt as _};

use crate::domain::run::{Answer, CaseError, ModelRequest};
use crate::engine::ports::AnswerCache;
use crate::engine::workspace::closure::Closure;

use super::budget::{LimitReached, RunLimits};
use super::call::{Caller, Providers};
use super::ready::{NotReady, check_prompt};

/// What came of the requests.
#[derive(Debug)]
pub struct Replies {
    /// An answer for each of them, or why there is none.
    pub answers: Vec<Result<Answer, CaseError>>,
    /// The limit that was reached, if one was.
    pub limit: Option<LimitReached>,
}

/// Asks what one prompt was rendered to, as far as the limits allow.
pub async fn ask_all(
    prompt: &Closure,
    requests: &[ModelRequest],
    providers: &Providers<'_>,
    cache: Option<&dyn AnswerCache>,
    limits: RunLimits,
) -> Result<Replies, NotReady> {
    check_prompt(prompt, providers, limits)?;
    let caller = Caller::new(providers, cache, limits);
    let asking = stream::iter(requests)
        .map(|request| async { caller.ask(request, request.digest()).await.answer })
        .buffered(caller.width());
    let mut answers: Vec<Result<Answer, CaseError>> = Vec::new();
    let mut time_is_up = std::pin::pin!(caller.budget().time_is_up());
    let mut asking = std::pin::pin!(asking);
    loop {
        let answer = tokio::select! {
            biased;
            answer = asking.next() => answer,
            () = &mut time_is_up => None,
        };
        let Some(answer) = answer else { break };
        answers.push(answer);
    }
    Ok(Replies {
        answers,
        limit: caller.budget().reached(),
    })
}
