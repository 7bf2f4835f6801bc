//! Answers that are known, and nobody asked: who has no answer kept or recorded has none.

use crate::domain::project::Price;
use crate::domain::query::Query;
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Provider, ProviderError, ProviderProfile};

use super::call::Providers;

/// The same providers, of whom nobody is asked but those that `may_be_asked`. What is kept of the
/// others' answers still counts.
pub fn known_only<'a>(
    providers: Providers<'a>,
    may_be_asked: impl Fn(&str) -> bool,
) -> Providers<'a> {
    let quiet = |(name, provider): (String, Box<dyn Provider + 'a>)| {
        if may_be_asked(&name) {
            return (name, provider);
        }
        let provider: Box<dyn Provider + 'a> = Box::new(NotAsked(provider));
        (name, provider)
    };
    providers.into_iter().map(quiet).collect()
}

/// A provider that is known, and not asked.
struct NotAsked<'a>(Box<dyn Provider + 'a>);

impl Provider for NotAsked<'_> {
    fn profile(&self) -> &ProviderProfile {
        self.0.profile()
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.0.price(model)
    }

    fn accepts(&self, request: &ModelRequest) -> Result<(), String> {
        self.0.accepts(request)
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        let answer = Err(ProviderError::NotRecorded(request.digest()));
        Box::pin(std::future::ready(answer))
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        self.0.accepts_query(query)
    }

    fn consult<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        let answer = Err(ProviderError::NotRecorded(query.digest()));
        Box::pin(std::future::ready(answer))
    }
}
