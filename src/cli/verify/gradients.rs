//! The f32 ops and their gradients against burn's autodiff on the CPU.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Check, VerifyError};
use crate::model::layers::Linear;
use crate::model::ops::{self, AttentionSpec, KeyMask, Mask, Part, Projections, Rope, RopePairs};
use crate::train::muon::Muon;
use crate::train::optimizer::{Optimizer, OptimizerConfig};

/// Largest relative L2 difference that exact f32 explains.
const EXACT: f64 = 1e-4;

/// Largest relative L2 difference that tf32 operands explain.
const TF32: f64 = 5e-3;

/// Largest relative L2 difference of steps by tf32 gradients: where a gradient is near zero its sign, all that AdamW
/// heeds at first, is anyone's.
const OPTIMISED: f64 = 3e-2;

/// An op of flat inputs: reshapes them, computes, and flattens the result.
type Flat<'a> = &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>;

/// `x` in `shape`.
fn shaped<const D: usize>(x: &Tensor<1>, shape: [usize; D]) -> Tensor<D> {
    x.clone().reshape(shape)
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let length = x.shape().num_elements();
    x.reshape([length])
}

/// The result, and the gradient of each input of the mean of result·weights.
fn differentiate(
    inputs: &[Tensor<1>],
    weights: &Tensor<1>,
    device: &Device,
    op: Flat<'_>,
) -> (Tensor<1>, Vec<Option<Tensor<1>>>) {
    let leaves: Vec<Tensor<1>> = inputs
        .iter()
        .map(|input| input.clone().to_device(device).autodiff().require_grad())
        .collect();
    let out = op(&leaves);
    let weights = weights.clone().to_device(device).autodiff();
    let gradients = ops::mean(out.clone() * weights).backward();
    let found = leaves.iter().map(|leaf| leaf.grad(&gradients)).collect();
    (out.without_autodiff(), found)
}

impl Check<'_> {
    /// Holds `op` and its gradients against the CPU's; `sizes` are its inputs' numbers.
    fn differentiable(
        &mut self,
        name: &str,
        sizes: &[usize],
        op: Flat<'_>,
    ) -> Result<(), VerifyError> {
        let inputs: Vec<Tensor<1>> = sizes
            .iter()
            .map(|&size| self.draw([size], 0.1, 0.6))
            .collect();
        let device = self.device.clone();
        let plain = op(&inputs);
        let weights = self.draw(plain.dims(), 0.0, 1.0);
        let sent: Vec<Tensor<1>> = inputs
            .iter()
            .map(|input| input.clone().to_device(&device))
            .collect();
        self.compare_within(EXACT, &format!("{name} in f32"), op(&sent), plain)?;
        let (expected, wanted) = differentiate(&inputs, &weights, &Device::flex(), op);
        let (out, found) = differentiate(&inputs, &weights, &device, op);
        self.compare_within(TF32, &format!("{name} in training"), out, expected)?;
        for (index, pair) in found.into_iter().zip(wanted).enumerate() {
            let name = format!("{name}, gradient {index}");
            match pair {
                (Some(found), Some(wanted)) => self.compare_within(TF32, &name, found, wanted)?,
                (None, None) => {}
                _ => {
                    self.differing += 1;
                    writeln!(self.table, "BAD  {name:58} exists on one device alone")?;
                }
            }
        }
        Ok(())
    }

    /// All of them.
    pub(super) fn gradients(&mut self) -> Result<(), VerifyError> {
        self.trained_products()?;
        self.trained_norms()?;
        self.trained_attention()?;
        self.trained_pictures()?;
        self.trained_rest()?;
        self.optimiser()
    }

    fn trained_products(&mut self) -> Result<(), VerifyError> {
        for [rows, d_in, d_out] in [[5, 7, 3], [301, 1, 24], [77, 160, 96], [576, 192, 512]] {
            let name = format!("linear {rows} x {d_in} -> {d_out}");
            self.differentiable(&name, &[rows * d_in, d_out * d_in, d_out], &|inputs| {
                let (x, weight) = (
                    shaped(&inputs[0], [1, rows, d_in]),
                    shaped(&inputs[1], [d_out, d_in]),
                );
                flat(ops::linear(x, weight, Some(inputs[2].clone())))
            })?;
        }
        for [rows, d_in, inner] in [[9, 6, 10], [130, 192, 512]] {
            let name = format!("swiglu {rows} x {d_in} -> {inner}");
            let weight = inner * d_in;
            self.differentiable(&name, &[rows * d_in, weight, weight, weight], &|inputs| {
                let part = |index: usize| (shaped(&inputs[index], [inner, d_in]) * 0.2, None);
                let down = (shaped(&inputs[3], [d_in, inner]) * 0.2, None);
                let x = shaped(&inputs[0], [1, rows, d_in]);
                flat(ops::swiglu(x, Projections::Apart([part(1), part(2)]), down))
            })?;
        }
        Ok(())
    }

    fn trained_norms(&mut self) -> Result<(), VerifyError> {
        for [batch, rows, width] in [[1, 3, 20], [3, 45, 192], [2, 70, 300]] {
            let size = format!("{batch} x {rows} x {width}");
            let numbers = batch * rows * width;
            let shape = [batch, rows, width];
            self.differentiable(&format!("rms norm {size}"), &[numbers, width], &|inputs| {
                flat(ops::rms_norm(
                    shaped(&inputs[0], shape),
                    inputs[1].clone(),
                    1e-5,
                ))
            })?;
            let sizes = [numbers, width, batch * 4 * width];
            self.differentiable(&format!("rms norm, modulate {size}"), &sizes, &|inputs| {
                let of = shaped(&inputs[2], [batch, 1, 4 * width]);
                let part = Part { of: &of, index: 2 };
                let x = shaped(&inputs[0], shape);
                flat(ops::rms_norm_modulate(
                    x,
                    inputs[1].clone(),
                    Some(part),
                    1e-5,
                ))
            })?;
            let sizes = [numbers, numbers, width, batch * 4 * width];
            for gated in [true, false] {
                let name = format!("residual {size}, gated: {gated}");
                let sizes = if gated { &sizes[..] } else { &sizes[..3] };
                self.differentiable(&name, sizes, &|inputs| {
                    let of = gated.then(|| shaped(&inputs[3], [batch, 1, 4 * width]));
                    let gate = of.as_ref().map(|of| Part { of, index: 1 });
                    let [x, branch] = [0, 1].map(|index| shaped(&inputs[index], shape));
                    flat(ops::gated_residual(
                        x,
                        branch,
                        inputs[2].clone(),
                        gate,
                        1e-5,
                    ))
                })?;
            }
            let sizes = [numbers, batch * width];
            self.differentiable(&format!("layer norm {size}"), &sizes, &|inputs| {
                let scale = shaped(&inputs[1], [batch, 1, width]);
                flat(ops::layer_norm_modulate(
                    shaped(&inputs[0], shape),
                    scale,
                    1e-6,
                ))
            })?;
        }
        Ok(())
    }

    fn trained_attention(&mut self) -> Result<(), VerifyError> {
        // Batch, length, width, query heads, key heads, width of a head; how pairs turn; which keys are seen.
        for (case, [batch, length, width, heads, groups, dim]) in [
            [2, 33, 40, 3, 3, 64],
            [2, 45, 20, 4, 2, 32],
            [3, 20, 24, 2, 2, 10],
        ]
        .into_iter()
        .enumerate()
        {
            let name =
                format!("self-attention {batch} x {length}, {heads}/{groups} heads of {dim}");
            let (queries, keys) = (heads * dim, groups * dim);
            let sizes = [
                batch * length * width,
                queries * width,
                keys * width,
                keys * width,
                width * queries,
                dim,
                dim,
            ];
            let pairs = [RopePairs::Adjacent, RopePairs::Halves, RopePairs::Adjacent][case];
            let angles: Vec<f32> = (0..length * dim / 2).map(|i| i as f32 * 0.37).collect();
            self.differentiable(&name, &sizes, &|inputs| {
                let device = inputs[0].device().without_autodiff();
                let rope = Rope::from_angles(&angles, [1, length, dim / 2], pairs, &device);
                let lengths = (0..batch).map(|item| length - 3 * item).collect();
                let mask = KeyMask::new(lengths, length, &device);
                let weight =
                    |index: usize, rows: usize| (shaped(&inputs[index], [rows, width]) * 0.3, None);
                let with = AttentionSpec {
                    heads,
                    groups,
                    head_dim: dim,
                    norm_q: Some(inputs[5].clone()),
                    norm_k: Some(inputs[6].clone()),
                    eps: 1e-6,
                    rope: &rope,
                    mask: match (case, &mask) {
                        (1, _) => Mask::Causal,
                        (2, Some(mask)) => Mask::Keys(mask),
                        _ => Mask::None,
                    },
                };
                let parts = [weight(1, queries), weight(2, keys), weight(3, keys)];
                let out = (shaped(&inputs[4], [width, queries]) * 0.3, None);
                let x = shaped(&inputs[0], [batch, length, width]);
                flat(ops::self_attention(x, Projections::Apart(parts), out, with))
            })?;
        }
        let sizes = [2 * 49 * 24; 3];
        self.differentiable("attention 2 x 49, 1 head of 24", &sizes, &|inputs| {
            let [q, k, v] = [0, 1, 2].map(|index| shaped(&inputs[index], [2, 1, 49, 24]));
            flat(ops::attention(q, k, v, 0.2, Mask::None))
        })
    }

    fn trained_pictures(&mut self) -> Result<(), VerifyError> {
        // Batch, channels in and out, height, width, kernel, stride.
        for [batch, d_in, d_out, height, width, kernel, stride] in [
            [2, 3, 5, 9, 7, 3, 1],
            [3, 8, 16, 16, 16, 3, 1],
            [2, 6, 4, 5, 3, 1, 1],
            [2, 4, 6, 9, 9, 3, 2],
            [2, 32, 48, 33, 33, 3, 2],
            [2, 4, 6, 64, 64, 3, 1],
            // More planes than a grid may have blocks along its second axis.
            [1030, 2, 64, 3, 3, 3, 1],
        ] {
            let padding = if stride == 1 { kernel / 2 } else { 0 };
            let name = format!(
                "conv {batch} x {d_in} -> {d_out} x {height} x {width}, {kernel} by {stride}"
            );
            let sizes = [
                batch * d_in * height * width,
                d_out * d_in * kernel * kernel,
                d_out,
            ];
            self.differentiable(&name, &sizes, &|inputs| {
                let x = shaped(&inputs[0], [batch, d_in, height, width]);
                let weight = shaped(&inputs[1], [d_out, d_in, kernel, kernel]);
                flat(ops::conv2d(
                    x,
                    weight,
                    Some(inputs[2].clone()),
                    stride,
                    padding,
                ))
            })?;
        }
        let sizes = [2 * 6 * 70, 6 * 6 * 9, 6, 2 * 6 * 70];
        self.differentiable("conv + residual", &sizes, &|inputs| {
            let [x, residual] = [0, 3].map(|index| shaped(&inputs[index], [2, 6, 10, 7]));
            let weight = shaped(&inputs[1], [6, 6, 3, 3]);
            flat(ops::conv2d_residual(x, weight, inputs[2].clone(), residual))
        })?;
        for ([batch, channels, height, width], groups) in [
            ([2, 12, 5, 7], 4),
            ([2, 32, 65, 67], 8),
            ([1030, 64, 2, 2], 64),
        ] {
            let name = format!("group norm, silu {batch} x {channels} x {height} x {width}");
            let sizes = [batch * channels * height * width, channels, channels];
            self.differentiable(&name, &sizes, &|inputs| {
                let x = shaped(&inputs[0], [batch, channels, height, width]);
                let (weight, bias) = (inputs[1].clone(), inputs[2].clone());
                flat(ops::group_norm_silu(x, weight, bias, groups, 1e-6))
            })?;
            self.differentiable(&format!("{name}: the norm alone"), &sizes, &|inputs| {
                let x = shaped(&inputs[0], [batch, channels, height, width]);
                let (weight, bias) = (inputs[1].clone(), inputs[2].clone());
                flat(ops::group_norm(x, weight, bias, groups, 1e-6))
            })?;
        }
        self.differentiable("upsample 2 x 3 x 5 x 7", &[210], &|inputs| {
            flat(ops::upsample_nearest_2x(shaped(&inputs[0], [2, 3, 5, 7])))
        })
    }

    fn trained_rest(&mut self) -> Result<(), VerifyError> {
        self.differentiable("lookup 31 of 12 x 20", &[240], &|inputs| {
            let ids: Vec<i32> = (0..31).map(|index| index * index % 12).collect();
            let device = inputs[0].device().without_autodiff();
            let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [31]), &device);
            flat(ops::lookup(shaped(&inputs[0], [12, 20]), ids))
        })?;
        self.differentiable("marked row 2 x 7 x 24", &[24], &|inputs| {
            let marks: Vec<f32> = (0..14).map(|index| (index % 3) as f32).collect();
            let device = inputs[0].device().without_autodiff();
            let marks = Tensor::<3>::from_data(TensorData::new(marks, [2, 7, 1]), &device);
            flat(ops::marked_row(shaped(&inputs[0], [1, 24]), marks))
        })?;
        self.differentiable("mean of 100,003", &[100_003], &|inputs| {
            ops::mean(inputs[0].clone())
        })
    }

    /// Three steps of two projections toward zero, on both devices, by AdamW and by Muon.
    fn optimiser(&mut self) -> Result<(), VerifyError> {
        for (name, muon) in [
            ("AdamW", None),
            (
                "Muon",
                Some(Muon::for_matrices(|name| name.ends_with("weight"))),
            ),
        ] {
            for [rows, columns] in [[24, 36], [36, 24]] {
                self.three_steps(name, muon, [rows, columns])?;
            }
        }
        Ok(())
    }

    fn three_steps(
        &mut self,
        name: &str,
        muon: Option<Muon>,
        [rows, columns]: [usize; 2],
    ) -> Result<(), VerifyError> {
        let weights: Vec<Tensor<2>> = (0..2)
            .map(|_| self.draw([rows, columns], 0.0, 0.5))
            .collect();
        let x: Tensor<2> = self.draw([50, columns], 0.0, 2.0);
        let train = |device: &Device| {
            let place = |tensor: &Tensor<2>| tensor.clone().to_device(device).autodiff();
            let mut layers: Vec<Linear> = weights
                .iter()
                .map(|weight| Linear::from_weight(place(weight).require_grad()))
                .collect();
            let config = OptimizerConfig {
                muon,
                ..OptimizerConfig::default()
            };
            let mut optimizer = Optimizer::new(config);
            for step in 0..3 {
                let out = layers[0].forward(place(&x)) + layers[1].forward(place(&x));
                let mut gradients = ops::mean(out.clone() * out).backward();
                layers = optimizer.step(layers, &mut gradients, step, 1e-2);
            }
            layers[1].weight.val().without_autodiff()
        };
        let (found, expected) = (train(self.device), train(&Device::flex()));
        let moved = |weight: Tensor<2>| weight.to_device(&Device::flex()) - weights[1].clone();
        let name = format!("{name}, three steps of {rows} x {columns}");
        self.compare_within(OPTIMISED, &name, moved(found), moved(expected))
    }
}
