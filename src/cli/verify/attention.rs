//! Attention of many heads and of one wide head.

use burn::tensor::{Device, Tensor};

use super::{CHAIN_TOLERANCE, Check, TOLERANCE, VerifyError};
use crate::model::ops::eight_bit::{self, Format};
use crate::model::ops::{self, AttentionSpec, KeyMask, Mask, Projections, Rope, RopePairs};

/// How the projections come.
#[derive(Debug, Clone, Copy)]
enum Form {
    Merged,
    Apart,
    EightBit(Format),
}

impl Check<'_> {
    pub(super) fn self_attentions(&mut self) -> Result<(), VerifyError> {
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
                      form: Form| {
            let dtype = x.dtype();
            let rope = Rope::from_angles(&angles, shape, pairs, device);
            let key_mask = keys
                .clone()
                .and_then(|keys| KeyMask::new(keys, length, device));
            let [norm_q, norm_k] = norms.map(Some);
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
            let out = out.clone().cast(dtype).to_device(device);
            let projections = match form {
                Form::Merged => Projections::Merged((Tensor::cat(weights.into(), 0), None)),
                Form::Apart => Projections::Apart(weights.map(|weight| (weight, None))),
                Form::EightBit(format) => {
                    let qkv = eight_bit::quantise(weights, format);
                    let out = eight_bit::quantise([out], format);
                    return eight_bit::self_attention(x, &qkv, &out, with);
                }
            };
            ops::self_attention(x, projections, (out, None), with)
        };
        let eight_bit = Format::ALL.map(Form::EightBit);
        for form in [Form::Merged, Form::Apart].into_iter().chain(eight_bit) {
            let plain = attend(
                &Device::flex(),
                x.clone(),
                weights.clone(),
                norms.clone(),
                form,
            );
            let weights = weights.each_ref().map(|weight| self.send(weight));
            let norms = norms.each_ref().map(|norm| self.send(norm));
            let fast = attend(self.device, self.send(&x), weights, norms, form);
            let tolerance = match form {
                Form::Merged | Form::Apart => TOLERANCE,
                Form::EightBit(_) => CHAIN_TOLERANCE,
            };
            self.compare_within(tolerance, &format!("{name}, {form:?}"), fast, plain)?;
        }
        Ok(())
    }

    pub(super) fn wide_attention(&mut self) -> Result<(), VerifyError> {
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
}
