//! Reads the pictures and documents that messages show: files of the same revision, in a folder of
//! their own, of a known type and a bounded size. No address is ever followed: what a model was
//! shown must be pinned by the commit that is tested.

use std::sync::Arc;

use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Place};
use crate::domain::media::{Media, MediaKind, MediaType};
use crate::domain::untrusted::shorten;
use crate::engine::ports::FileTree;

/// Where the pictures and documents of prompts live.
pub const MEDIA_FOLDER: &str = "prompts/_media";

/// The largest picture or document that is read, in bytes.
pub const MAX_MEDIA_BYTES: u64 = 10 * 1024 * 1024;

/// How many bytes of pictures and documents one request may show.
pub const MAX_REQUEST_MEDIA_BYTES: u64 = 20 * 1024 * 1024;

/// How much of a name that is refused is shown, in characters.
const SHOWN: usize = 80;

/// A file with its bytes.
#[derive(Debug, Clone)]
pub struct MediaFile {
    /// Which file.
    pub media: Media,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// Why a file cannot be shown to a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MediaError {
    ident: &'static str,
    message: String,
    help: String,
}

impl MediaError {
    fn new(ident: &'static str, message: String, help: impl Into<String>) -> Self {
        Self {
            ident,
            message,
            help: help.into(),
        }
    }

    /// A row shows a file, and its dataset has none.
    pub(super) fn no_folder() -> Self {
        Self::new(
            "no-media-folder",
            "the dataset has no folder of pictures and documents".to_owned(),
            "write `media: { folder: <name> }` in its manifest, and put the files there",
        )
    }

    /// The finding for whoever named the file.
    pub fn at(self, place: Place) -> Finding {
        Finding::error(self.ident, place, self.message).with_help(self.help)
    }
}

/// The path in the workspace of a file that is named relative to `folder`, if the name is one that
/// may be read: below the folder, in plain segments.
pub fn media_path(folder: &str, name: &str) -> Result<String, MediaError> {
    if is_plain_path(name) {
        return Ok(format!("{folder}/{name}"));
    }
    Err(refused(
        name,
        &format!("{folder}/"),
        "by its path from there",
    ))
}

/// The path in the workspace of a file of a prompt, which is named relative to `prompts/`, as
/// partials are.
pub fn prompt_media_path(name: &str) -> Result<String, MediaError> {
    match name.strip_prefix("_media/") {
        Some(rest) if is_plain_path(rest) => Ok(format!("{MEDIA_FOLDER}/{rest}")),
        _ => Err(refused(name, "prompts/_media/", "as `_media/<file>`")),
    }
}

fn refused(name: &str, folder: &str, how: &str) -> MediaError {
    let lower = name.to_ascii_lowercase();
    let help = if lower.starts_with("data:") || lower.contains("://") {
        format!(
            "addresses are not followed, because nobody pinned what stands there: put the file \
             below `{folder}` and name it {how}"
        )
    } else {
        format!("name a file below `{folder}` {how}: letters, digits, `-`, `_`, `.` and `/`")
    };
    let message = format!("`{}` names no file that may be shown", shorten(name, SHOWN));
    MediaError::new("invalid-media-path", message, help)
}

/// Whether a path is relative, of plain segments only, and leaves no folder.
pub(super) fn is_plain_path(path: &str) -> bool {
    let plain = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    path.split('/').all(plain)
}

/// Reads a file. Its bytes must be of a known type, and of the one that its name promises.
pub fn read_media(tree: &dyn FileTree, path: &str) -> Result<MediaFile, MediaError> {
    let bytes = tree.read(path, MAX_MEDIA_BYTES).map_err(|error| {
        let help = "show a plain file that is small enough";
        MediaError::new("unreadable-media", error.to_string(), help)
    })?;
    let Some(bytes) = bytes else {
        let message = format!("there is no `{path}`");
        let help = "add the file, or correct the path";
        return Err(MediaError::new("missing-media", message, help));
    };
    let Some(media_type) = MediaType::of_bytes(&bytes) else {
        let message = format!("what `{path}` holds is of no type that may be shown");
        let help = format!("these may: {}", all_types());
        return Err(MediaError::new("unknown-media", message, help));
    };
    if MediaType::of_name(path) != Some(media_type) {
        let message = format!(
            "`{path}` holds {}, and its name says otherwise",
            media_type.name()
        );
        let help = if bytes.starts_with(b"version https://git-lfs") {
            "this is a pointer of Git LFS: commit the file itself".to_owned()
        } else {
            format!("such a file ends in .{}", media_type.endings().join(", ."))
        };
        return Err(MediaError::new("wrong-media", message, help));
    }
    Ok(MediaFile {
        media: Media {
            path: path.to_owned(),
            media_type,
            bytes: bytes.len() as u64,
            digest: Digest::of(&bytes),
        },
        bytes: bytes.into(),
    })
}

/// Checks that a file is what a part or a variable says that it is.
pub fn expect_kind(media: &Media, kind: MediaKind) -> Result<(), MediaError> {
    let found = media.media_type.kind();
    if found == kind {
        return Ok(());
    }
    let message = format!(
        "`{}` holds {}, which is no {}",
        media.path,
        media.media_type.name(),
        kind.name()
    );
    let help = format!("show it as `{}`, or name another file", found.name());
    Err(MediaError::new("wrong-media", message, help))
}

fn all_types() -> String {
    let names: Vec<&str> = MediaType::ALL.iter().map(|it| it.name()).collect();
    names.join(", ")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::io::BufRead;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::engine::ports::{TreeEntry, TreeError};

    /// The start of a PNG file: all that is looked at.
    pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0";

    /// A few files in memory, and which of them were asked for.
    #[derive(Default)]
    pub(crate) struct Files {
        files: BTreeMap<String, Vec<u8>>,
        asked: Mutex<Vec<String>>,
    }

    impl Files {
        pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
            let owned = |(path, bytes): &(&str, &[u8])| ((*path).to_owned(), bytes.to_vec());
            Self {
                files: files.iter().map(owned).collect(),
                asked: Mutex::default(),
            }
        }

        /// The paths that were asked for.
        pub(crate) fn asked(&self) -> Vec<String> {
            self.asked.lock().unwrap().clone()
        }
    }

    impl FileTree for Files {
        fn label(&self) -> String {
            "memory".to_owned()
        }

        fn list(&self, _folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
            Ok(Vec::new())
        }

        fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
            self.asked.lock().unwrap().push(path.to_owned());
            match self.files.get(path) {
                Some(bytes) if bytes.len() as u64 > limit => Err(TreeError {
                    path: path.to_owned(),
                    message: format!("it is larger than {limit} bytes"),
                }),
                found => Ok(found.cloned()),
            }
        }

        fn open(&self, _path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
            Ok(None)
        }
    }

    fn ident(bytes: &[u8], name: &str) -> Result<MediaType, &'static str> {
        let files = Files::new(&[(name, bytes)]);
        let read = read_media(&files, name);
        read.map(|file| file.media.media_type)
            .map_err(|error| error.ident)
    }

    #[test]
    fn bytes_must_be_what_the_name_promises_and_small_enough() {
        assert_eq!(ident(PNG, "a.png"), Ok(MediaType::Png));
        assert_eq!(ident(b"text", "a.txt"), Ok(MediaType::Text));
        for (bytes, name, found) in [
            (PNG, "a.jpg", "wrong-media"),
            (b"<svg></svg>", "a.png", "wrong-media"),
            (b"#!/bin/sh", "a.sh", "wrong-media"),
            (b"\0\0", "a.png", "unknown-media"),
            (b"", "a.txt", "unknown-media"),
        ] {
            assert_eq!(ident(bytes, name), Err(found), "{name}");
        }
        let large = vec![b'x'; 10 * 1024 * 1024 + 1];
        assert_eq!(ident(&large, "a.txt"), Err("unreadable-media"));
        assert_eq!(ident(&large[1..], "a.txt"), Ok(MediaType::Text));
        let missing = read_media(&Files::default(), "a.png").unwrap_err();
        assert_eq!(missing.ident, "missing-media");
    }

    #[test]
    fn a_pointer_of_git_lfs_is_told_from_the_file() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        let files = Files::new(&[("a.png", pointer)]);
        let error = read_media(&files, "a.png").unwrap_err();
        assert!(error.help.contains("Git LFS"), "{}", error.help);
    }

    /// Spellings that must not leave the folder, nor reach anything in it that is not plain.
    pub(in crate::engine::workspace) const HOSTILE: [&str; 64] = [
        "",
        " ",
        ".",
        "..",
        "...",
        "/",
        "//",
        "./a.png",
        "../a.png",
        "../../a.png",
        "a/../b.png",
        "a/../../b.png",
        "a/./b.png",
        "a//b.png",
        "a/",
        "/a.png",
        "//a.png",
        "///etc/passwd",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "~/a.png",
        "~root/a.png",
        "$HOME/a.png",
        "${HOME}/a.png",
        "%2e%2e/a.png",
        "..%2fa.png",
        "%2fetc%2fpasswd",
        "..\\a.png",
        "a\\..\\b.png",
        "\\\\server\\share\\a.png",
        "C:\\a.png",
        "C:/a.png",
        "C:a.png",
        "a.png:stream",
        "a.png\0",
        "a\0/b.png",
        "a.png\n",
        "\ta.png",
        "a b.png",
        "a.png ",
        "-/../a.png",
        ".git/config",
        "a/.git/config",
        ".ssh/id_ed25519",
        ".env",
        "a/.env",
        "file:///etc/passwd",
        "file:a.png",
        "http://127.0.0.1/a.png",
        "https://example.com/a.png",
        "HTTPS://EXAMPLE.COM/a.png",
        "ftp://example.com/a.png",
        "s3://bucket/a.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "javascript:alert(1)",
        "\u{2024}\u{2024}/a.png",
        "\u{ff0e}\u{ff0e}\u{ff0f}a.png",
        "a\u{2215}b.png",
        "\u{202e}gnp.a",
        "\u{e4}.png",
        "{{ path }}",
        "*.png",
        "a?.png",
    ];

    #[test]
    fn hostile_spellings_name_nothing() {
        for name in HOSTILE {
            let error = media_path("datasets/a", name).unwrap_err();
            assert_eq!(error.ident, "invalid-media-path", "{name:?}");
        }
        let path = media_path("datasets/a", "b/c-1_2.x.png");
        assert_eq!(path.as_deref(), Ok("datasets/a/b/c-1_2.x.png"));
    }

    #[test]
    fn files_of_prompts_are_named_like_partials() {
        let path = prompt_media_path("_media/a/b.png");
        assert_eq!(path.as_deref(), Ok("prompts/_media/a/b.png"));
        for name in HOSTILE {
            assert!(prompt_media_path(name).is_err(), "{name:?}");
            assert!(
                prompt_media_path(&format!("_media/{name}")).is_err(),
                "{name:?}"
            );
        }
        for name in ["a.png", "_partials/a.png", "_mediax/a.png", "_media"] {
            assert!(prompt_media_path(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn an_address_is_refused_with_its_reason() {
        for name in ["https://example.com/a.png", "data:image/png;base64,AA=="] {
            let error = media_path("datasets/a", name).unwrap_err();
            assert!(error.help.contains("nobody pinned"), "{}", error.help);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_named_stays_below_the_folder(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["..", ".", "/", "\\", "a", ".png", ":", "%2e", "\0", "~"]),
                0..8,
            )
        ) {
            let name = pieces.concat();
            if let Ok(path) = media_path("datasets/a", &name) {
                let rest = path.strip_prefix("datasets/a/").expect("the folder comes first");
                let plain = |segment: &str| !segment.is_empty() && !segment.starts_with('.');
                prop_assert!(rest.split('/').all(plain));
                prop_assert!(!path.contains('\\') && !path.contains(':') && !path.contains('\0'));
            }
        }
    }
}
