//! How long the units take at the full-size model's shapes.

use std::time::Instant;

use burn::tensor::{DType, Distribution, Tensor};

use super::{Check, VerifyError};
use crate::model::ops::eight_bit::{self, Format};
use crate::model::ops::{self, AttentionSpec, Mask, Part, Projections, Rope, RopePairs};

/// Calls that are timed together, so that the wait at their end weighs little.
const CALLS: u32 = 20;

impl Check<'_> {
    /// One line: milliseconds a call, and a rate if the work is known.
    fn time<const D: usize>(
        &mut self,
        op: &str,
        tera: f64,
        unit: &str,
        call: impl Fn() -> Tensor<D>,
    ) -> Result<(), VerifyError> {
        let wait = || {
            self.device.sync().map_err(|error| VerifyError::Device {
                op: op.to_owned(),
                reason: error.to_string(),
            })
        };
        let run = || {
            let begin = Instant::now();
            for _ in 0..CALLS {
                drop(call());
            }
            wait().map(|()| begin.elapsed().as_secs_f64() / f64::from(CALLS))
        };
        run()?;
        let mut seconds = [run()?, run()?, run()?];
        seconds.sort_by(f64::total_cmp);
        let (milliseconds, rate) = (seconds[1] * 1e3, tera / seconds[1]);
        writeln!(
            self.table,
            "time {op:58} {milliseconds:8.3} ms {rate:7.1} {unit}"
        )?;
        Ok(())
    }

    /// What the full-size model spends its time on, at 1024².
    pub(super) fn times(&mut self) -> Result<(), VerifyError> {
        let device = self.device;
        let random = |shape| -> Tensor<3> {
            Tensor::random(shape, Distribution::Normal(0.0, 1.0), (device, DType::BF16))
        };
        let matrix =
            |rows: usize, columns: usize| random([1, rows, columns]).reshape([rows, columns]);
        let (tokens, dim, ffn) = (4192, 3840, 10240);
        let (x, branch) = (random([1, tokens, dim]), random([1, tokens, dim]));
        let modulation = random([1, 1, 4 * dim]);
        let vector = |width| random([1, 1, width]).reshape([width]);
        let (weight, norm) = (vector(dim), vector(128));
        let picture =
            |channels, side| random([1, channels, side * side]).reshape([1, channels, side, side]);
        let row_bytes = (tokens * dim * 2) as f64 / 1e12;

        for (d_in, d_out) in [(dim, 3 * dim), (dim, dim), (dim, 2 * ffn), (ffn, dim)] {
            let (x, w) = (random([1, tokens, d_in]), matrix(d_out, d_in));
            let work = 2e-12 * (tokens * d_in * d_out) as f64;
            self.time(
                &format!("linear {tokens} x {d_in} -> {d_out}"),
                work,
                "TFLOP/s",
                || ops::linear(x.clone(), w.clone(), None),
            )?;
        }
        let angles = vec![0.5; tokens * 64];
        let rope = Rope::from_angles(&angles, [1, tokens, 64], RopePairs::Adjacent, device);
        let (qkv, out, narrow) = (
            matrix(3 * dim, 64),
            matrix(64, dim),
            random([1, tokens, 64]),
        );
        let work = 4e-12 * (tokens * tokens * dim) as f64;
        self.time(
            "attention with q/k norm, rope, thin projections",
            work,
            "TFLOP/s",
            || {
                let with = AttentionSpec {
                    heads: 30,
                    groups: 30,
                    head_dim: 128,
                    norm_q: Some(norm.clone()),
                    norm_k: Some(norm.clone()),
                    eps: 1e-5,
                    rope: &rope,
                    mask: Mask::None,
                };
                let whole = Projections::Merged((qkv.clone(), None));
                ops::self_attention(narrow.clone(), whole, (out.clone(), None), with)
            },
        )?;
        let (gate_up, down) = (matrix(2 * ffn, dim), matrix(dim, ffn));
        let work = 6e-12 * (tokens * dim * ffn) as f64;
        self.time("feed-forward network", work, "TFLOP/s", || {
            let whole = Projections::Merged((gate_up.clone(), None));
            ops::swiglu(x.clone(), whole, (down.clone(), None))
        })?;
        for format in Format::ALL {
            let [narrow_gate_up, narrow_down] =
                [&gate_up, &down].map(|weight| eight_bit::quantise([weight.clone()], format));
            let name = format!("feed-forward network in {format:?}");
            self.time(&name, work, "TFLOP/s", || {
                eight_bit::swiglu(x.clone(), &narrow_gate_up, &narrow_down)
            })?;
            let square = eight_bit::quantise([matrix(3 * dim, dim)], format);
            let name = format!("linear in {format:?} 3840 -> 11520");
            let work = 6e-12 * (tokens * dim * dim) as f64;
            self.time(&name, work, "TFLOP/s", || {
                eight_bit::linear(x.clone(), &square)
            })?;
        }
        let part = Part {
            of: &modulation,
            index: 0,
        };
        self.time("rms_norm_modulate", 2.0 * row_bytes, "TB/s", || {
            ops::rms_norm_modulate(x.clone(), weight.clone(), Some(part), 1e-5)
        })?;
        self.time("gated_residual", 3.0 * row_bytes, "TB/s", || {
            ops::gated_residual(x.clone(), branch.clone(), weight.clone(), Some(part), 1e-5)
        })?;
        self.time("gated_residual_norm", 4.0 * row_bytes, "TB/s", || {
            let weights = [weight.clone(), weight.clone()];
            let [_, normed] = ops::gated_residual_norm(
                x.clone(),
                branch.clone(),
                weights,
                Some((&modulation, [1, 2])),
                1e-5,
            );
            normed
        })?;
        for (d_in, d_out, side) in [
            (512, 512, 128),
            (512, 512, 256),
            (256, 256, 512),
            (128, 128, 1024),
            (128, 3, 1024),
        ] {
            let x = picture(d_in, side);
            let w = matrix(d_out, d_in * 9).reshape([d_out, d_in, 3, 3]);
            let bias = vector(d_out);
            let work = 18e-12 * (side * side * d_in * d_out) as f64;
            self.time(
                &format!("conv2d {d_in} -> {d_out} at {side} x {side}"),
                work,
                "TFLOP/s",
                || ops::conv2d(x.clone(), w.clone(), Some(bias.clone()), 1, 1),
            )?;
        }
        Ok(())
    }
}
