//! Attention of heads that are there already, as in the middle of the autoencoder.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::record::{Mode, Op, Tape};
use super::scores::{Operands, Scores};
use super::{blank, pick};
use crate::cuda::stream::enqueue;

/// Inputs: queries `[B, H, S, D]`, keys and values `[B, G, T, D]`, then a bias `[B, T]` if there is one.
/// Result: `[B, S, H·D]`. Kept: the probabilities.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Whether a query sees only keys up to its own position.
    pub causal: bool,
    /// Factor of the scores.
    pub scale: f64,
}

impl Attention {
    fn scores(&self, q: &Shape, k: &Shape) -> Scores {
        Scores {
            items: q[0],
            heads: q[1],
            groups: k[1],
            length: q[2],
            keys: k[2],
            dim: q[3],
            causal: self.causal,
            scale: self.scale as f32,
        }
    }
}

impl Op for Attention {
    const NAME: &'static str = "single_attention";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        let q = &inputs[0];
        let joined = Shape::new([q[0], q[2], q[1] * q[3]]);
        vec![joined, self.scores(q, &inputs[1]).shape()]
    }

    fn forward(&self, inputs: &[CubeTensor], mode: Mode) -> Vec<CubeTensor> {
        let (q, k) = (&inputs[0], &inputs[1]);
        let scores = self.scores(q.meta.shape(), k.meta.shape());
        let out = blank(
            q,
            Shape::new([scores.items, scores.length, scores.heads * scores.dim]),
        );
        let apart = blank(q, q.meta.shape().clone());
        let p = scores.probabilities(q, mode.keep);
        let all: Vec<&CubeTensor> = inputs.iter().collect();
        enqueue(&all, &[&out, &p, &apart], move |work| {
            let at = operands(work.inputs, work.inputs.get(3).copied().unwrap_or(0));
            let [out, p, apart] = [0, 1, 2].map(|index| work.outputs[index]);
            // SAFETY: tensors of the sizes that the scores say.
            unsafe {
                scores.forward(&work, at, [p, apart], mode.keep, mode.precision)?;
                scores.join(&work, [apart, out], false)
            }
        });
        vec![out, p]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let (q, k) = (&tape.inputs[0], &tape.inputs[1]);
        let scores = self.scores(q.meta.shape(), k.meta.shape());
        let found: Vec<CubeTensor> = tape.inputs[..3]
            .iter()
            .map(|input| blank(input, input.meta.shape().clone()))
            .collect();
        let (ds, apart) = (blank(q, scores.shape()), blank(q, q.meta.shape().clone()));
        let (kept, gradient) = (&tape.kept[0], tape.gradient);
        let inputs = [q, k, &tape.inputs[2], kept, gradient];
        let outputs: Vec<&CubeTensor> = found.iter().chain([&ds, &apart]).collect();
        enqueue(&inputs, &outputs, move |work| {
            let at = operands(work.inputs, 0);
            let [p, gradient] = [3, 4].map(|index| work.inputs[index]);
            let [dq, dk, dv, ds, apart] = [0, 1, 2, 3, 4].map(|index| work.outputs[index]);
            // SAFETY: tensors of the sizes that the scores say.
            unsafe {
                scores.join(&work, [gradient, apart], true)?;
                scores.backward(&work, at, [p, ds, apart], [dq, dk, dv])
            }
        });
        pick(found, tape.wanted)
    }
}

fn operands(inputs: &[u64], bias: u64) -> Operands {
    Operands {
        q: inputs[0],
        k: inputs[1],
        v: inputs[2],
        bias,
    }
}
