//! Matrix products and row norms.

use burn::tensor::Tensor;

use super::{CHAIN_TOLERANCE, Check, VerifyError};
use crate::model::ops::eight_bit::{self, Format};
use crate::model::ops::{self, Part, Projections};

impl Check<'_> {
    pub(super) fn linears(&mut self) -> Result<(), VerifyError> {
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

    /// The plain bodies round to 8 bits as well, so that what differs is the arithmetic alone.
    pub(super) fn eight_bit(&mut self, format: Format) -> Result<(), VerifyError> {
        for [rows, d_in, d_out] in [[1, 256, 512], [77, 256, 640], [130, 3840, 384]] {
            let (x, w) = (
                self.draw([1, rows, d_in], 0.0, 1.0),
                self.draw([d_out, d_in], 0.0, 0.05),
            );
            let weight = eight_bit::quantise([self.send(&w)], format);
            let fast = eight_bit::linear(self.send(&x), &weight);
            let plain = eight_bit::linear(x, &eight_bit::quantise([w], format));
            let name = format!("linear in {format:?} {rows} x {d_in} -> {d_out}");
            self.compare(&name, fast, plain)?;
        }
        for [rows, d_in, width] in [[5, 64, 128], [97, 256, 1280], [300, 512, 10240]] {
            let x = self.draw([1, rows, d_in], 0.0, 1.0);
            let gate_up = [(); 2].map(|()| self.draw([width, d_in], 0.0, 0.1));
            let down = self.draw([d_in, width], 0.0, 0.1);
            let fast = eight_bit::swiglu(
                self.send(&x),
                &eight_bit::quantise(gate_up.each_ref().map(|w| self.send(w)), format),
                &eight_bit::quantise([self.send(&down)], format),
            );
            let [gate_up, down] = [
                eight_bit::quantise(gate_up, format),
                eight_bit::quantise([down], format),
            ];
            let plain = eight_bit::swiglu(x, &gate_up, &down);
            let name = format!("swiglu in {format:?} {rows} x {d_in} -> {width}");
            self.compare_within(CHAIN_TOLERANCE, &name, fast, plain)?;
        }
        Ok(())
    }

    pub(super) fn norms(&mut self) -> Result<(), VerifyError> {
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
}
