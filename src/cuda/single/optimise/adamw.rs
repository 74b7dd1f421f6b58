//! AdamW (Loshchilov and Hutter, arXiv:1711.05101) for many tensors at once.

use burn::tensor::Tensor;
use burn_cubecl::tensor::CubeTensor;

use super::{BLOCKS, MOST, numbers};
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::single::blank;
use crate::cuda::single::kernels::launch;
use crate::cuda::single::record::fused_plain;
use crate::cuda::stream::{Work, enqueue};

/// A tensor and what AdamW knows of it.
#[derive(Debug, Clone)]
pub struct Moving {
    /// The value.
    pub value: Tensor<1>,
    /// Its gradient.
    pub gradient: Tensor<1>,
    /// Its mean gradient.
    pub first: Tensor<1>,
    /// Its mean squared gradient.
    pub second: Tensor<1>,
    /// Pull toward zero.
    pub decay: f32,
}

/// A value after a step, with its mean gradient and mean squared gradient.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The value.
    pub value: Tensor<1>,
    /// Its mean gradient.
    pub first: Tensor<1>,
    /// Its mean squared gradient.
    pub second: Tensor<1>,
}

/// Numbers of one step of AdamW.
#[derive(Debug, Clone, Copy)]
pub struct AdamWStep {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the mean gradient.
    pub beta_1: f32,
    /// Decay of the mean squared gradient.
    pub beta_2: f32,
    /// 1 − β₁ to the power of the steps done.
    pub correct_1: f32,
    /// 1 − β₂ to the power of the steps done.
    pub correct_2: f32,
    /// Added to the root of the mean square.
    pub epsilon: f32,
}

/// As in single_training.cu: values, gradients, both memories; then where the new ones go.
#[repr(C)]
#[derive(Clone, Copy)]
struct Tensors {
    from: [[u64; MOST]; 4],
    to: [[u64; MOST]; 3],
    count: [u64; MOST],
    decay: [f32; MOST],
}

/// As in single_training.cu.
#[repr(C)]
#[derive(Clone, Copy)]
struct Rates {
    rate: f32,
    beta_1: f32,
    beta_2: f32,
    correct_1: f32,
    correct_2: f32,
    epsilon: f32,
}

/// One step of AdamW over many tensors whose gradients are multiplied by `scale` `[1]`. All are f32 on one CUDA device,
/// none under autodiff.
pub fn adamw(moving: Vec<Moving>, scale: &Tensor<1>, with: AdamWStep) -> Option<Vec<Moved>> {
    let (mut tensors, mut decays, mut shapes) = (Vec::new(), Vec::new(), Vec::new());
    for one in moving {
        shapes.extend((0..3).map(|_| one.value.shape()));
        tensors.extend([one.value, one.gradient, one.first, one.second]);
        decays.push(one.decay);
    }
    tensors.push(scale.clone());
    let outputs = fused_plain("single_adamw", tensors, shapes, move |inputs| {
        let tensors = &inputs[..inputs.len() - 1];
        let outputs: Vec<CubeTensor> = tensors
            .chunks(4)
            .flat_map(|of| [0, 2, 3].map(|index| blank(&of[index], of[index].meta.shape().clone())))
            .collect();
        let counts: Vec<u64> = tensors.iter().step_by(4).map(numbers).collect();
        let (from, to): (Vec<_>, Vec<_>) = (inputs.iter().collect(), outputs.iter().collect());
        let decays = decays.clone();
        enqueue(&from, &to, move |work| {
            let scale = work.inputs[work.inputs.len() - 1];
            let pieces = counts.chunks(MOST).zip(decays.chunks(MOST));
            for (index, (counts, decays)) in pieces.enumerate() {
                let from = &work.inputs[4 * index * MOST..];
                let to = &work.outputs[3 * index * MOST..];
                move_some(&work, [from, to], counts, decays, scale, with)?;
            }
            Ok(())
        });
        outputs
    });
    let mut outputs = outputs?.into_iter();
    let mut moved = Vec::new();
    while let (Some(value), Some(first), Some(second)) =
        (outputs.next(), outputs.next(), outputs.next())
    {
        moved.push(Moved {
            value,
            first,
            second,
        });
    }
    Some(moved)
}

/// Moves the first tensors of `from` (four addresses each) to `to` (three each).
fn move_some(
    work: &Work<'_>,
    [from, to]: [&[u64]; 2],
    counts: &[u64],
    decays: &[f32],
    scale: u64,
    with: AdamWStep,
) -> Result<(), CudaError> {
    let mut many = Tensors {
        from: [[0; MOST]; 4],
        to: [[0; MOST]; 3],
        count: [0; MOST],
        decay: [0.0; MOST],
    };
    for (place, (&count, &decay)) in counts.iter().zip(decays).enumerate() {
        for (which, addresses) in many.from.iter_mut().enumerate() {
            addresses[place] = from[4 * place + which];
        }
        for (which, addresses) in many.to.iter_mut().enumerate() {
            addresses[place] = to[3 * place + which];
        }
        many.count[place] = count;
        many.decay[place] = decay;
    }
    let rates = Rates {
        rate: with.rate,
        beta_1: with.beta_1,
        beta_2: with.beta_2,
        correct_1: with.correct_1,
        correct_2: with.correct_2,
        epsilon: with.epsilon,
    };
    let arguments = arguments![many, rates, scale];
    let grid = [BLOCKS, counts.len() as u32, 1];
    // SAFETY: the parameters of adamw, in order.
    unsafe { launch(work, c"adamw", grid, 256, arguments) }
}
