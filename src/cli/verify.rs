//! `danqing bench --verify`: every fast op of a CUDA device against the plain bodies on the CPU, and how long it takes.
//!
//! Inputs are random and exact in bfloat16; the reference computes with them in f32, so what is left is the rounding
//! of the fast path itself: a few thousandths of the result's norm.

use std::io::{self, Write};
use std::time::Instant;

use burn::tensor::{DType, Device, Distribution, Tensor};

use crate::model::ops::{self, AttentionSpec, KeyMask, Mask, Part, Projections, Rope, RopePairs};

/// Largest relative L2 difference from the reference that bfloat16 explains.
const TOLERANCE: f64 = 1e-2;

/// Calls that are timed together, so that the wait at their end weighs little.
const CALLS: u32 = 20;

/// Why the check did not end well.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The device failed.
    #[error("{op} failed on the device: {reason}")]
    Device {
        /// What was being checked.
        op: String,
        /// What burn said.
        reason: String,
    },
    /// Some op differs from its plain body.
    #[error(
        "{0} of the fast ops differ from their plain bodies by more than bfloat16 explains; please report the table above"
    )]
    Differs(usize),
    /// The table cannot be printed.
    #[error("the table cannot be printed: {0}")]
    Output(#[from] io::Error),
}

/// Draws inputs, and holds each result against the reference.
struct Check<'a> {
    device: &'a Device,
    table: &'a mut dyn Write,
    differing: usize,
}

/// Checks every op, writes one line each, then the times at the full-size model's shapes.
///
/// # Errors
/// [`VerifyError::Differs`] after the whole table, [`VerifyError::Device`] at the first failure of the device.
pub fn run(device: &Device, table: &mut dyn Write) -> Result<(), VerifyError> {
    let mut check = Check {
        device,
        table,
        differing: 0,
    };
    check.linears()?;
    check.norms()?;
    check.self_attentions()?;
    check.wide_attention()?;
    check.pictures()?;
    check.times()?;
    match check.differing {
        0 => Ok(()),
        differing => Err(VerifyError::Differs(differing)),
    }
}

impl Check<'_> {
    /// Normal values that bfloat16 holds exactly: on the CPU in f32.
    fn draw<const D: usize>(&self, shape: [usize; D], mean: f64, deviation: f64) -> Tensor<D> {
        let distribution = Distribution::Normal(mean, deviation);
        Tensor::<D>::random(shape, distribution, (&Device::flex(), DType::F32))
            .cast(DType::BF16)
            .cast(DType::F32)
    }

    /// The same values on the device in bfloat16.
    fn send<const D: usize>(&self, x: &Tensor<D>) -> Tensor<D> {
        x.clone().cast(DType::BF16).to_device(self.device)
    }

    fn values<const D: usize>(&self, op: &str, x: Tensor<D>) -> Result<Vec<f32>, VerifyError> {
        let fail = |reason: String| VerifyError::Device {
            op: op.to_owned(),
            reason,
        };
        x.cast(DType::F32)
            .try_into_data()
            .map_err(|error| fail(error.to_string()))?
            .try_to_vec()
            .map_err(|error| fail(format!("{error:?}")))
    }

    /// One line: ‖fast − plain‖ / ‖plain‖, not a number if either is not.
    fn compare<const D: usize>(
        &mut self,
        op: &str,
        fast: Tensor<D>,
        plain: Tensor<D>,
    ) -> Result<(), VerifyError> {
        let (fast, plain) = (self.values(op, fast)?, self.values(op, plain)?);
        let (mut difference, mut norm) = (0f64, 0f64);
        for (a, b) in fast.iter().zip(&plain) {
            difference += f64::from(a - b).powi(2);
            norm += f64::from(*b).powi(2);
        }
        let error = (difference / norm).sqrt();
        let good = error <= TOLERANCE && fast.len() == plain.len();
        self.differing += usize::from(!good);
        let verdict = if good { "ok  " } else { "BAD " };
        writeln!(self.table, "{verdict} {op:58} relative L2 {error:.2e}")?;
        Ok(())
    }

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

    fn linears(&mut self) -> Result<(), VerifyError> {
        for [rows, d_in, d_out] in [
            [1, 256, 512],
            [77, 256, 640],
            [130, 2560, 384],
            [33, 3840, 64],
        ] {
            let (x, w) = (
                self.draw([1, rows, d_in], 0.0, 1.0),
                self.draw([d_out, d_in], 0.0, 0.05),
            );
            let bias = self.draw([d_out], 0.0, 1.0);
            let name = format!("linear {rows} x {d_in} -> {d_out}");
            let fast = ops::linear(self.send(&x), self.send(&w), None);
            self.compare(&name, fast, ops::linear(x.clone(), w.clone(), None))?;
            let fast = ops::linear(self.send(&x), self.send(&w), Some(self.send(&bias)));
            self.compare(
                &format!("{name} + bias"),
                fast,
                ops::linear(x.clone(), w.clone(), Some(bias)),
            )?;
            let (x32, w32) = (
                x.clone().to_device(self.device),
                w.clone().to_device(self.device),
            );
            let fast = ops::linear(x32, w32, None);
            self.compare(&format!("{name} in f32"), fast, ops::linear(x, w, None))?;
        }
        for [rows, d_in, width] in [[5, 64, 128], [97, 256, 1280], [64, 128, 24]] {
            let x = self.draw([1, rows, d_in], 0.0, 1.0);
            let gate_up = [(); 2].map(|()| self.draw([width, d_in], 0.0, 0.1));
            let down = self.draw([d_in, width], 0.0, 0.1);
            let name = format!("swiglu {rows} x {d_in} -> {width}");
            let apart = |weights: [Tensor<2>; 2]| Projections::Apart(weights.map(|w| (w, None)));
            let plain = ops::swiglu(x.clone(), apart(gate_up.clone()), (down.clone(), None));
            let fast_down = (self.send(&down), None);
            let parts = apart(gate_up.each_ref().map(|w| self.send(w)));
            let fast = ops::swiglu(self.send(&x), parts, fast_down.clone());
            self.compare(&name, fast, plain.clone())?;
            let whole = Projections::Merged((self.send(&Tensor::cat(gate_up.into(), 0)), None));
            let fast = ops::swiglu(self.send(&x), whole, fast_down);
            self.compare(&format!("{name} merged"), fast, plain)?;
        }
        Ok(())
    }

    fn norms(&mut self) -> Result<(), VerifyError> {
        for [batch, rows, width] in [[1, 37, 64], [2, 65, 2560], [3, 32, 3840], [1, 1, 4096]] {
            let size = format!("{batch} x {rows} x {width}");
            let (x, branch) = (
                self.draw([batch, rows, width], 0.2, 1.0),
                self.draw([batch, rows, width], 0.0, 2.0),
            );
            let weights = [(); 2].map(|()| self.draw([width], 1.0, 0.2));
            let modulation = self.draw([batch, 1, 4 * width], 0.0, 0.5);
            let [fast_x, fast_branch] = [&x, &branch].map(|tensor| self.send(tensor));
            let fast_weights = weights.each_ref().map(|weight| self.send(weight));
            let fast_modulation = self.send(&modulation);
            let [weight, fast_weight] = [&weights[0], &fast_weights[0]].map(Clone::clone);

            let fast = ops::rms_norm(fast_x.clone(), fast_weight.clone(), 1e-5);
            self.compare(
                &format!("rms_norm {size}"),
                fast,
                ops::rms_norm(x.clone(), weight.clone(), 1e-5),
            )?;
            for index in 0..4 {
                let part = |of| Some(Part { of, index });
                let fast = ops::rms_norm_modulate(
                    fast_x.clone(),
                    fast_weight.clone(),
                    part(&fast_modulation),
                    1e-5,
                );
                let plain =
                    ops::rms_norm_modulate(x.clone(), weight.clone(), part(&modulation), 1e-5);
                self.compare(
                    &format!("rms_norm_modulate {size} part {index}"),
                    fast,
                    plain,
                )?;
            }
            let part = |of| Some(Part { of, index: 3 });
            let fast = ops::gated_residual(
                fast_x.clone(),
                fast_branch.clone(),
                fast_weight.clone(),
                part(&fast_modulation),
                1e-5,
            );
            let plain = ops::gated_residual(
                x.clone(),
                branch.clone(),
                weight.clone(),
                part(&modulation),
                1e-5,
            );
            self.compare(&format!("gated_residual {size}"), fast, plain)?;
            let fast = ops::gated_residual_norm(
                fast_x.clone(),
                fast_branch.clone(),
                fast_weights,
                Some((&fast_modulation, [1, 2])),
                1e-5,
            );
            let plain = ops::gated_residual_norm(
                x.clone(),
                branch.clone(),
                weights,
                Some((&modulation, [1, 2])),
                1e-5,
            );
            self.both(&format!("gated_residual_norm {size}"), fast, plain)?;
            let fast = ops::residual_norm(fast_x.clone(), fast_branch, fast_weight, 1e-6);
            self.both(
                &format!("residual_norm {size}"),
                fast,
                ops::residual_norm(x.clone(), branch, weight, 1e-6),
            )?;
            let scale = self.draw([batch, 1, width], 0.0, 0.5);
            let fast = ops::layer_norm_modulate(fast_x, self.send(&scale), 1e-6);
            self.compare(
                &format!("layer_norm_modulate {size}"),
                fast,
                ops::layer_norm_modulate(x, scale, 1e-6),
            )?;
        }
        Ok(())
    }

    fn both(
        &mut self,
        op: &str,
        fast: [Tensor<3>; 2],
        plain: [Tensor<3>; 2],
    ) -> Result<(), VerifyError> {
        for (part, (fast, plain)) in ["sum", "norm"].iter().zip(fast.into_iter().zip(plain)) {
            self.compare(&format!("{op}, {part}"), fast, plain)?;
        }
        Ok(())
    }

    fn self_attentions(&mut self) -> Result<(), VerifyError> {
        let cases = [
            (1, 32, [2, 2], RopePairs::Adjacent, false, None),
            (1, 77, [3, 3], RopePairs::Adjacent, false, None),
            (1, 1057, [2, 2], RopePairs::Adjacent, false, None),
            (
                2,
                352,
                [4, 4],
                RopePairs::Adjacent,
                false,
                Some(vec![352, 290]),
            ),
            (
                3,
                160,
                [1, 1],
                RopePairs::Adjacent,
                false,
                Some(vec![1, 160, 129]),
            ),
            (1, 90, [8, 2], RopePairs::Halves, true, None),
            (2, 257, [4, 1], RopePairs::Halves, true, None),
            (1, 4224, [1, 1], RopePairs::Adjacent, false, None),
        ];
        for (batch, length, heads, pairs, causal, keys) in cases {
            let name = format!(
                "self_attention {batch} x {length}, heads {heads:?}, causal {causal}, keys {keys:?}"
            );
            self.self_attention(&name, [batch, length], heads, pairs, causal, keys)?;
        }
        Ok(())
    }

    fn self_attention(
        &mut self,
        name: &str,
        [batch, length]: [usize; 2],
        [heads, groups]: [usize; 2],
        pairs: RopePairs,
        causal: bool,
        keys: Option<Vec<usize>>,
    ) -> Result<(), VerifyError> {
        let (width, head_dim) = (256, 128);
        let x = self.draw([batch, length, width], 0.0, 1.0);
        let rows = [heads, groups, groups].map(|count| count * head_dim);
        let weights = rows.map(|rows| self.draw([rows, width], 0.0, 0.08));
        let norms = [(); 2].map(|()| self.draw([head_dim], 1.0, 0.1));
        let out = self.draw([64, heads * head_dim], 0.0, 0.1);
        let angles: Vec<f32> = (0..length * head_dim / 2)
            .map(|i| (i % 977) as f32 * 0.01)
            .collect();
        let shape = [1, length, head_dim / 2];
        let attend = |device: &Device,
                      x: Tensor<3>,
                      weights: [Tensor<2>; 3],
                      norms: [Tensor<1>; 2],
                      merged: bool| {
            let dtype = x.dtype();
            let rope = Rope::from_angles(&angles, shape, pairs, device);
            let key_mask = keys
                .clone()
                .and_then(|keys| KeyMask::new(keys, length, device));
            let [norm_q, norm_k] = norms.map(Some);
            let projections = if merged {
                Projections::Merged((Tensor::cat(weights.into(), 0), None))
            } else {
                Projections::Apart(weights.map(|weight| (weight, None)))
            };
            let with = AttentionSpec {
                heads,
                groups,
                head_dim,
                norm_q,
                norm_k,
                eps: 1e-5,
                rope: &rope,
                mask: match &key_mask {
                    Some(mask) => Mask::Keys(mask),
                    None if causal => Mask::Causal,
                    None => Mask::None,
                },
            };
            ops::self_attention(
                x,
                projections,
                (out.clone().cast(dtype).to_device(device), None),
                with,
            )
        };
        let plain = attend(
            &Device::flex(),
            x.clone(),
            weights.clone(),
            norms.clone(),
            true,
        );
        for merged in [true, false] {
            let weights = weights.each_ref().map(|weight| self.send(weight));
            let norms = norms.each_ref().map(|norm| self.send(norm));
            let fast = attend(self.device, self.send(&x), weights, norms, merged);
            let form = if merged { "merged" } else { "apart" };
            self.compare(&format!("{name}, {form}"), fast, plain.clone())?;
        }
        Ok(())
    }

    fn wide_attention(&mut self) -> Result<(), VerifyError> {
        for [batch, length, width] in [[1, 64, 128], [2, 1000, 512], [1, 4096, 512]] {
            let [q, k, v] = [(); 3].map(|()| self.draw([batch, 1, length, width], 0.0, 1.0));
            let [fast_q, fast_k, fast_v] = [&q, &k, &v].map(|x| self.send(x));
            let scale = (width as f64).powf(-0.5);
            let fast = ops::attention(fast_q, fast_k, fast_v, scale, Mask::None);
            let plain = ops::attention(q, k, v, scale, Mask::None);
            self.compare(
                &format!("wide attention {batch} x {length} x {width}"),
                fast,
                plain,
            )?;
        }
        Ok(())
    }

    fn pictures(&mut self) -> Result<(), VerifyError> {
        let cases = [
            [1, 16, 128, 16, 16, 3],
            [2, 128, 256, 33, 20, 3],
            [1, 256, 3, 24, 40, 3],
            [1, 512, 128, 9, 7, 1],
        ];
        for [batch, d_in, d_out, height, width, kernel] in cases {
            let x = self.draw([batch, d_in, height, width], 0.3, 1.0);
            let spread = ((d_in * kernel * kernel) as f64).powf(-0.5);
            let weight = self.draw([d_out, d_in, kernel, kernel], 0.0, spread);
            let bias = self.draw([d_out], 0.0, 1.0);
            let residual = self.draw([batch, d_out, height, width], 0.0, 1.0);
            let size =
                format!("{batch} x {d_in} -> {d_out}, {height} x {width}, {kernel} x {kernel}");
            let [fast_x, fast_residual] = [&x, &residual].map(|tensor| self.send(tensor));
            let (fast_weight, fast_bias) = (self.send(&weight), self.send(&bias));
            let fast = ops::conv2d(
                fast_x.clone(),
                fast_weight.clone(),
                Some(fast_bias.clone()),
                1,
                kernel / 2,
            );
            let plain = ops::conv2d(x.clone(), weight.clone(), Some(bias.clone()), 1, kernel / 2);
            self.compare(&format!("conv2d {size}"), fast, plain)?;
            let fast = ops::conv2d_residual(fast_x, fast_weight, fast_bias, fast_residual);
            self.compare(
                &format!("conv2d_residual {size}"),
                fast,
                ops::conv2d_residual(x, weight, bias, residual),
            )?;
        }
        for [batch, channels, height, width] in
            [[1, 128, 40, 24], [2, 256, 17, 9], [1, 512, 64, 64]]
        {
            let x = self.draw([batch, channels, height, width], 0.5, 1.5);
            let [weight, bias] = [(); 2].map(|()| self.draw([channels], 0.5, 0.5));
            let [fast_weight, fast_bias] = [&weight, &bias].map(|tensor| self.send(tensor));
            let size = format!("{batch} x {channels} x {height} x {width}");
            let fast = ops::group_norm(
                self.send(&x),
                fast_weight.clone(),
                fast_bias.clone(),
                32,
                1e-6,
            );
            let plain = ops::group_norm(x.clone(), weight.clone(), bias.clone(), 32, 1e-6);
            self.compare(&format!("group_norm {size}"), fast, plain)?;
            let fast = ops::group_norm_silu(self.send(&x), fast_weight, fast_bias, 32, 1e-6);
            let plain = ops::group_norm_silu(x.clone(), weight, bias, 32, 1e-6);
            self.compare(&format!("group_norm_silu {size}"), fast, plain)?;
            let fast = ops::upsample_nearest_2x(self.send(&x));
            self.compare(
                &format!("upsample_nearest_2x {size}"),
                fast,
                ops::upsample_nearest_2x(x),
            )?;
        }
        Ok(())
    }

    /// What the full-size model spends its time on, at 1024².
    fn times(&mut self) -> Result<(), VerifyError> {
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
