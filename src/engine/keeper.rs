//! Where finished pictures go.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::EngineError;
use super::painter::Provenance;
use crate::gallery::metadata::{Metadata, NOISE_CHACHA20_BOX_MULLER, StageSeconds};
use crate::gallery::{dates, writer};
use crate::pipeline::{PeakMemory, Picture, Timings};
use crate::request::Request;

/// Where pictures are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveTo {
    /// The gallery; made when the first picture needs it.
    pub folder: PathBuf,
    /// How files are [named](crate::gallery::naming).
    pub pattern: String,
}

/// A picture that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its file.
    pub path: PathBuf,
    /// Why it is not in the gallery but in the folder for emergencies.
    pub instead: Option<String>,
}

/// Puts a finished picture where it is not lost.
pub trait Keeper: Send {
    /// Writes `picture`, painted for `request` (of this one picture) by what `provenance` names.
    ///
    /// # Errors
    /// [`EngineError::NotSaved`] when it could be written nowhere.
    fn keep(
        &mut self,
        picture: &Picture,
        request: &Request,
        provenance: &Provenance,
    ) -> Result<Kept, EngineError>;

    /// Uses another folder from now on.
    fn save_to(&mut self, place: SaveTo);
}

/// Writes into the gallery, and into a second folder when the gallery's disk is full or gone.
#[derive(Clone, Debug)]
pub struct GalleryKeeper {
    place: SaveTo,
    emergency: PathBuf,
}

impl GalleryKeeper {
    /// Keeps pictures in `place`, else in `emergency`.
    pub fn new(place: SaveTo, emergency: PathBuf) -> Self {
        Self { place, emergency }
    }
}

impl Keeper for GalleryKeeper {
    fn keep(
        &mut self,
        picture: &Picture,
        request: &Request,
        provenance: &Provenance,
    ) -> Result<Kept, EngineError> {
        let metadata = metadata(picture, request, provenance);
        let write = |folder: &Path| {
            // The writer says what is wrong with a folder that cannot be made.
            std::fs::create_dir_all(folder).ok();
            writer::write_png_named(folder, &self.place.pattern, &picture.pixels, &metadata)
        };
        match write(&self.place.folder) {
            Ok(path) => Ok(Kept {
                path,
                instead: None,
            }),
            Err(error) => match write(&self.emergency) {
                Ok(path) => Ok(Kept {
                    path,
                    instead: Some(error.to_string()),
                }),
                Err(second) => Err(EngineError::NotSaved(format!("{error}, and {second}"))),
            },
        }
    }

    fn save_to(&mut self, place: SaveTo) {
        self.place = place;
    }
}

/// What the file of `picture` says about it.
pub fn metadata(picture: &Picture, request: &Request, provenance: &Provenance) -> Metadata {
    let Timings {
        encode_text,
        encode_image,
        denoise,
        decode,
        total,
        ..
    } = picture.timings;
    Metadata {
        format: Metadata::FORMAT,
        program: concat!("Danqing ", env!("CARGO_PKG_VERSION")).to_owned(),
        request: request.clone(),
        model: provenance.model.clone(),
        loras: provenance.loras.clone(),
        device: provenance.device.clone(),
        dtype: provenance.dtype.clone(),
        noise: NOISE_CHACHA20_BOX_MULLER.to_owned(),
        decoded_in_tiles: picture.decoded_in_tiles,
        created: Some(dates::rfc3339(SystemTime::now())),
        seconds: Some(StageSeconds {
            encode_text,
            encode_image,
            denoise,
            decode,
            total,
        }),
        peak_memory: picture.peak_memory.map(PeakMemory::bytes),
    }
}
