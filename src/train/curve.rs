//! The loss over the steps, as CSV and as a picture.

use std::fmt::Write as _;
use std::path::Path;

use tiny_skia::{Color, Paint, PathBuilder, Pixmap, Stroke, Transform};

use super::TrainError;
use crate::files;

/// Mean losses: the step after which each was taken, and its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    points: Vec<(u64, f32)>,
}

/// No curve's file is larger.
const CAP_BYTES: u64 = 4 << 20;
const SIZE: (u32, u32) = (900, 360);
const MARGIN: f32 = 24.0;

impl Curve {
    /// Adds the mean loss of the steps up to `step`.
    pub fn push(&mut self, step: u64, loss: f32) {
        self.points.push((step, loss));
    }

    /// The points so far.
    pub fn points(&self) -> &[(u64, f32)] {
        &self.points
    }

    /// Writes `step,loss` lines.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write_csv(&self, path: &Path) -> Result<(), TrainError> {
        let mut text = String::from("step,loss\n");
        for (step, loss) in &self.points {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{step},{loss}");
        }
        Ok(files::replace(path, text.as_bytes())?)
    }

    /// Reads what [`Curve::write_csv`] wrote, up to `last`; a missing file is an empty curve.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_csv(path: &Path, last: u64) -> Result<Self, TrainError> {
        let bytes = match files::read_capped(path, CAP_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        let points = String::from_utf8_lossy(&bytes)
            .lines()
            .filter_map(|line| {
                let (step, loss) = line.split_once(',')?;
                Some((step.parse().ok()?, loss.parse().ok()?))
            })
            .filter(|&(step, _)| step <= last)
            .collect();
        Ok(Self { points })
    }

    /// Draws the curve, its loss axis logarithmic.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write_png(&self, path: &Path) -> Result<(), TrainError> {
        let Some(mut pixmap) = Pixmap::new(SIZE.0, SIZE.1) else {
            return Ok(());
        };
        pixmap.fill(Color::WHITE);
        let height = |loss: f32| loss.max(1e-9).ln();
        let (low, high) = self
            .points
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), &(_, loss)| {
                (low.min(height(loss)), high.max(height(loss)))
            });
        let last = self.points.last().map_or(1, |&(step, _)| step.max(1));
        let mut line = PathBuilder::new();
        for (index, &(step, loss)) in self.points.iter().enumerate() {
            let x = MARGIN + (SIZE.0 as f32 - 2.0 * MARGIN) * step as f32 / last as f32;
            let y = MARGIN
                + (SIZE.1 as f32 - 2.0 * MARGIN) * (high - height(loss)) / (high - low).max(1e-6);
            if index == 0 {
                line.move_to(x, y)
            } else {
                line.line_to(x, y)
            }
        }
        if let Some(line) = line.finish() {
            let mut paint = Paint {
                anti_alias: true,
                ..Paint::default()
            };
            paint.set_color_rgba8(0xc8, 0x3c, 0x2e, 0xff);
            let stroke = Stroke {
                width: 1.6,
                ..Stroke::default()
            };
            pixmap.stroke_path(&line, &paint, &stroke, Transform::identity(), None);
        }
        let png = pixmap.encode_png().map_err(|error| TrainError::State {
            path: path.to_path_buf(),
            problem: format!("the curve cannot be drawn ({error})"),
        })?;
        Ok(files::replace(path, &png)?)
    }
}
