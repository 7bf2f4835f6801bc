//! Nobody who answers tells a key: those of all providers are cut out of whatever any of them says.
//!
//! A server may send back the key that it was sent, and a row, a recording or a program may hold that of
//! another provider. None comes further than this, to reports, runs, caches or recordings.

use std::sync::Arc;

use crate::domain::project::Price;
use crate::domain::query::Query;
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Provider, ProviderError, ProviderProfile};

use crate::adapters::secrets::Secrets;

/// A provider that tells no key.
pub(super) struct Discreet<'a> {
    inner: Box<dyn Provider + 'a>,
    secrets: Arc<Secrets>,
}

impl<'a> Discreet<'a> {
    /// What `inner` says, without these secrets.
    pub(super) fn new(inner: Box<dyn Provider + 'a>, secrets: Arc<Secrets>) -> Self {
        Self { inner, secrets }
    }

    async fn told(
        &self,
        said: BoxFuture<'_, Result<Answer, ProviderError>>,
    ) -> Result<Answer, ProviderError> {
        match said.await {
            Ok(mut answer) => {
                self.secrets.scrub_answer(&mut answer);
                Ok(answer)
            }
            Err(ProviderError::Failed { message, attempts }) => Err(ProviderError::Failed {
                message: self.secrets.scrub_error(&message),
                attempts,
            }),
            Err(error @ ProviderError::NotRecorded(_)) => Err(error),
        }
    }
}

impl Provider for Discreet<'_> {
    fn profile(&self) -> &ProviderProfile {
        self.inner.profile()
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.inner.price(model)
    }

    fn accepts(&self, request: &ModelRequest) -> Result<(), String> {
        self.inner.accepts(request)
    }

    fn answer<'q>(
        &'q self,
        request: &'q ModelRequest,
    ) -> BoxFuture<'q, Result<Answer, ProviderError>> {
        Box::pin(self.told(self.inner.answer(request)))
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        self.inner.accepts_query(query)
    }

    fn consult<'q>(&'q self, query: &'q Query) -> BoxFuture<'q, Result<Answer, ProviderError>> {
        Box::pin(self.told(self.inner.consult(query)))
    }
}
