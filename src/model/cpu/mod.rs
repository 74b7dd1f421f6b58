//! The same arithmetic as [`super::ops`], written for the processor.
//!
//! burn's own kernels for the processor compute exponentials one at a time and use a quarter to half of what current
//! vector units offer. The functions here take f32 tensors that live on the processor and are not under autodiff, and
//! answer `None` for all others.

mod attention;
mod conv;
mod exp;
mod few_rows;
mod gemm;
mod isa;
mod planes;
mod rope;
mod rows;

use burn::backend::{DispatchDevice, Flex};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_flex::FlexTensor;

use super::ops::{Mask, QkvNormRope, Rope, RopePairs};
use gemm::{Bias, Left, Transposed, product};
use isa::Level;
use rows::PerItem;

/// Rows of a left operand below which packing costs more than it saves.
const FEW_ROWS: usize = 4;

/// The numbers of a tensor, if this module may work on them.
struct Numbers(FlexTensor);

impl Numbers {
    fn of<const D: usize>(x: &Tensor<D>) -> Option<Self> {
        let here = matches!(x.device().as_dispatch(), DispatchDevice::Flex(_));
        if !here || x.is_autodiff() || x.dtype() != DType::F32 {
            return None;
        }
        let tensor = x.clone().try_into_primitive::<Flex>().ok()?;
        Some(Self(tensor.to_contiguous()))
    }

    fn optional<const D: usize>(x: &Option<Tensor<D>>) -> Option<Option<Self>> {
        x.as_ref().map_or(Some(None), |x| Self::of(x).map(Some))
    }

    fn slice(&self) -> Option<&[f32]> {
        self.0.as_slice()
    }
}

/// A tensor of `numbers` where tensors of [`Numbers`] come from.
fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(
        TensorData::new(numbers, shape),
        (&Device::flex(), DType::F32),
    )
}

/// [`super::ops::linear`]
pub fn linear<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<2>,
    bias: &Option<Tensor<1>>,
) -> Option<Tensor<D>> {
    let level = Level::detect()?;
    let [d_out, d_in] = weight.dims();
    let mut shape = x.dims();
    let rows = shape[..D - 1].iter().product::<usize>();
    let (x, weight) = (Numbers::of(x)?, Numbers::of(weight)?);
    let bias = Numbers::optional(bias)?;
    let (x, weight) = (x.slice()?, weight.slice()?);
    let bias = bias.as_ref().and_then(Numbers::slice);
    let out = if rows <= FEW_ROWS {
        few_rows::few_rows_product(level, x, weight, [rows, d_in, d_out], bias)
    } else {
        let mut out = vec![0.0; rows * d_out];
        let left = Left::pack(level, x, [rows, d_in], d_in);
        let right = Transposed {
            data: weight,
            stride: d_in,
        };
        let bias = bias.map_or(Bias::None, Bias::Column);
        product(level, &left, &right, d_out, bias, &mut out);
        out
    };
    shape[D - 1] = d_out;
    Some(tensor(out, shape))
}

/// [`super::ops::silu`]
pub fn silu<const D: usize>(x: &Tensor<D>) -> Option<Tensor<D>> {
    let level = Level::detect()?;
    let numbers = Numbers::of(x)?;
    let gate = numbers.slice()?;
    let width = x.dims()[D - 1];
    let kernel = rows::SiluMul {
        gate,
        gate_stride: width,
        up: None,
        shape: [gate.len() / width.max(1), width],
    };
    Some(tensor(kernel.all(level), x.dims()))
}

/// [`super::ops::silu_mul`]
pub fn silu_mul<const D: usize>(gate: &Tensor<D>, up: &Tensor<D>) -> Option<Tensor<D>> {
    let level = Level::detect()?;
    let shape = gate.dims();
    if shape != up.dims() {
        return None;
    }
    let (gate, up) = (Numbers::of(gate)?, Numbers::of(up)?);
    let (gate, up) = (gate.slice()?, up.slice()?);
    let width = shape[D - 1];
    let kernel = rows::SiluMul {
        gate,
        gate_stride: width,
        up: Some((up, width)),
        shape: [gate.len() / width.max(1), width],
    };
    Some(tensor(kernel.all(level), shape))
}

/// [`super::ops::silu_mul_merged`]
pub fn silu_mul_merged(gate_up: &Tensor<3>) -> Option<Tensor<3>> {
    let level = Level::detect()?;
    let [batch, length, both] = gate_up.dims();
    let numbers = Numbers::of(gate_up)?;
    let data = numbers.slice()?;
    let width = both / 2;
    let kernel = rows::SiluMul {
        gate: data,
        gate_stride: both,
        up: Some((data.get(width..)?, both)),
        shape: [batch * length, width],
    };
    Some(tensor(kernel.all(level), [batch, length, width]))
}

/// Whether `per_item` is `[B, 1, d]` for an `x` of `[B, S, d]`, as the row kernels read it.
fn fits(x: &Tensor<3>, per_item: &Option<Tensor<3>>) -> bool {
    let [batch, _, width] = x.dims();
    per_item
        .as_ref()
        .is_none_or(|per_item| per_item.dims() == [batch, 1, width])
}

/// [`super::ops::rms_norm`]
pub fn rms_norm<const D: usize>(x: &Tensor<D>, weight: &Tensor<1>, eps: f64) -> Option<Tensor<D>> {
    let level = Level::detect()?;
    let shape = x.dims();
    let (x, weight) = (Numbers::of(x)?, Numbers::of(weight)?);
    let kernel = rows::RmsNorm {
        x: x.slice()?,
        weight: weight.slice()?,
        scale: None,
        eps: eps as f32,
    };
    Some(tensor(kernel.all(level), shape))
}

/// [`super::ops::rms_norm_modulate`]
pub fn rms_norm_modulate(
    x: &Tensor<3>,
    weight: &Tensor<1>,
    scale: &Option<Tensor<3>>,
    eps: f64,
) -> Option<Tensor<3>> {
    let level = Level::detect()?;
    let shape = x.dims();
    if !fits(x, scale) {
        return None;
    }
    let (x, weight) = (Numbers::of(x)?, Numbers::of(weight)?);
    let scale = Numbers::optional(scale)?;
    let kernel = rows::RmsNorm {
        x: x.slice()?,
        weight: weight.slice()?,
        scale: scale.as_ref().and_then(Numbers::slice).map(|data| PerItem {
            data,
            rows: shape[1],
        }),
        eps: eps as f32,
    };
    Some(tensor(kernel.all(level), shape))
}

/// [`super::ops::gated_residual`]
pub fn gated_residual(
    x: &Tensor<3>,
    branch: &Tensor<3>,
    weight: &Tensor<1>,
    gate: &Option<Tensor<3>>,
    eps: f64,
) -> Option<Tensor<3>> {
    let level = Level::detect()?;
    let shape = x.dims();
    if !fits(x, gate) || branch.dims() != shape {
        return None;
    }
    let (x, branch, weight) = (Numbers::of(x)?, Numbers::of(branch)?, Numbers::of(weight)?);
    let gate: Option<Vec<f32>> = Numbers::optional(gate)?
        .as_ref()
        .and_then(Numbers::slice)
        .map(|gate| gate.iter().map(|gate| gate.tanh()).collect());
    let kernel = rows::GatedResidual {
        x: x.slice()?,
        branch: branch.slice()?,
        weight: weight.slice()?,
        gate: gate.as_deref().map(|data| PerItem {
            data,
            rows: shape[1],
        }),
        eps: eps as f32,
    };
    Some(tensor(kernel.all(level), shape))
}

/// [`super::ops::layer_norm_modulate`]
pub fn layer_norm_modulate(x: &Tensor<3>, scale: &Tensor<3>, eps: f64) -> Option<Tensor<3>> {
    let level = Level::detect()?;
    let shape = x.dims();
    if scale.dims() != [shape[0], 1, shape[2]] {
        return None;
    }
    let (x, scale) = (Numbers::of(x)?, Numbers::of(scale)?);
    let kernel = rows::LayerNorm {
        x: x.slice()?,
        scale: PerItem {
            data: scale.slice()?,
            rows: shape[1],
        },
        width: shape[2],
        eps: eps as f32,
    };
    Some(tensor(kernel.all(level), shape))
}

/// The tables of a [`Rope`], if this module may work on them.
struct Tables {
    cos: Numbers,
    sin: Numbers,
    shared: bool,
    adjacent: bool,
}

impl Tables {
    fn of(rope: &Rope) -> Option<Self> {
        Some(Self {
            cos: Numbers::of(&rope.cos)?,
            sin: Numbers::of(&rope.sin)?,
            shared: rope.cos.dims()[0] == 1,
            adjacent: rope.pairs == RopePairs::Adjacent,
        })
    }

    fn turn(&self) -> Option<rope::Turn<'_>> {
        Some(rope::Turn {
            cos: self.cos.slice()?,
            sin: self.sin.slice()?,
            shared: self.shared,
            adjacent: self.adjacent,
        })
    }
}

/// [`super::ops::norm_rope`]
pub fn norm_rope(
    x: &Tensor<4>,
    weight: &Option<Tensor<1>>,
    eps: f64,
    rope: &Rope,
) -> Option<Tensor<4>> {
    let level = Level::detect()?;
    let shape @ [batch, length, heads, dim] = x.dims();
    let (x, weight, tables) = (
        Numbers::of(x)?,
        Numbers::optional(weight)?,
        Tables::of(rope)?,
    );
    let kernel = rope::Heads {
        data: x.slice()?,
        stride: heads * dim,
        offset: 0,
        shape,
        weight: weight.as_ref().and_then(Numbers::slice),
        eps: eps as f32,
        turn: Some(tables.turn()?),
    };
    Some(tensor(kernel.all(level), [batch, heads, length, dim]))
}

/// [`super::ops::qkv_norm_rope`]
pub fn qkv_norm_rope(qkv: &Tensor<3>, with: &QkvNormRope<'_>) -> Option<[Tensor<4>; 3]> {
    let level = Level::detect()?;
    let [batch, length, width] = qkv.dims();
    let (heads, dim) = (with.heads, width / 3 / with.heads);
    let numbers = Numbers::of(qkv)?;
    let data = numbers.slice()?;
    let tables = Tables::of(with.rope)?;
    let turn = tables.turn()?;
    let norms = [
        Numbers::optional(&with.norm_q)?,
        Numbers::optional(&with.norm_k)?,
    ];
    let part = |index: usize, weight: Option<&Numbers>, turn| {
        let kernel = rope::Heads {
            data,
            stride: width,
            offset: index * heads * dim,
            shape: [batch, length, heads, dim],
            weight: weight.and_then(Numbers::slice),
            eps: with.eps as f32,
            turn,
        };
        tensor(kernel.all(level), [batch, heads, length, dim])
    };
    Some([
        part(0, norms[0].as_ref(), Some(turn)),
        part(1, norms[1].as_ref(), Some(turn)),
        part(2, None, None),
    ])
}

/// [`super::ops::attention`]
pub fn attention(
    q: &Tensor<4>,
    k: &Tensor<4>,
    v: &Tensor<4>,
    scale: f64,
    mask: Mask<'_>,
) -> Option<Tensor<3>> {
    let level = Level::detect()?;
    let [batch, heads, queries, dim] = q.dims();
    let [_, groups, keys, _] = k.dims();
    let (q, k, v) = (Numbers::of(q)?, Numbers::of(k)?, Numbers::of(v)?);
    let kernel = attention::Attention {
        q: q.slice()?,
        k: k.slice()?,
        v: v.slice()?,
        batch,
        heads,
        groups,
        queries,
        keys,
        dim,
        scale: scale as f32,
        causal: matches!(mask, Mask::Causal),
        lengths: match mask {
            Mask::Keys(mask) => Some(mask.lengths()),
            Mask::None | Mask::Causal => None,
        },
    };
    Some(tensor(kernel.all(level), [batch, queries, heads * dim]))
}

/// [`super::ops::conv2d`]
pub fn conv2d(
    x: &Tensor<4>,
    weight: &Tensor<4>,
    bias: &Option<Tensor<1>>,
    stride: usize,
    padding: usize,
) -> Option<Tensor<4>> {
    let level = Level::detect()?;
    let shape = x.dims();
    let [out, _, kernel, _] = weight.dims();
    let (x, weight) = (Numbers::of(x)?, Numbers::of(weight)?);
    let bias = Numbers::optional(bias)?;
    let conv = conv::Conv {
        x: x.slice()?,
        shape,
        weight: weight.slice()?,
        bias: bias.as_ref().and_then(Numbers::slice),
        out,
        kernel,
        stride,
        padding,
    };
    let [height, width] = conv.size();
    Some(tensor(conv.all(level), [shape[0], out, height, width]))
}

/// [`super::ops::group_norm`], with SiLU behind it if `silu`.
pub fn group_norm(
    x: &Tensor<4>,
    weight: &Tensor<1>,
    bias: &Tensor<1>,
    groups: usize,
    eps: f64,
    silu: bool,
) -> Option<Tensor<4>> {
    let level = Level::detect()?;
    let shape @ [_, channels, height, width] = x.dims();
    let (x, weight, bias) = (Numbers::of(x)?, Numbers::of(weight)?, Numbers::of(bias)?);
    let kernel = planes::GroupNorm {
        x: x.slice()?,
        weight: weight.slice()?,
        bias: bias.slice()?,
        group: channels / groups,
        plane: height * width,
        eps: eps as f32,
        silu,
    };
    Some(tensor(kernel.all(level), shape))
}

/// [`super::ops::upsample_nearest_2x`]
pub fn upsample_nearest_2x(x: &Tensor<4>) -> Option<Tensor<4>> {
    let level = Level::detect()?;
    let [batch, channels, height, width] = x.dims();
    let numbers = Numbers::of(x)?;
    let out = planes::doubled(level, numbers.slice()?, width);
    Some(tensor(out, [batch, channels, 2 * height, 2 * width]))
}
