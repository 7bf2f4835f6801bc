//! Programs and data of others that `.ci/run` installs for tests.

use super::source::root;

/// The folder of tools, if a path is there below it; where it is not, that is said.
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests must learn what was not tested"
)]
pub(crate) fn tools(path: &str) -> Option<String> {
    let tools = root().join("target/ci/tools");
    if tools.join(path).exists() {
        return tools.to_str().map(str::to_owned);
    }
    eprintln!("skipped: {path} is not in target/ci/tools; `.ci/run` puts it there");
    None
}
