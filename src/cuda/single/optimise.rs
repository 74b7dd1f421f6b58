//! The optimiser's passes over all parameters at once: a launch serves dozens of tensors, where one op a tensor would
//! keep the host busier than the device.

use burn::tensor::{Shape, Tensor};
use burn_cubecl::tensor::CubeTensor;

use super::blank;
use super::kernels::launch;
use super::record::fused_plain;
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::stream::{Work, enqueue};

/// Tensors of one launch, as in single_training.cu.
const MOST: usize = 40;
/// Blocks that share a tensor.
const BLOCKS: u32 = 32;

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
    /// All gradients together are scaled down to this norm.
    pub clip_norm: f32,
}

/// As in single_training.cu.
#[repr(C)]
#[derive(Clone, Copy)]
struct Gradients {
    at: [u64; MOST],
    count: [u64; MOST],
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

/// As in single_training.cu.
#[repr(C)]
#[derive(Clone, Copy)]
struct Averaged {
    from: [[u64; MOST]; 2],
    to: [u64; MOST],
    count: [u64; MOST],
}

/// One step of AdamW over all parameters, their gradients clipped together. All tensors are f32 on one CUDA device,
/// none under autodiff.
pub fn adamw(moving: Vec<Moving>, with: AdamWStep) -> Option<Vec<Moved>> {
    let (mut tensors, mut decays, mut shapes) = (Vec::new(), Vec::new(), Vec::new());
    for one in moving {
        shapes.extend((0..3).map(|_| one.value.shape()));
        tensors.extend([one.value, one.gradient, one.first, one.second]);
        decays.push(one.decay);
    }
    let mut outputs = fused_plain("single_adamw", tensors, shapes, move |inputs| {
        let outputs: Vec<CubeTensor> = inputs
            .chunks(4)
            .flat_map(|of| [0, 2, 3].map(|index| blank(&of[index], of[index].meta.shape().clone())))
            .collect();
        step(&inputs, &outputs, decays.clone(), with);
        outputs
    })?
    .into_iter();
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

fn step(inputs: &[CubeTensor], outputs: &[CubeTensor], decays: Vec<f32>, with: AdamWStep) {
    let Some(like) = inputs.first() else {
        return;
    };
    let counts: Vec<u64> = inputs.chunks(4).map(numbers).collect();
    let shares = decays.len() * BLOCKS as usize;
    let scratch = [
        blank(like, Shape::new([shares])),
        blank(like, Shape::new([1])),
    ];
    let inputs: Vec<&CubeTensor> = inputs.iter().collect();
    let outputs: Vec<&CubeTensor> = outputs.iter().chain(&scratch).collect();
    enqueue(&inputs, &outputs, move |work| {
        let places = work.outputs.len() - 2;
        let (shares, scale) = (work.outputs[places], work.outputs[places + 1]);
        clip(&work, &counts, [shares, scale], with.clip_norm)?;
        for (index, (counts, decays)) in counts.chunks(MOST).zip(decays.chunks(MOST)).enumerate() {
            let (from, to) = (
                &work.inputs[4 * index * MOST..],
                &work.outputs[3 * index * MOST..],
            );
            move_some(&work, [from, to], counts, decays, scale, with)?;
        }
        Ok(())
    });
}

fn numbers(of: &[CubeTensor]) -> u64 {
    of[0].meta.shape().num_elements() as u64
}

/// What brings the norm of all gradients down to `limit`, at most 1.
fn clip(
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
            many.at[place] = work.inputs[4 * (first + place) + 1];
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

/// decay·old + (1 − decay)·value of many `[old, value]`, f32 on one CUDA device, none under autodiff.
pub fn average(pairs: Vec<[Tensor<1>; 2]>, decay: f32) -> Option<Vec<Tensor<1>>> {
    let shapes = pairs.iter().map(|[_, value]| value.shape()).collect();
    let tensors = pairs.into_iter().flatten().collect();
    fused_plain("single_average", tensors, shapes, move |inputs| {
        let outputs: Vec<CubeTensor> = inputs
            .chunks(2)
            .map(|of| blank(&of[0], of[0].meta.shape().clone()))
            .collect();
        let counts: Vec<u64> = inputs.chunks(2).map(numbers).collect();
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
