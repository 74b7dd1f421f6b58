//! The autoencoder's units.

use super::{Check, VerifyError};
use crate::model::ops;

impl Check<'_> {
    pub(super) fn pictures(&mut self) -> Result<(), VerifyError> {
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
}
