//! A repository that takes long to set up: it is made once, and every test gets a copy of its own.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::Sandbox;

/// A repository as it was when it was made, and what the tests know of it.
pub(crate) struct Scene<T> {
    kept: OnceLock<Kept<T>>,
}

struct Kept<T> {
    /// The repository's folder as `tar` packs it: nothing is left behind when the tests end.
    packed: Vec<u8>,
    second: i64,
    known: T,
}

impl<T: Clone> Scene<T> {
    pub(crate) const fn new() -> Self {
        Self {
            kept: OnceLock::new(),
        }
    }

    /// A copy, with a folder and a clock of its own. The first who asks makes what is copied.
    pub(crate) fn copy(&self, make: impl FnOnce() -> (Sandbox, T)) -> (Sandbox, T) {
        let kept = self.kept.get_or_init(|| {
            let (sandbox, known) = make();
            let mut tar = Command::new("tar");
            let packed = tar
                .args(["-c", "--format=posix", "."])
                .current_dir(sandbox.path());
            let packed = packed.output().expect("there is a tar");
            assert!(packed.status.success(), "{packed:?}");
            Kept {
                packed: packed.stdout,
                second: sandbox.now().as_second(),
                known,
            }
        });
        let copy = Sandbox::without_git();
        copy.wait_seconds(kept.second - copy.now().as_second());
        let mut tar = Command::new("tar");
        let unpack = tar.arg("-x").current_dir(copy.path()).stdin(Stdio::piped());
        let mut unpack = unpack.spawn().expect("there is a tar");
        let mut input = unpack.stdin.take().expect("stdin is a pipe");
        input.write_all(&kept.packed).expect("tar reads all of it");
        drop(input);
        assert!(unpack.wait().expect("tar ends").success());
        (copy, kept.known.clone())
    }
}
