//! Muon (Jordan et al., 2024) for a group of matrices of one shape, as one stack: momentum, five products a round of the
//! Newton–Schulz iteration X ← (a·I + b·G + c·G²)·X with G = X·Xᵀ, and the step.

use burn::tensor::{Shape, Tensor};
use burn_cubecl::tensor::CubeTensor;

use super::MOST;
use crate::cuda::CudaError;
use crate::cuda::cublaslt::{Product, Side};
use crate::cuda::kernels::arguments;
use crate::cuda::single::blank;
use crate::cuda::single::kernels::launch;
use crate::cuda::single::precision::Precision;
use crate::cuda::single::record::fused_plain;
use crate::cuda::stream::{Work, enqueue};

/// A matrix of a stack of wide ones.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Its value.
    pub value: Tensor<1>,
    /// Its gradient.
    pub gradient: Tensor<1>,
    /// Whether it is `[long, short]` and lies in the stack transposed.
    pub tall: bool,
    /// Its step in those of the group.
    pub factor: f32,
}

/// Numbers of one step.
#[derive(Debug, Clone, Copy)]
pub struct MuonStep {
    /// How far a matrix moves.
    pub rate: f32,
    /// What is left of a value before it moves: 1 − rate · weight decay.
    pub keep: f32,
    /// Decay of the mean gradient.
    pub momentum: f32,
    /// a, b, c of the iteration.
    pub quintic: [f32; 3],
    /// Its rounds.
    pub rounds: usize,
}

/// As in single_training.cu.
#[repr(C)]
#[derive(Clone, Copy)]
struct Stacked {
    value: [u64; MOST],
    gradient: [u64; MOST],
    new_value: [u64; MOST],
    factor: [f32; MOST],
    tall: [i32; MOST],
}

/// A stack of `count` matrices `[short, long]`.
#[derive(Debug, Clone, Copy)]
struct Stack {
    count: usize,
    short: usize,
    long: usize,
}

/// New values of `matrices` and their new momentum `[count·short·long]`; gradients are multiplied by `scale` `[1]`. All are
/// f32 on one CUDA device, none under autodiff.
pub fn muon(
    matrices: Vec<Matrix>,
    momentum: Tensor<1>,
    scale: &Tensor<1>,
    [short, long]: [usize; 2],
    with: MuonStep,
) -> Option<(Vec<Tensor<1>>, Tensor<1>)> {
    let stack = Stack {
        count: matrices.len(),
        short,
        long,
    };
    let mut shapes: Vec<Shape> = matrices.iter().map(|one| one.value.shape()).collect();
    shapes.push(momentum.shape());
    let (mut tensors, mut kinds) = (Vec::new(), Vec::new());
    for one in matrices {
        tensors.extend([one.value, one.gradient]);
        kinds.push((one.tall, one.factor));
    }
    tensors.extend([momentum, scale.clone()]);
    let outputs = fused_plain("single_muon", tensors, shapes.clone(), move |inputs| {
        let like = &inputs[0];
        let outputs: Vec<CubeTensor> = shapes
            .iter()
            .map(|shape| blank(like, shape.clone()))
            .collect();
        let matrices = || blank(like, Shape::new([stack.count, short, long]));
        let squares = || blank(like, Shape::new([stack.count, short, short]));
        let scratch = [matrices(), matrices(), squares(), squares()];
        let from: Vec<_> = inputs.iter().collect();
        let to: Vec<_> = outputs.iter().chain(&scratch).collect();
        let kinds = kinds.clone();
        enqueue(&from, &to, move |work| stack.step(&work, &kinds, with));
        outputs
    });
    let mut values = outputs?;
    let momentum = values.pop()?;
    Some((values, momentum))
}

impl Stack {
    fn numbers(&self) -> usize {
        self.short * self.long
    }

    fn step(
        &self,
        work: &Work<'_>,
        kinds: &[(bool, f32)],
        with: MuonStep,
    ) -> Result<(), CudaError> {
        let (old, scale) = (work.inputs[2 * self.count], work.inputs[2 * self.count + 1]);
        let [momentum, x, other, gram, square] =
            [0, 1, 2, 3, 4].map(|index| work.outputs[self.count + index]);
        for first in (0..self.count).step_by(MOST) {
            let many = self.some(work, kinds, first);
            self.gather(work, many, first, [old, momentum, x, scale], with.momentum)?;
        }
        let x = self.orthogonalise(work, [x, other], [gram, square], with)?;
        for first in (0..self.count).step_by(MOST) {
            let many = self.some(work, kinds, first);
            self.spread(work, many, first, x, with)?;
        }
        Ok(())
    }

    /// Addresses of the matrices from `first` on.
    fn some(&self, work: &Work<'_>, kinds: &[(bool, f32)], first: usize) -> Stacked {
        let mut many = Stacked {
            value: [0; MOST],
            gradient: [0; MOST],
            new_value: [0; MOST],
            factor: [0.0; MOST],
            tall: [0; MOST],
        };
        for (place, &(tall, factor)) in kinds[first..].iter().take(MOST).enumerate() {
            many.value[place] = work.inputs[2 * (first + place)];
            many.gradient[place] = work.inputs[2 * (first + place) + 1];
            many.new_value[place] = work.outputs[first + place];
            many.factor[place] = factor;
            many.tall[place] = i32::from(tall);
        }
        many
    }

    /// Blocks of a pass over the matrices from `first` on.
    fn grid(&self, first: usize) -> [u32; 3] {
        let some = MOST.min(self.count - first);
        [self.numbers().div_ceil(256) as u32, some as u32, 1]
    }

    fn gather(
        &self,
        work: &Work<'_>,
        many: Stacked,
        first: usize,
        [old, momentum, ahead, scale]: [u64; 4],
        decay: f32,
    ) -> Result<(), CudaError> {
        let [short, long, place] = [self.short, self.long, first].map(|size| size as i32);
        let arguments = arguments![many, old, momentum, ahead, scale, short, long, place, decay];
        // SAFETY: the parameters of muon_gather, in order.
        unsafe { launch(work, c"muon_gather", self.grid(first), 256, arguments) }
    }

    fn spread(
        &self,
        work: &Work<'_>,
        many: Stacked,
        first: usize,
        x: u64,
        with: MuonStep,
    ) -> Result<(), CudaError> {
        let [short, long, place] = [self.short, self.long, first].map(|size| size as i32);
        let (rate, keep) = (with.rate, with.keep);
        let arguments = arguments![many, x, short, long, place, rate, keep];
        // SAFETY: the parameters of muon_spread, in order.
        unsafe { launch(work, c"muon_spread", self.grid(first), 256, arguments) }
    }

    /// Address of the orthogonalised stack, one of the two.
    fn orthogonalise(
        &self,
        work: &Work<'_>,
        [mut x, mut other]: [u64; 2],
        [gram, square]: [u64; 2],
        with: MuonStep,
    ) -> Result<u64, CudaError> {
        let Self { count, short, long } = *self;
        let product = |size, a: Side, b: Side| Product::new(size, a, b, Precision::Tf32);
        let (narrow, wide) = (
            Side::rows(short).every(short * short),
            Side::rows(long).every(short * long),
        );
        let across = Side::transposed(long).every(short * long);
        let [a, b, c] = with.quintic;
        let (numbers, side) = (self.numbers() as i32, short as i32);
        let entries = (count * short * short) as u64;
        // SAFETY: the parameters of the two kernels, in order; matrices of these sizes.
        unsafe {
            let scaled = arguments![x, numbers];
            launch(work, c"muon_normalise", [count as u32, 1, 1], 256, scaled)?;
            for _ in 0..with.rounds {
                let grams = product([short, short, long], wide, across);
                grams.batched(count).multiply(work, [x, x, gram])?;
                let squares = product([short, short, short], narrow, narrow);
                squares
                    .batched(count)
                    .multiply(work, [gram, gram, square])?;
                let mixed = arguments![gram, square, entries, side, a, b, c];
                let grid = [entries.div_ceil(256) as u32, 1, 1];
                launch(work, c"muon_mix", grid, 256, mixed)?;
                let next = product([short, long, short], narrow, wide);
                next.batched(count).multiply(work, [gram, x, other])?;
                (x, other) = (other, x);
            }
        }
        Ok(x)
    }
}
