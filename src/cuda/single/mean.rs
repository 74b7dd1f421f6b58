//! The mean of all numbers of a tensor, added in the same order every time; its gradient is the result's over their
//! count.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::blank;
use super::kernels::launch;
use super::record::{Mode, Op, Tape};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::enqueue;

/// Numbers that a block sums.
const STRIP: usize = 1 << 14;

/// Input: any tensor. Result: `[1]`.
#[derive(Debug, Clone)]
pub struct Mean;

impl Op for Mean {
    const NAME: &'static str = "single_mean";

    fn outputs(&self, _: &[Shape]) -> Vec<Shape> {
        vec![Shape::new([1])]
    }

    fn forward(&self, inputs: &[CubeTensor], _: Mode) -> Vec<CubeTensor> {
        let x = &inputs[0];
        let count = x.meta.shape().num_elements();
        let strips = count.div_ceil(STRIP).max(1);
        let (out, partial) = (blank(x, Shape::new([1])), blank(x, Shape::new([strips])));
        enqueue(&[x], &[&out, &partial], move |work| {
            let (x, out, partial) = (work.inputs[0], work.outputs[0], work.outputs[1]);
            let (numbers, strip, one) = (count as u64, STRIP as u64, 1f32);
            let (all, share) = (strips as u64, 1.0 / count as f32);
            // SAFETY: the parameters of strip_sum, in order.
            unsafe {
                let first = arguments![x, partial, numbers, strip, one];
                launch(&work, c"strip_sum", [strips as u32, 1, 1], 256, first)?;
                let second = arguments![partial, out, all, all, share];
                launch(&work, c"strip_sum", [1, 1, 1], 256, second)
            }
        });
        vec![out]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let x = &tape.inputs[0];
        let dx = blank(x, x.meta.shape().clone());
        let count = x.meta.shape().num_elements() as u64;
        enqueue(&[tape.gradient], &[&dx], move |work| {
            let (from, dx, share) = (work.inputs[0], work.outputs[0], 1.0 / count as f32);
            let arguments = arguments![from, dx, count, share];
            let grid = [count.div_ceil(256) as u32, 1, 1];
            // SAFETY: the parameters of fill_from, in order.
            unsafe { launch(&work, c"fill_from", grid, 256, arguments) }
        });
        vec![dx]
    }
}
