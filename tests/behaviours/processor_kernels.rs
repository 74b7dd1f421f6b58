//! The kernels written for the processor compute what the plain bodies compute.
//!
//! Tensors under autodiff take the plain bodies, so each op is run twice on the same numbers. Sizes are chosen to
//! leave remainders at every tile, block and vector width.

use burn::tensor::{Device, Distribution, Tensor};
use danqing::model::ops::{self, KeyMask, Mask, Part, Projections, QkvNormRope, Rope, RopePairs};

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// The same numbers, for the plain bodies.
fn plain<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().autodiff()
}

#[track_caller]
fn assert_same<const D: usize>(fast: Tensor<D>, plain: Tensor<D>) {
    assert!(!fast.is_autodiff() && plain.is_autodiff());
    assert_eq!(fast.dims(), plain.dims());
    let fast = fast.try_into_vec_as::<f32>().unwrap();
    let plain = plain.inner().try_into_vec_as::<f32>().unwrap();
    for (fast, plain) in fast.iter().zip(&plain) {
        let bound = 2e-5 * plain.abs().max(1.0);
        assert!((fast - plain).abs() <= bound, "{fast} for {plain}");
    }
}

#[test]
fn linear_layers() {
    for [rows, d_in, d_out] in [
        [1, 7, 5],
        [3, 256, 70],
        [5, 33, 31],
        [13, 300, 65],
        [50, 513, 97],
    ] {
        let (x, weight) = (random([1, rows, d_in]), random([d_out, d_in]));
        let weight = weight / (d_in as f32).sqrt();
        for bias in [None, Some(random([d_out]))] {
            let twin = bias.as_ref().map(plain);
            assert_same(
                ops::linear(x.clone(), weight.clone(), bias),
                ops::linear(plain(&x), plain(&weight), twin),
            );
        }
        // A transposed view as input, as attention heads give it.
        let turned = random([1, d_in, rows]).swap_dims(1, 2);
        assert_same(
            ops::linear(turned.clone(), weight.clone(), None),
            ops::linear(plain(&turned), plain(&weight), None),
        );
    }
}

#[test]
fn norms_with_scales_and_gates() {
    for [batch, length, width] in [[1, 5, 48], [3, 7, 33], [2, 40, 768]] {
        let (x, branch) = (
            random([batch, length, width]),
            random([batch, length, width]),
        );
        let (weight, vector) = (random([width]), random([batch, 1, width]));
        assert_same(
            ops::rms_norm(x.clone(), weight.clone(), 1e-5),
            ops::rms_norm(plain(&x), plain(&weight), 1e-5),
        );
        let modulation = random([batch, 1, 3 * width]);
        let twin = plain(&modulation);
        for index in 0..3 {
            let (of, plain_of) = (&modulation, &twin);
            let part = Part { of, index };
            let plain_part = Part {
                of: plain_of,
                index,
            };
            assert_same(
                ops::rms_norm_modulate(x.clone(), weight.clone(), Some(part), 1e-5),
                ops::rms_norm_modulate(plain(&x), plain(&weight), Some(plain_part), 1e-5),
            );
            for (part, plain_part) in [(None, None), (Some(part), Some(plain_part))] {
                assert_same(
                    ops::gated_residual(x.clone(), branch.clone(), weight.clone(), part, 1e-5),
                    ops::gated_residual(
                        plain(&x),
                        plain(&branch),
                        plain(&weight),
                        plain_part,
                        1e-5,
                    ),
                );
            }
        }
        assert_same(
            ops::layer_norm_modulate(x.clone(), vector.clone(), 1e-6),
            ops::layer_norm_modulate(plain(&x), plain(&vector), 1e-6),
        );
    }
}

#[test]
fn gates_over_the_whole_range_of_the_exponential() {
    let values: Vec<f32> = (-2000..2000).map(|step| step as f32 * 0.06).collect();
    let gate = Tensor::<1>::from_floats(values.as_slice(), &Device::flex()).reshape([1, 40, 100]);
    assert_same(ops::silu(gate.clone()), ops::silu(plain(&gate)));
    let up = random([1, 40, 100]);
    assert_same(
        ops::silu_mul(gate.clone(), up.clone()),
        ops::silu_mul(plain(&gate), plain(&up)),
    );
}

#[test]
fn gated_projections_apart_and_merged() {
    let [rows, d_in, width] = [9, 20, 35];
    let x = random([1, rows, d_in]);
    let weight = || random([width, d_in]) / (d_in as f32).sqrt();
    let (gate, up) = (weight(), weight());
    let both = Tensor::cat(vec![gate.clone(), up.clone()], 0);
    let apart = [(plain(&gate), None), (plain(&up), None)];
    let down = random([d_in, width]) / (width as f32).sqrt();
    let want = ops::swiglu(plain(&x), Projections::Apart(apart), (plain(&down), None));
    let merged = Projections::Merged((both, None));
    let down = (down, None);
    assert_same(ops::swiglu(x.clone(), merged, down.clone()), want.clone());
    let apart = Projections::Apart([(gate, None), (up, None)]);
    assert_same(ops::swiglu(x, apart, down), want);
}

#[test]
fn numbers_that_are_none_stay_none() {
    let x = Tensor::<2>::full([2, 40], f32::NAN, &Device::flex());
    let out = ops::silu(x).try_into_vec_as::<f32>().unwrap();
    assert!(out.iter().all(|value| value.is_nan()));
}

#[test]
fn rotations_of_both_kinds() {
    let [batch, length, heads, dim] = [2, 9, 3, 24];
    for (pairs, tables) in [
        (RopePairs::Adjacent, batch),
        (RopePairs::Adjacent, 1),
        (RopePairs::Halves, 1),
    ] {
        let angles: Vec<f32> = (0..tables * length * dim / 2)
            .map(|index| index as f32 * 0.37)
            .collect();
        let shape = [tables, length, dim / 2];
        let rope = Rope::from_angles(&angles, shape, pairs, &Device::flex());
        let x = random([batch, length, heads, dim]);
        let weight = random([dim]);
        for weight in [None, Some(weight)] {
            let twin = weight.as_ref().map(plain);
            assert_same(
                ops::norm_rope(x.clone(), weight, 1e-5, &rope),
                ops::norm_rope(plain(&x), twin, 1e-5, &rope),
            );
        }
        let qkv = random([batch, length, 3 * heads * dim]);
        let with = QkvNormRope {
            heads,
            norm_q: Some(random([dim])),
            norm_k: Some(random([dim])),
            eps: 1e-5,
            rope: &rope,
        };
        let fast = ops::qkv_norm_rope(qkv.clone(), with.clone());
        let twin = ops::qkv_norm_rope(plain(&qkv), with);
        for (fast, twin) in fast.into_iter().zip(twin) {
            assert_same(fast, twin);
        }
    }
}

#[test]
fn attention_with_every_mask() {
    for [heads, groups, queries, keys, dim] in [
        [1, 1, 1, 1, 8],
        [3, 3, 37, 37, 16],
        [4, 2, 65, 65, 20],
        [2, 1, 33, 70, 130],
    ] {
        let q = random([2, heads, queries, dim]);
        let k = random([2, groups, keys, dim]);
        let v = random([2, groups, keys, dim]);
        let scale = (dim as f64).powf(-0.5);
        let lengths = KeyMask::new(vec![keys, keys.div_ceil(2)], keys, &Device::flex());
        let mut masks = vec![Mask::None];
        masks.extend(lengths.as_ref().map(Mask::Keys));
        if queries == keys {
            masks.push(Mask::Causal);
        }
        for mask in masks {
            assert_same(
                ops::attention(q.clone(), k.clone(), v.clone(), scale, mask),
                ops::attention(plain(&q), plain(&k), plain(&v), scale, mask),
            );
        }
    }
}

#[test]
fn convolutions_at_every_border() {
    for ([channels, out], [height, width], kernel, stride, padding) in [
        ([3, 8], [5, 7], 3, 1, 1),
        ([16, 3], [9, 40], 3, 1, 1),
        ([8, 13], [4, 64], 3, 1, 1),
        ([8, 16], [9, 33], 3, 2, 0),
        ([5, 7], [6, 11], 1, 1, 0),
        ([40, 24], [3, 3], 3, 1, 1),
    ] {
        let x = random([2, channels, height, width]);
        let weight = random([out, channels, kernel, kernel]) / (channels as f32 * 9.0).sqrt();
        let bias = random([out]);
        assert_same(
            ops::conv2d(
                x.clone(),
                weight.clone(),
                Some(bias.clone()),
                stride,
                padding,
            ),
            ops::conv2d(
                plain(&x),
                plain(&weight),
                Some(plain(&bias)),
                stride,
                padding,
            ),
        );
    }
}

#[test]
fn what_surrounds_a_convolution() {
    for [batch, channels, height, width, groups] in [[1, 8, 5, 7, 4], [2, 24, 16, 33, 8]] {
        let x = random([batch, channels, height, width]) * 3.0 + 10.0;
        let (weight, bias) = (random([channels]), random([channels]));
        assert_same(
            ops::group_norm(x.clone(), weight.clone(), bias.clone(), groups, 1e-6),
            ops::group_norm(plain(&x), plain(&weight), plain(&bias), groups, 1e-6),
        );
        assert_same(
            ops::group_norm_silu(x.clone(), weight.clone(), bias.clone(), groups, 1e-6),
            ops::group_norm_silu(plain(&x), plain(&weight), plain(&bias), groups, 1e-6),
        );
        assert_same(
            ops::upsample_nearest_2x(x.clone()),
            ops::upsample_nearest_2x(plain(&x)),
        );
    }
}
