//! Projections to queries, keys and values, per-head norms, rotation, attention and the projection of the heads, as one
//! op: nothing of it passes burn's fusion between.
//!
//! The rotation is orthogonal, so its gradient turns back by the same angles; norms and products as in
//! [`super::norm`] and [`super::linear`].

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::linear::Projection;
use super::precision::Precision;
use super::record::{Mode, Op, Tape};
use super::scores::{Operands, Scores};
use super::sums::ColumnSum;
use super::{blank, pick, with_last};
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::ops::Heads;
use crate::cuda::stream::{Work, enqueue};

/// Widest head that a warp holds.
pub const WIDEST_HEAD: usize = 128;

/// Heads of tokens that a block of the norms' gradient takes.
const STRIP: usize = 256;

/// Inputs: x `[B, S, d]`, weights of queries `[H·D, d]`, keys and values `[G·D, d]` and of the heads `[d', H·D]`, cosines
/// and sines `[1 or B, S, D/2]`, then as far as there are: norms of queries and keys `[D]`, a bias of the keys `[B, S]`.
/// Kept: the projections, queries, keys and values as they met, their probabilities, the joined heads.
#[derive(Debug, Clone)]
pub struct SelfAttention {
    /// Heads and what is done to them; the bias stands for `keys`.
    pub heads: Heads,
    /// Whether there are norms.
    pub norms: bool,
}

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    scores: Scores,
    width: usize,
    d_out: usize,
    positions: u64,
    halves: bool,
    eps: f32,
}

/// Addresses of the tensors between the projections.
#[derive(Debug, Clone, Copy)]
struct Middle {
    qkv: u64,
    q: u64,
    k: u64,
    v: u64,
    p: u64,
    joined: u64,
}

/// Addresses of what norms and turns the heads: norms of queries and keys, which may be null, cosines and sines.
#[derive(Debug, Clone, Copy)]
struct Turning([u64; 4]);

impl Sizes {
    fn tokens(&self) -> usize {
        self.scores.items * self.scores.length
    }

    /// Tokens in all, of an item, and rows of the tables of angles.
    fn places(&self) -> [u64; 3] {
        [
            self.tokens() as u64,
            self.scores.length as u64,
            self.positions,
        ]
    }

    fn row_heads(&self) -> usize {
        self.scores.heads + 2 * self.scores.groups
    }

    /// The three projections into one matrix: weight's place among the inputs, columns before it, columns.
    fn parts(&self) -> [(usize, usize, usize); 3] {
        let (queries, keys) = (
            self.scores.heads * self.scores.dim,
            self.scores.groups * self.scores.dim,
        );
        [
            (1, 0, queries),
            (2, queries, keys),
            (3, queries + keys, keys),
        ]
    }

    fn entry(&self, columns: usize, precision: Precision) -> Projection {
        Projection {
            y_row: self.row_heads() * self.scores.dim,
            ..Projection::new(self.tokens(), self.width, columns, precision)
        }
    }

    fn exit(&self, precision: Precision) -> Projection {
        let joined = self.scores.heads * self.scores.dim;
        Projection::new(self.tokens(), joined, self.d_out, precision)
    }

    fn strips(&self) -> usize {
        (self.tokens() * self.row_heads()).div_ceil(STRIP)
    }

    /// Norms and turns the heads of `qkv` and sets them apart.
    ///
    /// # Safety
    /// The addresses must be live device memory of the sizes documented.
    unsafe fn turn(&self, work: &Work<'_>, with: Turning, at: Middle) -> Result<(), CudaError> {
        let Turning([norm_q, norm_k, cos, sin]) = with;
        let Middle { qkv, q, k, v, .. } = at;
        let [tokens, length, positions] = self.places();
        let [q_heads, k_heads, dim] =
            [self.scores.heads, self.scores.groups, self.scores.dim].map(|size| size as i32);
        let (halves, eps) = (i32::from(self.halves), self.eps);
        let arguments = arguments![
            qkv, norm_q, norm_k, cos, sin, q, k, v, tokens, length, positions, q_heads, k_heads,
            dim, halves, eps
        ];
        let grid = [(self.tokens() * self.row_heads()).div_ceil(8) as u32, 1, 1];
        // SAFETY: the parameters of norm_rope_split, in order; the caller vouches for the addresses.
        unsafe { launch(work, c"norm_rope_split", grid, 256, arguments) }
    }

    /// The gradient of [`Sizes::turn`]: from those of queries, keys and values to that of `qkv`, and the strips' shares
    /// of the norms' `[strips, 2, D]`.
    ///
    /// # Safety
    /// As [`Sizes::turn`].
    unsafe fn turn_back(
        &self,
        work: &Work<'_>,
        with: Turning,
        qkv: u64,
        [dq, dk, dv]: [u64; 3],
        [d_qkv, partial]: [u64; 2],
    ) -> Result<(), CudaError> {
        let Turning([norm_q, norm_k, cos, sin]) = with;
        let [tokens, length, positions] = self.places();
        let [q_heads, k_heads, dim, strip] = [
            self.scores.heads,
            self.scores.groups,
            self.scores.dim,
            STRIP,
        ]
        .map(|size| size as i32);
        let (halves, eps) = (i32::from(self.halves), self.eps);
        let arguments = arguments![
            qkv, norm_q, norm_k, cos, sin, dq, dk, dv, d_qkv, partial, tokens, length, positions,
            q_heads, k_heads, dim, halves, eps, strip
        ];
        let grid = [self.strips() as u32, 1, 1];
        // SAFETY: the parameters of norm_rope_split_backward, in order; the caller vouches for the addresses.
        unsafe { launch(work, c"norm_rope_split_backward", grid, 256, arguments) }
    }
}

impl SelfAttention {
    fn sizes(&self, [x, wq, out, cos]: [&Shape; 4]) -> Sizes {
        let dim = wq[0] / self.heads.queries.max(1);
        Sizes {
            scores: Scores {
                items: x[0],
                heads: self.heads.queries,
                groups: self.heads.groups,
                length: x[1],
                keys: x[1],
                dim,
                causal: self.heads.causal,
                scale: self.heads.scale as f32,
            },
            width: x[2],
            d_out: out[0],
            positions: (cos[0] * cos[1]) as u64,
            halves: self.heads.halves,
            eps: self.heads.eps as f32,
        }
    }

    fn sizes_of(&self, inputs: &[CubeTensor]) -> Sizes {
        self.sizes([0, 1, 4, 5].map(|index| inputs[index].meta.shape()))
    }

    /// Shapes of what is kept, in their order.
    fn middle(sizes: &Sizes) -> [Shape; 6] {
        let Scores {
            items,
            heads,
            groups,
            length,
            dim,
            ..
        } = sizes.scores;
        let split = |heads: usize| Shape::new([items, heads, length, dim]);
        [
            Shape::new([items, length, (heads + 2 * groups) * dim]),
            split(heads),
            split(groups),
            split(groups),
            sizes.scores.shape(),
            Shape::new([items, length, heads * dim]),
        ]
    }

    fn turning(&self, inputs: &[u64]) -> Turning {
        let [norm_q, norm_k] = [7, 8].map(|index| if self.norms { inputs[index] } else { 0 });
        Turning([norm_q, norm_k, inputs[5], inputs[6]])
    }

    fn operands(&self, at: Middle, bias: u64) -> Operands {
        Operands {
            q: at.q,
            k: at.k,
            v: at.v,
            bias,
        }
    }
}

fn addresses(of: &[u64]) -> Middle {
    let [qkv, q, k, v, p, joined] = [0, 1, 2, 3, 4, 5].map(|index| of[index]);
    Middle {
        qkv,
        q,
        k,
        v,
        p,
        joined,
    }
}

impl Op for SelfAttention {
    const NAME: &'static str = "single_self_attention";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        let sizes = self.sizes([&inputs[0], &inputs[1], &inputs[4], &inputs[5]]);
        let mut outputs = vec![with_last(&inputs[0], sizes.d_out)];
        outputs.extend(Self::middle(&sizes));
        outputs
    }

    fn forward(&self, inputs: &[CubeTensor], mode: Mode) -> Vec<CubeTensor> {
        let (x, sizes) = (&inputs[0], self.sizes_of(inputs));
        let [qkv, q, k, v, _, joined] = Self::middle(&sizes);
        let y = blank(x, with_last(x.meta.shape(), sizes.d_out));
        let outputs = [
            y,
            blank(x, qkv),
            blank(x, q.clone()),
            blank(x, k),
            blank(x, v),
            sizes.scores.probabilities(x, mode.keep),
            blank(x, joined),
            blank(x, q),
        ];
        let all: Vec<&CubeTensor> = inputs.iter().collect();
        let op = self.clone();
        enqueue(&all, &outputs.each_ref(), move |work| {
            let (inputs, y, apart) = (work.inputs, work.outputs[0], work.outputs[7]);
            let at = addresses(&work.outputs[1..]);
            let bias = inputs.get(if op.norms { 9 } else { 7 }).copied();
            // SAFETY: tensors of the sizes documented.
            unsafe {
                for (weight, before, columns) in sizes.parts() {
                    let to = at.qkv + 4 * before as u64;
                    let entry = sizes.entry(columns, mode.precision);
                    entry.forward(&work, [inputs[0], inputs[weight], to])?;
                }
                sizes.turn(&work, op.turning(inputs), at)?;
                let operands = op.operands(at, bias.unwrap_or(0));
                let to = [at.p, apart];
                sizes
                    .scores
                    .forward(&work, operands, to, mode.keep, mode.precision)?;
                sizes.scores.join(&work, [apart, at.joined], false)?;
                let exit = sizes.exit(mode.precision);
                exit.forward(&work, [at.joined, inputs[4], y])
            }
        });
        let [y, qkv, q, k, v, p, joined, _] = outputs;
        vec![y, qkv, q, k, v, p, joined]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let (x, sizes) = (&tape.inputs[0], self.sizes_of(tape.inputs));
        let like = |tensor: &CubeTensor| blank(x, tensor.meta.shape().clone());
        let [qkv, q, k, v, p] = [0, 1, 2, 3, 4].map(|index| &tape.kept[index]);
        let dim = sizes.scores.dim;
        let sum = ColumnSum::new(sizes.strips(), 2 * dim);
        // Of x and the four weights, of queries, keys, values and projections; then scratch.
        let outputs = [
            like(x),
            like(&tape.inputs[1]),
            like(&tape.inputs[2]),
            like(&tape.inputs[3]),
            like(&tape.inputs[4]),
            like(q),
            like(k),
            like(v),
            like(qkv),
            like(p),
            like(&tape.kept[5]),
            like(q),
            blank(x, Shape::new([sizes.strips(), 2 * dim])),
            sum.scratch(x),
            blank(x, Shape::new([2, dim])),
            blank(x, Shape::new([dim])),
            blank(x, Shape::new([dim])),
        ];
        let inputs: Vec<&CubeTensor> = tape
            .inputs
            .iter()
            .chain(tape.kept)
            .chain([tape.gradient])
            .collect();
        let (op, given) = (self.clone(), tape.inputs.len());
        enqueue(&inputs, &outputs.each_ref(), move |work| {
            let at = addresses(&work.inputs[given..]);
            let call = BackwardCall {
                op: &op,
                sizes,
                at,
                dy: work.inputs[given + 6],
            };
            // SAFETY: tensors of the sizes documented.
            unsafe {
                call.heads(&work)?;
                call.turned(&work, sum)?;
                call.projections(&work)
            }
        });
        let [dx, dwq, dwk, dwv, dwo, .., dnq, dnk] = outputs;
        // Cosines and sines are given, and so is the bias: no one wants their gradients.
        let mut found = vec![dx.clone(), dwq, dwk, dwv, dwo, dx.clone(), dx];
        if self.norms {
            found.extend([dnq, dnk]);
        }
        pick(found, tape.wanted)
    }
}

/// One backward pass; `work.outputs` in the order that [`SelfAttention::backward`] gives them.
struct BackwardCall<'a> {
    op: &'a SelfAttention,
    sizes: Sizes,
    at: Middle,
    dy: u64,
}

impl BackwardCall<'_> {
    /// From the result's gradient to those of queries, keys and values.
    ///
    /// # Safety
    /// As [`Sizes::turn`].
    unsafe fn heads(&self, work: &Work<'_>) -> Result<(), CudaError> {
        let (out, inputs, scores) = (work.outputs, work.inputs, self.sizes.scores);
        let [d_out_weight, dq, dk, dv, ds, d_joined, apart] =
            [4, 5, 6, 7, 9, 10, 11].map(|index| out[index]);
        let exit = self.sizes.exit(Precision::Tf32);
        let operands = self.op.operands(self.at, 0);
        // SAFETY: the caller vouches for the addresses.
        unsafe {
            exit.backward_x(work, [self.dy, inputs[4], d_joined], false)?;
            exit.backward_w(work, [self.dy, self.at.joined, d_out_weight])?;
            scores.join(work, [d_joined, apart], true)?;
            scores.backward(work, operands, [self.at.p, ds, apart], [dq, dk, dv])
        }
    }

    /// On to those of the projections and of the norms.
    ///
    /// # Safety
    /// As [`Sizes::turn`].
    unsafe fn turned(&self, work: &Work<'_>, sum: ColumnSum) -> Result<(), CudaError> {
        let [dq, dk, dv, d_qkv, partial, scratch, both, dnq, dnk] =
            [5, 6, 7, 8, 12, 13, 14, 15, 16].map(|index| work.outputs[index]);
        let with = self.op.turning(work.inputs);
        let dim = self.sizes.scores.dim;
        let halves = [(both, dnq), (both + 4 * dim as u64, dnk)];
        // SAFETY: the caller vouches for the addresses; a sum of one row is a copy.
        unsafe {
            let to = [d_qkv, partial];
            self.sizes
                .turn_back(work, with, self.at.qkv, [dq, dk, dv], to)?;
            sum.run(work, partial, scratch, both)?;
            for (from, to) in halves {
                ColumnSum::new(1, dim).run(work, from, 0, to)?;
            }
        }
        Ok(())
    }

    /// On to those of x and the three weights.
    ///
    /// # Safety
    /// As [`Sizes::turn`].
    unsafe fn projections(&self, work: &Work<'_>) -> Result<(), CudaError> {
        let (x, dx, d_qkv) = (work.inputs[0], work.outputs[0], work.outputs[8]);
        for (weight, before, columns) in self.sizes.parts() {
            let entry = self.sizes.entry(columns, Precision::Tf32);
            let dy = d_qkv + 4 * before as u64;
            // SAFETY: the caller vouches for the addresses.
            unsafe {
                entry.backward_w(work, [dy, x, work.outputs[weight]])?;
                entry.backward_x(work, [dy, work.inputs[weight], dx], before > 0)?;
            }
        }
        Ok(())
    }
}
