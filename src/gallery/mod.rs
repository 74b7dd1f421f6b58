//! What was made: metadata, files, thumbnails.

pub mod metadata;
pub mod parameters;
pub mod png_text;
pub mod writer;

pub use metadata::Metadata;
pub use png_text::{PngRecord, read_png};
