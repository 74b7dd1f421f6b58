//! Reads what a PNG says about itself, without decoding its pixels and without trusting it.

use super::{
    metadata::{self, Metadata},
    parameters::{self, Parameters},
};
use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

/// A compressed text may not become longer than this.
const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// All texts and other chunks before the pixels together may not hold more than this.
const MAX_HEADER_BYTES: usize = 8 * 1024 * 1024;
/// Longest side of a picture anyone should be asked to open.
pub const MAX_SIDE: u32 = 16_384;

/// What a PNG file says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PngRecord {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Our own record, if the file has one that can be used.
    pub metadata: Option<Metadata>,
    /// The text other tools read and write, if there is any.
    pub parameters: Option<Parameters>,
    /// What was found and could not be used, a sentence each.
    pub warnings: Vec<String>,
}

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened or read.
    #[error("{} cannot be read: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is not a PNG, or breaks off before its pixels begin.
    #[error("{} is not an intact PNG file: {cause}", path.display())]
    NotPng {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Its sides are beyond what is opened.
    #[error("{} claims to be {width}x{height} pixels; at most {MAX_SIDE} on a side are opened", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Width claimed.
        width: u32,
        /// Height claimed.
        height: u32,
    },
}

/// Reads the texts of the PNG at `path`: at most 1 MiB each and 8 MiB in all, however small they are packed.
///
/// # Errors
/// [`ReadError`] if it is no PNG. A faulty text is only a [warning](PngRecord::warnings).
pub fn read_png(path: &Path) -> Result<PngRecord, ReadError> {
    let io_error = |cause| ReadError::Io {
        path: path.to_owned(),
        cause,
    };
    // A pipe or a device may never end, and a pipe does not even open.
    if !std::fs::metadata(path).map_err(io_error)?.is_file() {
        return Err(io_error(io::Error::other("it is not a file")));
    }
    let file = File::open(path).map_err(io_error)?;
    let mut warnings = Vec::new();
    let info = match header(&file, false) {
        Err(png::DecodingError::LimitsExceeded) => {
            warnings.push("the texts in the picture are too large and were not read".to_owned());
            header(&file, true)
        }
        other => other,
    }
    .map_err(|error| match error {
        png::DecodingError::IoError(cause) if cause.kind() != io::ErrorKind::UnexpectedEof => {
            io_error(cause)
        }
        other => ReadError::NotPng {
            path: path.to_owned(),
            cause: other.to_string(),
        },
    })?;
    let (width, height) = (info.width, info.height);
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
            width,
            height,
        });
    }
    let mut texts = Texts { info, warnings };
    let metadata =
        texts
            .take(metadata::KEYWORD)
            .and_then(|json| match Metadata::from_json(&json) {
                Ok(metadata) => Some(metadata),
                Err(error) => {
                    texts.warnings.push(error.to_string());
                    None
                }
            });
    let parameters = texts
        .take(parameters::KEYWORD)
        .map(|text| Parameters::parse(&text));
    Ok(PngRecord {
        width,
        height,
        metadata,
        parameters,
        warnings: texts.warnings,
    })
}

/// Everything before the pixels.
fn header(mut file: &File, ignore_texts: bool) -> Result<png::Info<'static>, png::DecodingError> {
    io::Seek::rewind(&mut file)?;
    let limits = png::Limits {
        bytes: MAX_HEADER_BYTES,
    };
    let mut decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
    decoder.set_ignore_text_chunk(ignore_texts);
    decoder.set_ignore_iccp_chunk(true);
    Ok(decoder.read_info()?.info().clone())
}

struct Texts {
    info: png::Info<'static>,
    warnings: Vec<String>,
}

impl Texts {
    /// The first text under `keyword`, of whichever of the three kinds PNG has.
    fn take(&mut self, keyword: &str) -> Option<String> {
        let info = &mut self.info;
        let unpacked = if let Some(chunk) = info
            .utf8_text
            .iter_mut()
            .find(|chunk| chunk.keyword == keyword)
        {
            chunk
                .decompress_text_with_limit(MAX_TEXT_BYTES)
                .and_then(|()| chunk.get_text())
        } else if let Some(chunk) = info
            .uncompressed_latin1_text
            .iter()
            .find(|chunk| chunk.keyword == keyword)
        {
            Ok(chunk.text.clone())
        } else if let Some(chunk) = info
            .compressed_latin1_text
            .iter_mut()
            .find(|chunk| chunk.keyword == keyword)
        {
            chunk
                .decompress_text_with_limit(MAX_TEXT_BYTES)
                .and_then(|()| chunk.get_text())
        } else {
            return None;
        };
        match unpacked {
            Ok(text) if text.len() <= MAX_TEXT_BYTES => Some(text),
            Ok(_) => self.refuse(keyword, "it is longer than 1 MiB"),
            Err(_) => self.refuse(keyword, "it is damaged, or unpacks to more than 1 MiB"),
        }
    }

    fn refuse(&mut self, keyword: &str, cause: &str) -> Option<String> {
        self.warnings.push(format!(
            "the text {keyword:?} in the picture was not read: {cause}"
        ));
        None
    }
}
