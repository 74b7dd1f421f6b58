//! Group norm of pictures, with SiLU if wanted, and its gradient.
//!
//! y = silu(z), z = n·w + b, n = (x − mean)·r with the mean and r = 1/√(variance + eps) of the channel's group. With
//! dz = dy·silu'(z) and means over the group: dx = r·(dz·w − mean(dz·w) − n·mean(dz·w·n)), dw = Σ dz·n, db = Σ dz.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::record::{Mode, Op, Tape};
use super::sums::ColumnSum;
use super::{blank, pick};
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::stream::{Work, enqueue};

/// Numbers of a group that a block sums.
const STRIP: usize = 1 << 14;

/// Inputs: x `[B, C, H, W]`, weight and bias `[C]`. Kept: mean and r of each group, `[B·G, 2]`.
#[derive(Debug, Clone)]
pub struct GroupNorm {
    /// Groups of an item.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
    /// Whether SiLU follows.
    pub activate: bool,
}

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    items: usize,
    channels: usize,
    pixels: usize,
    groups: usize,
    activate: bool,
}

impl GroupNorm {
    fn sizes(&self, x: &Shape) -> Sizes {
        Sizes {
            items: x[0],
            channels: x[1],
            pixels: x[2] * x[3],
            groups: self.groups,
            activate: self.activate,
        }
    }
}

impl Sizes {
    /// Channels of a group.
    fn size(&self) -> usize {
        self.channels / self.groups
    }

    fn numbers(&self) -> usize {
        self.size() * self.pixels
    }

    fn all_groups(&self) -> usize {
        self.items * self.groups
    }

    fn strips(&self) -> usize {
        self.numbers().div_ceil(STRIP)
    }

    /// Blocks of the passes that take each number once.
    fn grid(&self) -> [u32; 3] {
        [self.pixels.div_ceil(256), self.channels, self.items].map(|size| size as u32)
    }

    /// # Safety
    /// The addresses must be live device memory of the sizes documented.
    unsafe fn statistics(
        &self,
        work: &Work<'_>,
        [x, partial, statistics]: [u64; 3],
        eps: f32,
    ) -> Result<(), CudaError> {
        let (numbers, strip) = (self.numbers() as u64, STRIP as i32);
        let [groups, strips] = [self.all_groups(), self.strips()].map(|size| size as i32);
        // SAFETY: the parameters of both kernels, in order; the caller vouches for the addresses.
        unsafe {
            let sums = arguments![x, partial, numbers, strip];
            let grid = [self.strips(), self.groups, self.items].map(|size| size as u32);
            launch(work, c"group_sums", grid, 256, sums)?;
            let means = arguments![partial, statistics, groups, strips, numbers, eps];
            let grid = [(groups as u32).div_ceil(256), 1, 1];
            launch(work, c"group_statistics", grid, 256, means)
        }
    }
}

impl Op for GroupNorm {
    const NAME: &'static str = "single_group_norm";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        let groups = self.sizes(&inputs[0]).all_groups();
        vec![inputs[0].clone(), Shape::new([groups, 2])]
    }

    fn forward(&self, inputs: &[CubeTensor], _: Mode) -> Vec<CubeTensor> {
        let (x, weight, bias) = (&inputs[0], &inputs[1], &inputs[2]);
        let (sizes, eps) = (self.sizes(x.meta.shape()), self.eps as f32);
        let y = blank(x, x.meta.shape().clone());
        let statistics = blank(x, Shape::new([sizes.all_groups(), 2]));
        let partial = blank(x, Shape::new([sizes.all_groups(), sizes.strips(), 2]));
        enqueue(
            &[x, weight, bias],
            &[&y, &statistics, &partial],
            move |work| {
                let [x, weight, bias] = [0, 1, 2].map(|index| work.inputs[index]);
                let [y, statistics, partial] = [0, 1, 2].map(|index| work.outputs[index]);
                let [pixels, size] = [sizes.pixels, sizes.size()].map(|size| size as i32);
                let activate = i32::from(sizes.activate);
                // SAFETY: tensors of the sizes documented; the parameters of group_apply, in order.
                unsafe {
                    sizes.statistics(&work, [x, partial, statistics], eps)?;
                    let arguments =
                        arguments![x, statistics, weight, bias, y, pixels, size, activate];
                    launch(&work, c"group_apply", sizes.grid(), 256, arguments)
                }
            },
        );
        vec![y, statistics]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let [x, weight, bias] = [0, 1, 2].map(|index| &tape.inputs[index]);
        let sizes = self.sizes(x.meta.shape());
        let like = |tensor: &CubeTensor| blank(x, tensor.meta.shape().clone());
        let found = [like(x), like(weight), like(bias)];
        let sum = ColumnSum::new(sizes.items, sizes.channels);
        let planes = || blank(x, Shape::new([sizes.items, sizes.channels]));
        let means = blank(x, Shape::new([sizes.all_groups(), 2]));
        let scratch = [planes(), planes(), means, sum.scratch(x)];
        let outputs: Vec<&CubeTensor> = found.iter().chain(&scratch).collect();
        let inputs = [x, weight, bias, &tape.kept[0], tape.gradient];
        enqueue(&inputs, &outputs, move |work| {
            let [x, weight, bias, statistics, dy] = [0, 1, 2, 3, 4].map(|index| work.inputs[index]);
            let [dx, dw, db, sums, along, means, meeting] =
                [0, 1, 2, 3, 4, 5, 6].map(|index| work.outputs[index]);
            let [pixels, size, groups, item_groups] =
                [sizes.pixels, sizes.size(), sizes.all_groups(), sizes.groups]
                    .map(|size| size as i32);
            let activate = i32::from(sizes.activate);
            let planes = [sizes.channels as u32, sizes.items as u32, 1];
            // SAFETY: tensors of the sizes documented; the parameters of the three kernels, in order.
            unsafe {
                let summed = arguments![
                    x, dy, statistics, weight, bias, sums, along, pixels, size, activate
                ];
                launch(&work, c"group_backward_sums", planes, 256, summed)?;
                let meant = arguments![
                    sums,
                    along,
                    weight,
                    means,
                    groups,
                    item_groups,
                    size,
                    pixels
                ];
                let grid = [(groups as u32).div_ceil(256), 1, 1];
                launch(&work, c"group_backward_means", grid, 256, meant)?;
                let applied = arguments![
                    x, dy, statistics, means, weight, bias, dx, pixels, size, activate
                ];
                launch(&work, c"group_backward_apply", sizes.grid(), 256, applied)?;
                sum.run(&work, along, meeting, dw)?;
                sum.run(&work, sums, meeting, db)
            }
        });
        pick(found.into(), tape.wanted)
    }
}
