//! Asking a provider, unless the answer is known: bounded by the provider's concurrency.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::json;
use tokio::sync::Semaphore;

use crate::domain::digest::Digest;
use crate::domain::project::Price;
use crate::domain::query::Query;
use crate::domain::run::{Answer, CaseError, CaseErrorKind, ModelRequest};
use crate::engine::ports::{
    AnswerCache, BoxFuture, Provider, ProviderError, ProviderProfile, StoreError,
};

use super::budget::{Budget, RunLimits};

/// Providers by their names in the workspace.
pub type Providers<'a> = BTreeMap<String, Box<dyn Provider + 'a>>;

/// Asks providers, and keeps what was paid for.
pub(super) struct Caller<'a> {
    desks: BTreeMap<&'a str, Desk<'a>>,
    cache: Option<&'a dyn AnswerCache>,
    cache_error: Mutex<Option<StoreError>>,
    budget: Budget,
}

struct Desk<'a> {
    provider: &'a dyn Provider,
    permits: Semaphore,
}

/// An answer, and whether it was known before.
pub(super) struct Reply {
    pub(super) answer: Result<Answer, CaseError>,
    pub(super) reused: bool,
}

impl<'a> Caller<'a> {
    pub(super) fn new(
        providers: &'a Providers<'_>,
        cache: Option<&'a dyn AnswerCache>,
        limits: RunLimits,
    ) -> Self {
        let desks = providers.iter().map(|(name, provider)| {
            let desk = Desk {
                provider: provider.as_ref(),
                permits: Semaphore::new(provider.profile().concurrency.max(1)),
            };
            (name.as_str(), desk)
        });
        Self {
            desks: desks.collect(),
            cache,
            cache_error: Mutex::new(None),
            budget: Budget::new(limits),
        }
    }

    /// What the calls may take.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// How many calls can run at once, over all providers.
    pub(super) fn width(&self) -> usize {
        let desks = self.desks.values();
        desks
            .map(|desk| desk.provider.profile().concurrency.max(1))
            .sum::<usize>()
            .max(1)
    }

    /// Why answers could not be kept, the first time that this happened.
    pub(super) fn cache_error(&self) -> Option<StoreError> {
        self.cache_error
            .lock()
            .expect("no holder of the lock panics")
            .clone()
    }

    /// Answers a request.
    pub(super) async fn ask(&self, request: &ModelRequest, digest: Digest) -> Reply {
        let model = &request.model;
        let ask = |provider: &'a dyn Provider| provider.answer(request);
        self.call(&model.provider, &model.model, digest, ask).await
    }

    /// Answers a query of an evaluator.
    pub(super) async fn consult(&self, query: &Query) -> Reply {
        let model = query.task.model();
        let ask = |provider: &'a dyn Provider| provider.consult(query);
        self.call(&query.provider, model, query.digest(), ask).await
    }

    async fn call<'q>(
        &self,
        provider: &str,
        model: &str,
        digest: Digest,
        ask: impl FnOnce(&'a dyn Provider) -> BoxFuture<'q, Result<Answer, ProviderError>>,
    ) -> Reply
    where
        'a: 'q,
    {
        let Some(desk) = self.desks.get(provider) else {
            let message = format!("there is no provider `{provider}`");
            return Reply {
                answer: Err(provider_error(message)),
                reused: false,
            };
        };
        let profile = desk.provider.profile();
        let cache = self.cache.filter(|_| profile.keep_answers);
        let key = cache.map(|_| cache_key(profile, digest));
        if let (Some(cache), Some(key)) = (cache, &key)
            && let Some(answer) = cache.get(key)
        {
            return Reply {
                answer: Ok(answer),
                reused: true,
            };
        }
        let _permit = desk
            .permits
            .acquire()
            .await
            .expect("the semaphore is never closed");
        if !self.budget.take_call() {
            return stopped();
        }
        let answer = ask(desk.provider).await;
        if let Ok(answer) = &answer {
            let price = desk.provider.price(model);
            let nothing = (price == Some(Price::NOTHING)).then_some(0.0);
            self.budget.pay(answer.cost_usd.or(nothing));
        }
        if let (Some(cache), Some(key), Ok(answer)) = (cache, &key, &answer)
            && let Err(error) = cache.put(key, answer)
        {
            let mut first = self
                .cache_error
                .lock()
                .expect("no holder of the lock panics");
            first.get_or_insert(error);
        }
        Reply {
            answer: answer.map_err(|error| case_error(&error)),
            reused: false,
        }
    }
}

/// The name that an answer is kept under: another request, another repeat, another provider or
/// another address is another answer.
pub(super) fn cache_key(profile: &ProviderProfile, request: Digest) -> Digest {
    Digest::of_json(&json!({
        "pointsman": "answer/v1",
        "request": request,
        "provider": profile.name,
        "endpoint": profile.endpoint,
    }))
}

fn case_error(error: &ProviderError) -> CaseError {
    match error {
        ProviderError::NotRecorded(_) => CaseError {
            kind: CaseErrorKind::NotRecorded,
            message: error.to_string(),
        },
        ProviderError::Failed { .. } => provider_error(error.to_string()),
    }
}

/// The reply where a limit came first. A case with it is not kept.
fn stopped() -> Reply {
    Reply {
        answer: Err(CaseError {
            kind: CaseErrorKind::Stopped,
            message: "a limit of the evaluation was reached".to_owned(),
        }),
        reused: false,
    }
}

fn provider_error(message: String) -> CaseError {
    CaseError {
        kind: CaseErrorKind::Provider,
        message,
    }
}
