//! `--from`: the picture to repeat.

use super::Failure;
use crate::{
    gallery::{metadata::ModelRecord, read_png},
    pipeline::{Placement, Precision, start_image},
    request::{Count, Request},
};
use image::RgbImage;
use std::path::{Path, PathBuf};

/// A picture, and what its file records.
#[derive(Debug)]
pub struct Original {
    /// The request of this one picture.
    pub request: Request,
    path: PathBuf,
    model: Option<ModelRecord>,
    device: Option<String>,
    dtype: Option<String>,
    pixels: RgbImage,
}

impl Original {
    /// Reads the record and the pixels of `path`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let record = read_png(path)?;
        let mut warnings = record.warnings;
        let (mut request, model, device, dtype) = match (record.metadata, record.parameters) {
            (Some(metadata), _) => {
                if metadata.noise == super::noise_file::origin(true) {
                    warnings.push("its noise came from a file, which is not in the record; give it again with --noise".into());
                }
                (
                    metadata.request,
                    Some(metadata.model),
                    Some(metadata.device),
                    Some(metadata.dtype),
                )
            }
            (None, Some(parameters)) => {
                let (request, more) = parameters.to_request()?;
                warnings.extend(more);
                warnings.push("another tool made this picture, so its pixels cannot be expected to come out equal".into());
                (request, None, None, None)
            }
            (None, None) => {
                return Err(Failure::Input(format!(
                    "{} does not say how it was made",
                    path.display()
                )));
            }
        };
        for warning in warnings {
            eprintln!("note: {warning}");
        }
        request.count = Count::default();
        let pixels = start_image::read_pixels(path)?;
        Ok(Self {
            request,
            path: path.to_owned(),
            model,
            device,
            dtype,
            pixels,
        })
    }

    /// The number format it was made in.
    pub fn precision(&self) -> Option<Precision> {
        self.dtype.as_deref()?.parse().ok()
    }

    /// Says on stderr what is not as it was: then pixels may differ without anything being wrong.
    pub fn warn_of_differences(&self, model: &ModelRecord, placement: &Placement) {
        if let Some(recorded) = self
            .model
            .as_ref()
            .filter(|recorded| recorded.hash != model.hash)
        {
            eprintln!(
                "note: the picture was made with the model {:?}, this one is {:?}",
                recorded.name, model.name
            );
        }
        let device = placement.choice.to_string();
        if let Some(recorded) = self
            .device
            .as_ref()
            .filter(|recorded| !recorded.starts_with(&device))
        {
            eprintln!("note: the picture was made on {recorded:?}, this is {device}");
        }
        if let Some(recorded) = self
            .precision()
            .filter(|recorded| *recorded != placement.precision)
        {
            eprintln!(
                "note: the picture was made in {recorded}, this is {}",
                placement.precision
            );
        }
    }

    /// How many pixels of `pixels` differ, and by how many levels at most. `None` when the sizes differ.
    pub fn compare(&self, pixels: &RgbImage) -> Option<Difference> {
        if self.pixels.dimensions() != pixels.dimensions() {
            return None;
        }
        let mut difference = Difference {
            pixels: 0,
            all: u64::from(pixels.width()) * u64::from(pixels.height()),
            levels: 0,
        };
        for (ours, theirs) in pixels.pixels().zip(self.pixels.pixels()) {
            let levels = ours
                .0
                .iter()
                .zip(theirs.0)
                .map(|(a, b)| a.abs_diff(b))
                .max()
                .unwrap_or(0);
            difference.pixels += u64::from(levels > 0);
            difference.levels = difference.levels.max(levels);
        }
        Some(difference)
    }

    /// The verdict as a sentence.
    pub fn verdict(&self, pixels: &RgbImage) -> String {
        let name = self.path.display();
        match self.compare(pixels) {
            Some(Difference { pixels: 0, .. }) => {
                format!("the pixels are equal to those of {name}")
            }
            Some(Difference {
                pixels,
                all,
                levels,
            }) => {
                format!(
                    "the pixels are not equal to those of {name}: {pixels} of {all} differ, by at most {levels} of 255 levels"
                )
            }
            None => format!("the pixels are not equal to those of {name}: the sizes differ"),
        }
    }
}

/// How far two pictures of one size are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Pixels that differ.
    pub pixels: u64,
    /// Pixels there are.
    pub all: u64,
    /// The largest difference in any channel.
    pub levels: u8,
}
