//! A preset's own small picture.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Serialize, Serializer};

/// The most bytes that an encoded thumbnail has; a square of 160 pixels as JPEG has a tenth of it.
pub const MAX_THUMBNAIL: usize = 64 << 10;

/// An encoded JPEG, PNG or WebP picture, in a preset as base64. It is not decoded here: whoever shows it bounds its size.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbnail(Vec<u8>);

impl Thumbnail {
    /// Takes an encoded picture; none when it is longer than [`MAX_THUMBNAIL`] or of another format.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let known = bytes.starts_with(&[0xff, 0xd8, 0xff])
            || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
            || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"));
        (known && bytes.len() <= MAX_THUMBNAIL).then_some(Self(bytes))
    }

    /// Reads base64, as `data:` addresses hold it too.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = match text.strip_prefix("data:image/") {
            Some(rest) => rest.split_once(";base64,")?.1,
            None => text,
        };
        Self::new(BASE64_STANDARD.decode(digits.trim()).ok()?)
    }

    /// The encoded picture.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Thumbnail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Thumbnail({} bytes)", self.0.len())
    }
}

impl Serialize for Thumbnail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}
