//! What was made.
//!
//! - [`metadata`], [`parameters`] and [`png_text`]: what a picture's file says; [`writer`] puts it there,
//!   under a name by [`naming`].
//! - [`live`]: the folder as a list that is always ready, made of [`entry`], [`index`], [`search`], [`stars`],
//!   [`trash`] and [`watch`].
//! - [`dates`]: when, as it is written and as it is shown.
//! - [`thumbs`]: small pictures, made in the background.
//! - [`export`]: copies in other formats.
//!
//! Next to the pictures, in `.danqing`, lies what belongs to them and is not in their files: the stars, and what was
//! deleted and may still be wanted. Everything else about them is in the caches, and can be made again.

pub mod dates;
pub mod entry;
pub mod export;
pub mod index;
pub mod live;
pub mod metadata;
pub mod naming;
pub mod parameters;
pub mod png_text;
pub mod search;
pub mod stars;
pub mod thumbs;
pub mod trash;
pub mod watch;
pub mod writer;

pub use entry::{Details, Entry, Facts};
pub use live::{Gallery, Notice, View};
pub use metadata::Metadata;
pub use png_text::{PngRecord, read_png};
pub use thumbs::{Thumb, Thumbs};

/// The hidden folder of a gallery that holds what belongs to its pictures.
pub const OWN_FOLDER: &str = ".danqing";
