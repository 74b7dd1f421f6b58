//! The moving average of many tensors at once.

use burn::tensor::Tensor;
use burn_cubecl::tensor::CubeTensor;

use super::{BLOCKS, MOST, numbers};
use crate::cuda::kernels::arguments;
use crate::cuda::single::blank;
use crate::cuda::single::kernels::launch;
use crate::cuda::single::record::fused_plain;
use crate::cuda::stream::enqueue;

/// As in single_training.cu.
#[repr(C)]
#[derive(Clone, Copy)]
struct Averaged {
    from: [[u64; MOST]; 2],
    to: [u64; MOST],
    count: [u64; MOST],
}

/// decay·old + (1 − decay)·value of many `[old, value]`, f32 on one CUDA device, none under autodiff.
pub fn average(pairs: Vec<[Tensor<1>; 2]>, decay: f32) -> Option<Vec<Tensor<1>>> {
    let shapes = pairs.iter().map(|[_, value]| value.shape()).collect();
    let tensors = pairs.into_iter().flatten().collect();
    fused_plain("single_average", tensors, shapes, move |inputs| {
        let outputs: Vec<CubeTensor> = inputs
            .chunks(2)
            .map(|of| blank(&of[0], of[0].meta.shape().clone()))
            .collect();
        let counts: Vec<u64> = inputs.iter().step_by(2).map(numbers).collect();
        let (from, to): (Vec<_>, Vec<_>) = (inputs.iter().collect(), outputs.iter().collect());
        enqueue(&from, &to, move |work| {
            for (index, counts) in counts.chunks(MOST).enumerate() {
                let mut many = Averaged {
                    from: [[0; MOST]; 2],
                    to: [0; MOST],
                    count: [0; MOST],
                };
                for (place, &count) in counts.iter().enumerate() {
                    let tensor = index * MOST + place;
                    many.from[0][place] = work.inputs[2 * tensor];
                    many.from[1][place] = work.inputs[2 * tensor + 1];
                    many.to[place] = work.outputs[tensor];
                    many.count[place] = count;
                }
                let arguments = arguments![many, decay];
                let grid = [BLOCKS, counts.len() as u32, 1];
                // SAFETY: the parameters of average, in order.
                unsafe { launch(&work, c"average", grid, 256, arguments)? };
            }
            Ok(())
        });
        outputs
    })
}
