//! The way in for traces, as the workspace at hand sets it up: where they are, prices, and what must
//! not be kept.

use crate::adapters::clickhouse::{Access, ClickHouseStore};
use crate::domain::project::{ClickHouseSettings, Project};
use crate::domain::redaction::Redaction;
use crate::engine::traces::intake::Intake;
use crate::engine::traces::map::Mapper;
use crate::engine::traces::map::cost::TracePrices;
use crate::engine::traces::redact::Redactor;
use crate::engine::traces::redact::pseudonym::PseudonymKey;

use super::context::Context;
use super::error::CommandError;

/// An intake by the settings of the workspace at hand.
pub fn intake(context: &Context) -> Result<Intake, CommandError> {
    let project = context.project_at_hand()?;
    let key = pseudonym_key(context, &project.redaction)?;
    let mapper = Mapper::new(TracePrices::new(project.prices));
    Ok(Intake::new(mapper, Redactor::new(&project.redaction, key)))
}

/// The traces in ClickHouse, by the settings of the workspace at hand.
pub fn clickhouse_store(
    context: &Context,
    project: &Project,
    settings: &ClickHouseSettings,
) -> Result<ClickHouseStore, CommandError> {
    let variable = |name: &str| context.environment().text(name).map(str::to_owned);
    let url = variable(&settings.url_env).ok_or_else(|| {
        CommandError::usage(format!(
            "the variable `{}`, which `[traces]` names for the address of ClickHouse, is not set",
            settings.url_env
        ))
        .with_hint(format!(
            "set it to the HTTP interface: `export {}=https://clickhouse.example.com:8443`",
            settings.url_env
        ))
    })?;
    let access = Access {
        url,
        user: variable(&settings.user_env),
        password: variable(&settings.password_env),
    };
    let key = pseudonym_key(context, &project.redaction)?;
    let redactor = Redactor::new(&project.redaction, key);
    let prices = TracePrices::new(project.prices.clone());
    Ok(ClickHouseStore::open(settings, &access, prices, redactor)?)
}

/// The key of pseudonyms, where the settings name one. One that is named must be there: without it,
/// what is stored now would not fit what is stored already.
pub fn pseudonym_key(
    context: &Context,
    settings: &Redaction,
) -> Result<Option<PseudonymKey>, CommandError> {
    let Some(name) = &settings.key_env else {
        return Ok(None);
    };
    let make = "make one and keep it: `openssl rand -hex 32`";
    let text = context.environment().text(name).ok_or_else(|| {
        CommandError::usage(format!(
            "the variable `{name}`, which `[redaction]` names for the key of pseudonyms, is not set"
        ))
        .with_hint(make)
    })?;
    let key = PseudonymKey::new(text).map_err(|error| {
        CommandError::usage(format!("the variable `{name}` cannot be used: {error}"))
            .with_hint(make)
    })?;
    Ok(Some(key))
}
