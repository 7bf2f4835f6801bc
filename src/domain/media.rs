//! A picture or a document that a model is shown: which file it is, and the digest of its bytes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::Digest;
use super::untrusted::Untrusted;

/// What a part of a message is, beside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A document.
    File,
}

impl MediaKind {
    /// The spelling in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::File => "file",
        }
    }
}

/// The types of bytes that may be sent to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// GIF.
    #[serde(rename = "image/gif")]
    Gif,
    /// WebP.
    #[serde(rename = "image/webp")]
    Webp,
    /// PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// Plain text in UTF-8.
    #[serde(rename = "text/plain")]
    Text,
}

impl MediaType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::Png,
        Self::Jpeg,
        Self::Gif,
        Self::Webp,
        Self::Pdf,
        Self::Text,
    ];

    /// The name that IANA registers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
        }
    }

    /// How names of such files end, after the last dot.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Gif => &["gif"],
            Self::Webp => &["webp"],
            Self::Pdf => &["pdf"],
            Self::Text => &["txt"],
        }
    }

    /// The part that such bytes are sent as.
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Png | Self::Jpeg | Self::Gif | Self::Webp => MediaKind::Image,
            Self::Pdf | Self::Text => MediaKind::File,
        }
    }

    /// The type that a file's name promises.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        Self::ALL
            .into_iter()
            .find(|media_type| media_type.endings().contains(&ending))
    }

    /// The type that bytes are of, by the signatures of the WHATWG MIME Sniffing Standard. What has
    /// none of them is plain text where it is UTF-8 without control characters.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..14) == Some(b"WEBPVP");
        match bytes {
            [] => None,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ if is_webp => Some(Self::Webp),
            _ => is_plain_text(bytes).then_some(Self::Text),
        }
    }
}

fn is_plain_text(bytes: &[u8]) -> bool {
    let is_plain =
        |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_plain))
}

/// A file that a model is shown. The bytes are not here: they are where the request carries them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The file, relative to the workspace root.
    pub path: String,
    /// What the bytes are.
    pub media_type: MediaType,
    /// How many there are.
    pub bytes: u64,
    /// Their digest.
    #[serde(rename = "sha256")]
    pub digest: Digest,
}

impl Media {
    /// The file's name without the folders: what a provider that asks for a name is told.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What a digest is taken of: another picture is another test, and the same one in another
    /// place is not. The name of a document counts, because models see it.
    pub fn canonical(&self) -> Value {
        let mut value = json!({
            "type": self.media_type.kind().name(),
            "mediaType": self.media_type.name(),
            "sha256": self.digest,
        });
        if self.media_type.kind() == MediaKind::File {
            value["name"] = json!(self.name());
        }
        value
    }

    /// What reports show in place of the bytes.
    pub fn reference(&self) -> Value {
        json!({
            "type": self.media_type.kind().name(),
            "path": self.path,
            "mediaType": self.media_type.name(),
            "bytes": self.bytes,
            "sha256": self.digest,
        })
    }
}

impl fmt::Display for Media {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}, {}, {}, sha256 {}",
            self.media_type.kind().name(),
            Untrusted(&self.path),
            self.media_type.name(),
            Size(self.bytes),
            self.digest.short(),
        )
    }
}

/// A number of bytes for people, in powers of 1000.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(formatter, "1 byte"),
            bytes @ ..1_000 => write!(formatter, "{bytes} bytes"),
            bytes @ ..1_000_000 => write!(formatter, "{} kB", bytes.div_ceil(1_000)),
            bytes => {
                let tenths = bytes.div_ceil(100_000);
                write!(formatter, "{}.{} MB", tenths / 10, tenths % 10)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_known_by_their_signatures() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], Some(MediaType::Png)),
            (b"\xff\xd8\xff\xe0", Some(MediaType::Jpeg)),
            (b"GIF87a", Some(MediaType::Gif)),
            (b"GIF89a..", Some(MediaType::Gif)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(MediaType::Webp)),
            (b"%PDF-1.7\n", Some(MediaType::Pdf)),
            ("Grüße,\n\tAda\r\n".as_bytes(), Some(MediaType::Text)),
            (b"", None),
            (b"\x89PNG\r\n\x1a", None),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"RIFF", Some(MediaType::Text)),
            (b"text\0", None),
            (b"text\x1b[31m", None),
            (b"ol\xe9", None),
            (b"MZ\x90\0", None),
            (b"PK\x03\x04", None),
        ] {
            assert_eq!(MediaType::of_bytes(bytes), media_type, "{bytes:?}");
        }
    }

    #[test]
    fn names_promise_a_type_by_their_ending() {
        assert_eq!(MediaType::of_name("a/b.c.jpeg"), Some(MediaType::Jpeg));
        assert_eq!(MediaType::of_name("a.txt"), Some(MediaType::Text));
        for name in ["png", "a.PNG", "a.svg", "a.png.yml", "a."] {
            assert_eq!(MediaType::of_name(name), None, "{name}");
        }
    }

    #[test]
    fn people_are_shown_which_file_it_is_and_never_its_bytes() {
        let shown = |bytes: u64| {
            let media = Media {
                path: "datasets/a/photo\u{1b}.png".to_owned(),
                media_type: MediaType::Png,
                bytes,
                digest: Digest::of(b"abc"),
            };
            media.to_string()
        };
        assert_eq!(
            shown(11_001),
            "image datasets/a/photo\\u{1b}.png, image/png, 12 kB, sha256 ba7816bf8f01"
        );
        assert!(shown(1).contains(" 1 byte,"));
        assert!(shown(999).contains(" 999 bytes,"));
        assert!(shown(1_250_000).contains(" 1.3 MB,"));
    }
}
