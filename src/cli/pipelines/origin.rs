//! Where a pipeline takes pointsman from: a repository, at a commit that nobody can move.

use std::str::FromStr;

/// What this program was built from, where whoever built it said so: `<owner>/<repository>@<commit>`.
const BUILT_FROM: Option<&str> = option_env!("POINTSMAN_ORIGIN");

/// Why a text does not say where pointsman is to be taken from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Nothing was said, and nobody said it when this program was built.
    #[error("this program does not know the commit that it was released from: name one")]
    Unknown,
    /// There is no commit.
    #[error("say which commit, too: `{0}@<commit>`")]
    NoCommit(String),
    /// A tag or a branch, or a part of a commit's id.
    #[error("`{0}` is not the whole id of a commit: a tag or a branch could be moved")]
    NotACommit(String),
    /// The repository of an action is named otherwise.
    #[error("`{0}` is not a repository on GitHub: name it `<owner>/<repository>`")]
    NotOnGithub(String),
    /// The repository is not one that everybody reaches in the same way.
    #[error("`{0}` is not the address of a repository: name it `https://<host>/<path>`")]
    NotAnAddress(String),
}

/// A repository on GitHub that holds the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubOrigin {
    /// `<owner>/<repository>`.
    pub repository: String,
    /// The whole id of a commit.
    pub commit: String,
}

/// A repository that is cloned and built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitlabOrigin {
    /// `https://<host>/<path>`.
    pub repository: String,
    /// The whole id of a commit.
    pub commit: String,
}

impl FromStr for GithubOrigin {
    type Err = OriginError;

    /// Reads `<owner>/<repository>@<commit>`. Of an empty text, it is what this program was built from.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.is_empty() {
            return BUILT_FROM.ok_or(OriginError::Unknown)?.parse();
        }
        let (repository, commit) = split(text)?;
        let word = |part: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !part.is_empty() && part.bytes().all(known)
        };
        let named = repository.split_once('/');
        if !named.is_some_and(|(owner, name)| word(owner) && word(name)) {
            return Err(OriginError::NotOnGithub(repository));
        }
        Ok(Self { repository, commit })
    }
}

impl FromStr for GitlabOrigin {
    type Err = OriginError;

    /// Reads `https://<host>/<path>@<commit>`. Of an empty text, it is what this program was built from.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.is_empty() {
            let origin = BUILT_FROM.ok_or(OriginError::Unknown)?;
            return format!("https://github.com/{origin}").parse();
        }
        let (repository, commit) = split(text)?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:~".contains(&byte);
        let path = repository.strip_prefix("https://").unwrap_or_default();
        if path.is_empty() || !path.bytes().all(known) {
            return Err(OriginError::NotAnAddress(repository));
        }
        Ok(Self { repository, commit })
    }
}

fn split(text: &str) -> Result<(String, String), OriginError> {
    let Some((repository, commit)) = text.rsplit_once('@') else {
        return Err(OriginError::NoCommit(text.to_owned()));
    };
    let digits = commit
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits && matches!(commit.len(), 40 | 64) {
        Ok((repository.to_owned(), commit.to_owned()))
    } else {
        Err(OriginError::NotACommit(commit.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_pipeline_is_pinned_to_a_commit_of_a_repository() {
        let github: GithubOrigin = format!("acme/pointsman@{COMMIT}").parse().unwrap();
        assert_eq!(github.repository, "acme/pointsman");
        assert_eq!(github.commit, COMMIT);
        let gitlab = format!("https://gitlab.example.com:8443/tools/pointsman.git@{COMMIT}");
        let gitlab: GitlabOrigin = gitlab.parse().unwrap();
        assert_eq!(
            gitlab.repository,
            "https://gitlab.example.com:8443/tools/pointsman.git"
        );
    }

    #[test]
    fn whatever_could_be_moved_or_misread_is_refused() {
        let github = |text: &str| text.parse::<GithubOrigin>().unwrap_err();
        let gitlab = |text: &str| text.parse::<GitlabOrigin>().unwrap_err();
        assert_eq!(github("acme/p"), OriginError::NoCommit("acme/p".to_owned()));
        assert_eq!(
            github("acme/p@v1"),
            OriginError::NotACommit("v1".to_owned())
        );
        assert!(matches!(
            github(&format!("acme@{COMMIT}")),
            OriginError::NotOnGithub(_)
        ));
        assert!(matches!(
            github(&format!("a/b/c@{COMMIT}")),
            OriginError::NotOnGithub(_)
        ));
        assert!(matches!(
            github(&format!("a/b # @{COMMIT}")),
            OriginError::NotOnGithub(_)
        ));
        assert!(matches!(
            gitlab(&format!("http://a/b@{COMMIT}")),
            OriginError::NotAnAddress(_)
        ));
        assert!(matches!(
            gitlab(&format!("https://a/$b@{COMMIT}")),
            OriginError::NotAnAddress(_)
        ));
    }
}
