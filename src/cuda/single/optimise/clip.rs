//! Clipping: one factor for all gradients, from the norm of all of them together.

use burn::tensor::{Shape, Tensor};

use super::{BLOCKS, MOST, numbers};
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::single::blank;
use crate::cuda::single::kernels::launch;
use crate::cuda::single::record::fused_plain;
use crate::cuda::stream::{Work, enqueue};

/// As in single_training.cu.
#[repr(C)]
#[derive(Clone, Copy)]
struct Gradients {
    at: [u64; MOST],
    count: [u64; MOST],
}

/// `[1]`: what brings the norm of all gradients down to `limit`, at most 1. All are f32 on one CUDA device, none under
/// autodiff.
pub fn clip_scale(gradients: Vec<Tensor<1>>, limit: f32) -> Option<Tensor<1>> {
    let shape = vec![Shape::new([1])];
    let found = fused_plain("single_clip_scale", gradients, shape, move |inputs| {
        let counts: Vec<u64> = inputs.iter().map(numbers).collect();
        let Some(like) = inputs.first() else {
            return Vec::new();
        };
        let scale = blank(like, Shape::new([1]));
        let shares = blank(like, Shape::new([counts.len() * BLOCKS as usize]));
        let from: Vec<_> = inputs.iter().collect();
        enqueue(&from, &[&scale, &shares], move |work| {
            norm(&work, &counts, [work.outputs[1], work.outputs[0]], limit)
        });
        vec![scale]
    });
    found?.into_iter().next()
}

fn norm(
    work: &Work<'_>,
    counts: &[u64],
    [shares, scale]: [u64; 2],
    limit: f32,
) -> Result<(), CudaError> {
    for (index, some) in counts.chunks(MOST).enumerate() {
        let mut many = Gradients {
            at: [0; MOST],
            count: [0; MOST],
        };
        let first = index * MOST;
        for (place, &count) in some.iter().enumerate() {
            many.at[place] = work.inputs[first + place];
            many.count[place] = count;
        }
        let (first, grid) = (first as i32, [BLOCKS, some.len() as u32, 1]);
        let arguments = arguments![many, shares, first];
        // SAFETY: the parameters of squares_of_many, in order.
        unsafe { launch(work, c"squares_of_many", grid, 256, arguments)? };
    }
    let count = (counts.len() * BLOCKS as usize) as i32;
    let arguments = arguments![shares, scale, count, limit];
    // SAFETY: the parameters of clip_scale, in order.
    unsafe { launch(work, c"clip_scale", [1, 1, 1], 256, arguments) }
}
