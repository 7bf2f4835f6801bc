//! Keys of people for tests, made by the same programs that people use.

use super::Sandbox;

/// Somebody with a key.
#[derive(Debug, Clone)]
pub(crate) struct KeyHolder {
    /// The address.
    pub(crate) address: String,
    /// The file with the private key.
    pub(crate) key: String,
    /// The public key, `ssh-ed25519 AAAA...`.
    pub(crate) public: String,
}

impl Sandbox {
    /// A new key, made by `ssh-keygen`, outside of the repository.
    pub(crate) fn key_holder(&self, name: &str) -> KeyHolder {
        let address = format!("{name}@example.com");
        let line = format!(
            "mkdir -p ../keys && ssh-keygen -q -t ed25519 -N '' -C {address} -f ../keys/{name}"
        );
        self.shell(&line).run().succeeds();
        let key = self.path().join(format!("../keys/{name}"));
        let public = self.read(&format!("../keys/{name}.pub"));
        let words: Vec<&str> = public.split(' ').take(2).collect();
        KeyHolder {
            address,
            key: key
                .to_str()
                .expect("temporary folders have text names")
                .to_owned(),
            public: words.join(" "),
        }
    }

    /// Whether the machine has no such program, which is said: the test that needs it is skipped.
    #[expect(
        clippy::print_stderr,
        reason = "who runs the tests must learn what was not tested"
    )]
    pub(crate) fn lacks(&self, program: &str) -> bool {
        let lacks = self.shell(&format!("command -v {program}")).run().code != Some(0);
        if lacks {
            eprintln!("skipped: this machine has no `{program}`");
        }
        lacks
    }

    /// Writes a file of allowed signers.
    pub(crate) fn allow_signers(&self, path: &str, people: &[&KeyHolder]) {
        let line = |it: &&KeyHolder| format!("{} {}\n", it.address, it.public);
        self.write(path, people.iter().map(line).collect::<String>());
    }
}
