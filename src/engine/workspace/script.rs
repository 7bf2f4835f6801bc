//! Runs scripts that grade, in a sandbox: whoever checks them and whoever grades by them must agree
//! on what is accepted.
//!
//! A script sees the language and nothing else: no files, no network, no modules, no clock and no
//! random numbers, so that the same answer always gets the same grade. Its memory and its stack are
//! bounded, and it is stopped from outside when its time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rquickjs::context::intrinsic;
use rquickjs::promise::PromiseState;
use rquickjs::{
    CatchResultExt as _, CaughtError, Context, Ctx, Function, Module, Object, Runtime, Value,
};

use crate::domain::untrusted::shorten;

/// The memory that a script may use for one grade, in bytes.
const MEMORY_LIMIT: usize = 64 * 1024 * 1024;

/// The stack that a script may use, in bytes.
const STACK_LIMIT: usize = 512 * 1024;

/// The stack that a thread needs to run a script, in bytes.
pub const THREAD_STACK: usize = 4 * 1024 * 1024;

/// The longest verdict that is read, in bytes of JSON.
const MAX_VERDICT: usize = 10_000;

/// How much of an error a reason shows, in characters.
const SHOWN: usize = 200;

/// What a script may use of the language. Left out: `Date`, `performance`, weak references.
type Language = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// Whether a script compiles. Nothing of it is run.
pub fn check_script(script: &str) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    sandbox(&stop)?.with(|ctx| {
        let declared = Module::declare(ctx.clone(), "script", module(script));
        declared.map(drop).catch(&ctx).map_err(describe)
    })
}

/// Runs a script on `input`, a JSON object of `output`, `vars`, `expected` and `response`. Answers
/// with the JSON text of what it returns. Setting `stop` ends it at its next step.
pub fn run_script(script: &str, input: &str, stop: &Arc<AtomicBool>) -> Result<String, String> {
    sandbox(stop)?.with(|ctx| {
        let returned = call(&ctx, script, input).catch(&ctx).map_err(describe)?;
        verdict(&ctx, returned)
    })
}

fn sandbox(stop: &Arc<AtomicBool>) -> Result<Context, String> {
    let refused = |error: rquickjs::Error| format!("the sandbox cannot start: {error}");
    let runtime = Runtime::new().map_err(refused)?;
    runtime.set_memory_limit(MEMORY_LIMIT);
    runtime.set_max_stack_size(STACK_LIMIT);
    let stop = Arc::clone(stop);
    runtime.set_interrupt_handler(Some(Box::new(move || stop.load(Ordering::Relaxed))));
    let context = Context::custom::<Language>(&runtime).map_err(refused)?;
    context
        .with(|ctx| {
            let math: Object<'_> = ctx.globals().get("Math")?;
            math.remove("random")
        })
        .map_err(refused)?;
    Ok(context)
}

/// The script as a module, in which its lines keep their numbers.
fn module(script: &str) -> String {
    format!("export default function (output, vars, expected, response) {{{script}\n}}")
}

fn call<'js>(ctx: &Ctx<'js>, script: &str, input: &str) -> rquickjs::Result<Value<'js>> {
    let declared = Module::declare(ctx.clone(), "script", module(script))?;
    let (module, evaluated) = declared.eval()?;
    if evaluated.state() != PromiseState::Resolved {
        return evaluated
            .result()
            .unwrap_or(Err(rquickjs::Error::WouldBlock));
    }
    let grade: Function<'js> = module.get("default")?;
    let input: Object<'js> = ctx.json_parse(input)?.get()?;
    grade.call((
        input.get::<_, Value<'js>>("output")?,
        input.get::<_, Value<'js>>("vars")?,
        input.get::<_, Value<'js>>("expected")?,
        input.get::<_, Value<'js>>("response")?,
    ))
}

fn verdict<'js>(ctx: &Ctx<'js>, returned: Value<'js>) -> Result<String, String> {
    if returned.is_promise() {
        return Err("the script returned a promise, not a verdict".to_owned());
    }
    let text = ctx.json_stringify(returned).catch(ctx).map_err(describe)?;
    let text = text.ok_or("the script returned nothing")?;
    let text = text.to_string().catch(ctx).map_err(describe)?;
    if text.len() > MAX_VERDICT {
        return Err(format!(
            "the script returned {} bytes, at most {MAX_VERDICT} are read",
            text.len()
        ));
    }
    Ok(text)
}

fn describe(error: CaughtError<'_>) -> String {
    let message = match error {
        CaughtError::Exception(exception) => exception.message().unwrap_or_default(),
        CaughtError::Value(value) => value
            .as_string()
            .and_then(|text| text.to_string().ok())
            .unwrap_or_else(|| "it threw a value that is no error".to_owned()),
        CaughtError::Error(error) => error.to_string(),
    };
    shorten(&message, SHOWN).to_string()
}
