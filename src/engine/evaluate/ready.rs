//! Whether a plan can be run as it is, found before anything is asked: what a prompt wants must be
//! sayable to its provider, and a cost limit needs prices.

use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::prompt::ModelRef;
use crate::engine::workspace::closure::Closure;

use super::budget::RunLimits;
use super::call::Providers;
use super::grade::{Grader, OutsideGrader};
use super::plan::Plan;

/// Why a plan cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The provider's API has no way to say what the prompt asks for.
    #[error("prompt `{prompt}` cannot be asked of `{model}`: {reason}")]
    NotAccepted {
        /// The prompt.
        prompt: PromptId,
        /// The model.
        model: ModelRef,
        /// What cannot be said.
        reason: String,
    },
    /// The provider cannot be asked by this evaluator.
    #[error("evaluator `{evaluator}` cannot ask provider `{provider}`: {reason}")]
    CannotGrade {
        /// The evaluator.
        evaluator: EvaluatorId,
        /// The provider.
        provider: String,
        /// Why not.
        reason: String,
    },
    /// A cost limit was given, and nobody knows what the model costs.
    #[error("a cost limit cannot be kept: the price of `{model}` is not known")]
    Unpriced {
        /// The model.
        model: ModelRef,
    },
}

impl NotReady {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::NotAccepted { prompt, .. } => {
                format!("correct `{}`, or choose another provider", prompt.path())
            }
            Self::CannotGrade { evaluator, .. } => format!(
                "name another provider in `{}`: of kind `grader` for `http`, of kind `openai` for \
                 `embedding`",
                evaluator.path()
            ),
            Self::Unpriced { model } => format!(
                "write what it costs under `[prices.\"{model}\"]` in `pointsman.toml`, or limit \
                 the calls with `--max-calls`"
            ),
        }
    }
}

/// Checks every prompt of a plan, judges among them, and whoever else grades.
pub fn check_ready(
    plan: &Plan,
    providers: &Providers<'_>,
    limits: RunLimits,
) -> Result<(), NotReady> {
    for planned in &plan.suites {
        for closure in planned.judges.values().chain([planned.closure.as_ref()]) {
            check_prompt(closure, providers, limits)?;
        }
        for grader in planned.graders.values() {
            check_grader(grader, providers, limits)?;
        }
    }
    Ok(())
}

/// Checks a prompt, which may be a judge's.
pub(super) fn check_prompt(
    closure: &Closure,
    providers: &Providers<'_>,
    limits: RunLimits,
) -> Result<(), NotReady> {
    let prompt = closure.prompt();
    let Some(provider) = providers.get(&prompt.model.provider) else {
        return Ok(());
    };
    provider
        .accepts(&closure.unrendered())
        .map_err(|reason| NotReady::NotAccepted {
            prompt: prompt.id.clone(),
            model: prompt.model.clone(),
            reason,
        })?;
    if limits.max_cost_usd.is_some() && provider.price(&prompt.model.model).is_none() {
        return Err(NotReady::Unpriced {
            model: prompt.model.clone(),
        });
    }
    Ok(())
}

/// Checks whoever an evaluator asks beside judges.
pub(super) fn check_grader(
    grader: &Grader,
    providers: &Providers<'_>,
    limits: RunLimits,
) -> Result<(), NotReady> {
    let mut outside = grader.outside().into_iter();
    outside.try_for_each(|outside| check_outside(outside, providers, limits))
}

fn check_outside(
    outside: &OutsideGrader,
    providers: &Providers<'_>,
    limits: RunLimits,
) -> Result<(), NotReady> {
    let name = outside.asked();
    let Some(provider) = providers.get(&name) else {
        return Ok(());
    };
    provider
        .accepts_query(&outside.imagined_query())
        .map_err(|reason| NotReady::CannotGrade {
            evaluator: outside.owner().clone(),
            provider: name,
            reason,
        })?;
    match outside {
        OutsideGrader::Embedding(rule)
            if limits.max_cost_usd.is_some() && provider.price(&rule.model.0.model).is_none() =>
        {
            Err(NotReady::Unpriced {
                model: rule.model.0.clone(),
            })
        }
        _ => Ok(()),
    }
}
