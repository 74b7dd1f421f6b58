//! Convolutions as matrix products whose right operand, the patches of the image, is never written out as a whole.

use std::ops::Range;

use super::gemm::{Bias, Columns, Left, Plain, product};
use super::isa::Level;

/// A square convolution of a batch of images.
pub struct Conv<'a> {
    /// `[B, in, H, W]`
    pub x: &'a [f32],
    /// B, in, H, W
    pub shape: [usize; 4],
    /// `[out, in, k, k]`
    pub weight: &'a [f32],
    /// `[out]`
    pub bias: Option<&'a [f32]>,
    /// Channels out.
    pub out: usize,
    /// k
    pub kernel: usize,
    /// Step between two places of the kernel.
    pub stride: usize,
    /// Zeros around the image.
    pub padding: usize,
}

impl Conv<'_> {
    /// Height and width of the result.
    pub fn size(&self) -> [usize; 2] {
        let [_, _, height, width] = self.shape;
        [height, width]
            .map(|edge| (edge + 2 * self.padding).saturating_sub(self.kernel) / self.stride + 1)
    }

    /// `[B, out, H', W']`
    pub fn all(&self, level: Level) -> Vec<f32> {
        let [batch, channels, height, width] = self.shape;
        let [out_height, out_width] = self.size();
        let depth = channels * self.kernel * self.kernel;
        let left = Left::pack(level, self.weight, [self.out, depth], depth);
        let bias = self.bias.map_or(Bias::None, Bias::Row);
        let pixels = out_height * out_width;
        let mut out = vec![0.0; batch * self.out * pixels];
        let images = self.x.chunks_exact(channels * height * width);
        for (image, out) in images.zip(out.chunks_exact_mut(self.out * pixels)) {
            if self.kernel == 1 && self.stride == 1 && self.padding == 0 {
                let pixels_as_rows = Plain {
                    data: image,
                    stride: pixels,
                };
                product(level, &left, &pixels_as_rows, pixels, bias, out);
            } else {
                let patches = Patches {
                    image,
                    height,
                    width,
                    out_width,
                    kernel: self.kernel,
                    stride: self.stride,
                    padding: self.padding,
                };
                product(level, &left, &patches, pixels, bias, out);
            }
        }
        out
    }
}

/// The patches of an image: column p is the patch around output pixel p, its terms ordered channel, row, column.
struct Patches<'a> {
    image: &'a [f32],
    height: usize,
    width: usize,
    out_width: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Columns for Patches<'_> {
    #[inline(always)]
    fn pack<const COLUMNS: usize>(
        &self,
        depth: Range<usize>,
        columns: Range<usize>,
        panel: &mut [f32],
    ) {
        let (panel, _) = panel.as_chunks_mut::<COLUMNS>();
        let square = self.kernel * self.kernel;
        let mut pixel = columns.start;
        // Output pixels of one row of the picture at a time: their input pixels lie side by side.
        while pixel < columns.end {
            let (row, column) = (pixel / self.out_width, pixel % self.out_width);
            let count = (self.out_width - column).min(columns.end - pixel);
            let place = pixel - columns.start;
            for (line, term) in panel.iter_mut().zip(depth.clone()) {
                let (channel, tap) = (term / square, term % square);
                let (tap_row, tap_column) = (tap / self.kernel, tap % self.kernel);
                let y = row * self.stride + tap_row;
                let inside = y >= self.padding && y < self.height + self.padding;
                let target = &mut line[place..place + count];
                if inside {
                    let start = (channel * self.height + y - self.padding) * self.width;
                    let source = &self.image[start..start + self.width];
                    self.pack_run::<COLUMNS>(source, column * self.stride + tap_column, target);
                } else {
                    target.fill(0.0);
                }
            }
            pixel += count;
        }
        if columns.len() < COLUMNS {
            for line in panel {
                line[columns.len()..].fill(0.0);
            }
        }
    }
}

impl Patches<'_> {
    /// Copies every `stride`-th pixel of a row from `first − padding` on; pixels outside of the row are zero.
    #[inline(always)]
    fn pack_run<const COLUMNS: usize>(&self, row: &[f32], first: usize, target: &mut [f32]) {
        let last = first + (target.len() - 1) * self.stride;
        if self.stride == 1 && first >= self.padding && last < self.width + self.padding {
            let source = &row[first - self.padding..][..target.len()];
            if target.len() == COLUMNS {
                // A copy of known length is a handful of vector moves.
                let (source, _) = source.as_chunks::<COLUMNS>();
                let (target, _) = target.as_chunks_mut::<COLUMNS>();
                target.copy_from_slice(source);
            } else {
                target.copy_from_slice(source);
            }
            return;
        }
        for (index, target) in target.iter_mut().enumerate() {
            let x = first + index * self.stride;
            let inside = x >= self.padding && x < self.width + self.padding;
            *target = if inside { row[x - self.padding] } else { 0.0 };
        }
    }
}
