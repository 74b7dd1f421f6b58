//! Doubling of pictures: each pixel becomes four, and its gradient is the sum of theirs.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::blank;
use super::kernels::launch;
use super::record::{Mode, Op, Tape};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::enqueue;

/// Input: x `[B, C, H, W]`. Result: `[B, C, 2·H, 2·W]`.
#[derive(Debug, Clone)]
pub struct Upsample;

/// Runs one of the two kernels, which writes `out` from pictures whose small side is `width` wide.
fn run(entry: &'static std::ffi::CStr, from: &CubeTensor, out: &CubeTensor, width: usize) {
    let count = out.meta.shape().num_elements() as u64;
    enqueue(&[from], &[out], move |work| {
        let (from, out, width) = (work.inputs[0], work.outputs[0], width as i32);
        let grid = [count.div_ceil(256) as u32, 1, 1];
        let arguments = arguments![from, out, count, width];
        // SAFETY: the parameters of both kernels, in order.
        unsafe { launch(&work, entry, grid, 256, arguments) }
    });
}

impl Op for Upsample {
    const NAME: &'static str = "single_upsample";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        let x = &inputs[0];
        vec![Shape::new([x[0], x[1], 2 * x[2], 2 * x[3]])]
    }

    fn forward(&self, inputs: &[CubeTensor], _: Mode) -> Vec<CubeTensor> {
        let shape = inputs[0].meta.shape();
        let outputs = self.outputs(std::slice::from_ref(shape));
        let tensors: Vec<CubeTensor> = outputs
            .into_iter()
            .map(|shape| blank(&inputs[0], shape))
            .collect();
        for out in &tensors {
            run(c"upsample", &inputs[0], out, shape[3]);
        }
        tensors
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let shape = tape.inputs[0].meta.shape();
        let dx = blank(tape.gradient, shape.clone());
        run(c"upsample_backward", tape.gradient, &dx, shape[3]);
        vec![dx]
    }
}
