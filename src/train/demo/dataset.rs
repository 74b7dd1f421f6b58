//! Pictures and captions as raw files, which a training outside of this program reads.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{caption, pictures, render};
use crate::files::FileError;
use crate::train::TrainError;

/// Wordings written for each picture.
const CAPTIONS: usize = 16;
/// Pictures painted before they are written.
const AT_A_TIME: u64 = 512;

/// Writes `count` training pictures as `<size>.u8` (RGB, row by row) and their captions as `<size>.txt` (a line a
/// picture, separated by tabs) into `folder`.
///
/// # Errors
/// [`FileError::Write`] when the disk fails.
pub fn write(seed: u64, count: u64, size: u32, folder: &Path) -> Result<(), TrainError> {
    let failed = |source| FileError::Write {
        path: folder.to_path_buf(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let create = |kind: &str| {
        File::create(folder.join(format!("{size}.{kind}")))
            .map(BufWriter::new)
            .map_err(failed)
    };
    let (mut pixels, mut captions) = (create("u8")?, create("txt")?);
    for first in (0..count).step_by(AT_A_TIME as usize) {
        let made: Vec<_> = (first..count.min(first + AT_A_TIME))
            .into_par_iter()
            .map(|index| {
                let scene = pictures::scene(seed ^ u64::from(size), index);
                let rng = &mut ChaCha8Rng::seed_from_u64(index);
                let words: Vec<String> = (0..CAPTIONS)
                    .map(|_| caption::sample(&scene, rng))
                    .collect();
                (render(&scene, size).into_raw(), words.join("\t"))
            })
            .collect();
        for (picture, words) in made {
            pixels
                .write_all(&picture)
                .and_then(|()| writeln!(captions, "{words}"))
                .map_err(failed)?;
        }
    }
    pixels
        .flush()
        .and_then(|()| captions.flush())
        .map_err(failed)?;
    Ok(())
}
