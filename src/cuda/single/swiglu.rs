//! down·(silu(gate·x)·(up·x)) and its gradient.
//!
//! With a = gate·x, b = up·x, s = σ(a) and dh = dy·down: da = dh·b·s·(1 + a·(1 − s)), db = dh·a·s.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::linear::Projection;
use super::precision::Precision;
use super::record::{Mode, Op, Tape};
use super::{blank, pick, rows_and_width, with_last};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::enqueue;

/// Inputs: x `[.., in]`, gate and up `[F, in]`, down `[out, F]`. Kept: a and b side by side, their gated product.
#[derive(Debug, Clone)]
pub struct SwiGlu;

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    rows: usize,
    d_in: usize,
    inner: usize,
    d_out: usize,
}

impl Sizes {
    fn of(inputs: &[CubeTensor]) -> Self {
        let (rows, d_in) = rows_and_width(&inputs[0]);
        let down = inputs[3].meta.shape();
        Self {
            rows,
            d_in,
            inner: down[1],
            d_out: down[0],
        }
    }

    /// x to a or b, which lie side by side.
    fn entry(&self, precision: Precision) -> Projection {
        Projection {
            y_row: 2 * self.inner,
            ..Projection::new(self.rows, self.d_in, self.inner, precision)
        }
    }

    fn exit(&self, precision: Precision) -> Projection {
        Projection::new(self.rows, self.inner, self.d_out, precision)
    }

    /// Numbers of the gated product, and its width.
    fn gated(&self) -> (u64, i32) {
        ((self.rows * self.inner) as u64, self.inner as i32)
    }

    fn half_bytes(&self) -> u64 {
        4 * self.inner as u64
    }
}

impl Op for SwiGlu {
    const NAME: &'static str = "single_swiglu";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        let (x, inner) = (&inputs[0], inputs[3][1]);
        vec![
            with_last(x, inputs[3][0]),
            with_last(x, 2 * inner),
            with_last(x, inner),
        ]
    }

    fn forward(&self, inputs: &[CubeTensor], mode: Mode) -> Vec<CubeTensor> {
        let (x, sizes) = (&inputs[0], Sizes::of(inputs));
        let shape = x.meta.shape();
        let y = blank(x, with_last(shape, sizes.d_out));
        let both = blank(x, with_last(shape, 2 * sizes.inner));
        let gated = blank(x, with_last(shape, sizes.inner));
        let all: Vec<&CubeTensor> = inputs.iter().collect();
        enqueue(&all, &[&y, &both, &gated], move |work| {
            let [x, gate, up, down] = [0, 1, 2, 3].map(|index| work.inputs[index]);
            let [y, both, gated] = [0, 1, 2].map(|index| work.outputs[index]);
            let (entry, (count, width)) = (sizes.entry(mode.precision), sizes.gated());
            // SAFETY: matrices of the sizes the tensors have; the parameters of silu_mul, in order.
            unsafe {
                entry.forward(&work, [x, gate, both])?;
                entry.forward(&work, [x, up, both + sizes.half_bytes()])?;
                let grid = [count.div_ceil(256) as u32, 1, 1];
                let arguments = arguments![both, gated, count, width];
                launch(&work, c"silu_mul", grid, 256, arguments)?;
                sizes.exit(mode.precision).forward(&work, [gated, down, y])
            }
        });
        vec![y, both, gated]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let (x, sizes) = (&tape.inputs[0], Sizes::of(tape.inputs));
        let found: Vec<CubeTensor> = tape
            .inputs
            .iter()
            .map(|input| blank(x, input.meta.shape().clone()))
            .collect();
        let d_gated = blank(x, Shape::new([sizes.rows, sizes.inner]));
        let d_both = blank(x, Shape::new([sizes.rows, 2 * sizes.inner]));
        let inputs: Vec<&CubeTensor> = tape
            .inputs
            .iter()
            .chain(tape.kept)
            .chain([tape.gradient])
            .collect();
        let outputs: Vec<&CubeTensor> = found.iter().chain([&d_gated, &d_both]).collect();
        enqueue(&inputs, &outputs, move |work| {
            let [x, gate, up, down, both, gated, dy] =
                [0, 1, 2, 3, 4, 5, 6].map(|index| work.inputs[index]);
            let [dx, d_gate, d_up, d_down, d_gated, d_both] =
                [0, 1, 2, 3, 4, 5].map(|index| work.outputs[index]);
            let (entry, exit) = (sizes.entry(Precision::Tf32), sizes.exit(Precision::Tf32));
            let (count, width) = sizes.gated();
            let second = d_both + sizes.half_bytes();
            // SAFETY: matrices of the sizes the tensors have; the parameters of silu_mul_backward, in order.
            unsafe {
                exit.backward_x(&work, [dy, down, d_gated], false)?;
                exit.backward_w(&work, [dy, gated, d_down])?;
                let grid = [count.div_ceil(256) as u32, 1, 1];
                let arguments = arguments![both, d_gated, d_both, count, width];
                launch(&work, c"silu_mul_backward", grid, 256, arguments)?;
                entry.backward_w(&work, [d_both, x, d_gate])?;
                entry.backward_w(&work, [second, x, d_up])?;
                entry.backward_x(&work, [d_both, gate, dx], false)?;
                entry.backward_x(&work, [second, up, dx], true)
            }
        });
        pick(found, tape.wanted)
    }
}
