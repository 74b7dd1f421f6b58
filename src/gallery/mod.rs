//! What was made: metadata, files, thumbnails.
