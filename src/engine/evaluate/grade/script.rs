//! Grading by a script, on a thread of its own: whatever it does, the evaluation goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::domain::dataset::Row;
use crate::domain::evaluator::ScriptRule;
use crate::domain::run::{Answer, Graded};
use crate::engine::workspace::script::{THREAD_STACK, run_script};

use super::outside::graders_input;
use super::verdict::read_verdict;

/// How many answers one script grades at once.
const AT_ONCE: usize = 4;

/// How long a script that was told to stop may take to do so. A step that does not come back, such
/// as a search through an array without end, never does.
const GRACE: Duration = Duration::from_millis(500);

/// A script, ready to grade.
pub struct ScriptGrader {
    rule: Arc<ScriptRule>,
    permits: Semaphore,
    stuck: AtomicBool,
}

impl ScriptGrader {
    pub(super) fn new(rule: &ScriptRule) -> Self {
        Self {
            rule: Arc::new(rule.clone()),
            permits: Semaphore::new(AT_ONCE),
            stuck: AtomicBool::new(false),
        }
    }

    /// Grades an answer. Every answer gets a sandbox of its own, so that none can leave anything
    /// for the next.
    pub(in super::super) async fn grade(&self, answer: &Answer, row: &Row) -> Graded {
        let _permit = self
            .permits
            .acquire()
            .await
            .expect("the semaphore is never closed");
        if self.stuck.load(Ordering::Relaxed) {
            return Graded::error(
                "the script did not stop for another answer, and is not run again",
            );
        }
        match self.run(graders_input(answer, row).to_string()).await {
            Ok(text) => read_verdict(&text, self.rule.threshold),
            Err(reason) => Graded::error(reason),
        }
    }

    async fn run(&self, input: String) -> Result<String, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, mut receiver) = oneshot::channel();
        let (rule, flag) = (Arc::clone(&self.rule), Arc::clone(&stop));
        let work = move || {
            // Nobody waits any more where the time was up.
            let _ = sender.send(run_script(&rule.source, &input, &flag));
        };
        let thread = thread::Builder::new().stack_size(THREAD_STACK);
        thread
            .spawn(work)
            .map_err(|error| format!("the script cannot be started: {error}"))?;
        let limit = Duration::from_millis(self.rule.time_limit_ms);
        if let Ok(result) = timeout(limit, &mut receiver).await {
            return result.unwrap_or_else(|_| Err("the script broke off".to_owned()));
        }
        stop.store(true, Ordering::Relaxed);
        if timeout(GRACE, receiver).await.is_err() {
            self.stuck.store(true, Ordering::Relaxed);
        }
        Err(format!(
            "the script took longer than {} ms",
            self.rule.time_limit_ms
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{answer, row};
    use super::*;
    use crate::domain::evaluator::Grade;

    /// With time enough on a busy machine.
    fn grader(source: &str) -> ScriptGrader {
        hasty_grader(source, 30_000)
    }

    fn hasty_grader(source: &str, time_limit_ms: u64) -> ScriptGrader {
        ScriptGrader::new(&ScriptRule {
            source: source.to_owned(),
            file: None,
            threshold: 0.5,
            time_limit_ms,
        })
    }

    fn grade_with(grader: &ScriptGrader, output: &str) -> Graded {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let row = row(json!({"expected": "yes", "locale": "de"}));
        runtime.block_on(grader.grade(&answer(output), &row))
    }

    fn grade(source: &str, output: &str) -> Graded {
        grade_with(&grader(source), output)
    }

    #[test]
    fn a_script_sees_the_answer_and_its_row_and_gives_a_verdict() {
        for (source, wanted) in [
            ("return output === expected", Grade::Pass),
            ("return vars.locale === 'de'", Grade::Pass),
            ("return response.latencyMs === null", Grade::Pass),
            ("return output.length / 10", Grade::Fail),
            ("return {pass: false, reason: 'no'}", Grade::Fail),
            ("return {grade: 'unknown'}", Grade::Unknown),
            (
                "const f = /^y/;\nreturn f.test(output) // ends in a comment",
                Grade::Pass,
            ),
            ("return JSON.parse('{\"a\": 1}').a", Grade::Pass),
        ] {
            let graded = grade(source, "yes");
            assert_eq!(graded.grade, wanted, "{source}: {}", graded.reason);
        }
    }

    #[test]
    fn what_is_no_verdict_is_an_error() {
        for source in [
            "",
            "return",
            "return null",
            "return 'pass'",
            "return NaN",
            "return 2",
            "return {}",
            "return [true]",
            "return {pass: true, more: 1}",
            "return () => true",
            "return (async () => true)()",
            "throw new Error('no')",
            "throw {toString() { return 'x' }}",
            "return missing.thing",
            "const a = {}; a.a = a; return a",
            "return {get pass() { throw 1 }}",
            "return import('fs')",
        ] {
            let graded = grade(source, "yes");
            assert_eq!(graded.grade, Grade::Error, "{source}: {}", graded.reason);
        }
        assert!(grade("throw new Error('no')", "x").reason.contains("no"));
    }

    #[test]
    fn a_script_reaches_nothing_outside_of_the_language() {
        for name in [
            "require",
            "process",
            "std",
            "os",
            "fetch",
            "print",
            "console",
            "setTimeout",
            "Date",
            "performance",
            "Worker",
            "navigator",
        ] {
            let source = format!("return typeof {name} === 'undefined'");
            assert_eq!(grade(&source, "x").grade, Grade::Pass, "{name}");
        }
        assert_eq!(
            grade("return Math.random === undefined", "x").grade,
            Grade::Pass
        );
    }

    #[test]
    fn a_script_that_does_not_end_is_stopped() {
        for source in [
            "while (true) {}",
            "for (;;) { try { while (true) {} } catch {} }",
            "return /^(a+)+$/.test('a'.repeat(64) + 'b')",
            "}; while (true) {} ; {",
        ] {
            let graded = grade_with(&hasty_grader(source, 300), "x");
            assert_eq!(graded.grade, Grade::Error, "{source}: {}", graded.reason);
            assert_eq!(graded.reason, "the script took longer than 300 ms");
        }
    }

    #[test]
    fn a_script_that_takes_too_much_is_an_error() {
        for (source, reason) in [
            (
                "const a = []; while (true) a.push('x'.repeat(1e6) + a.length)",
                "",
            ),
            ("return 'x'.repeat(1e9).length > 0", ""),
            ("const f = () => f() + 1; return f()", ""),
            (
                "return {pass: true, reason: 'x'.repeat(1e6)}",
                "at most 10000 are read",
            ),
            (
                "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a",
                "",
            ),
        ] {
            let graded = grade(source, "x");
            assert_eq!(graded.grade, Grade::Error, "{source}: {}", graded.reason);
            assert!(
                graded.reason.contains(reason),
                "{source}: {}",
                graded.reason
            );
        }
    }

    #[test]
    fn a_script_that_cannot_be_stopped_is_left_behind_and_not_run_again() {
        let source = "if (output === 'x') [].reverse.call({length: 2 ** 53 - 1}); return true";
        let stuck = hasty_grader(source, 300);
        assert_eq!(grade_with(&stuck, "x").grade, Grade::Error);
        let again = grade_with(&stuck, "y");
        assert_eq!(again.grade, Grade::Error);
        assert!(again.reason.contains("not run again"), "{}", again.reason);
    }

    #[test]
    fn one_answer_leaves_nothing_for_the_next() {
        let counting = grader("globalThis.n = (globalThis.n || 0) + 1; return n === 1");
        assert_eq!(grade_with(&counting, "x").grade, Grade::Pass);
        assert_eq!(grade_with(&counting, "x").grade, Grade::Pass);
    }
}
