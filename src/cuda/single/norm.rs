//! Row norms with what surrounds them, and their gradient.
//!
//! out = base + n·weight·factor, where n = (x − mean)/√(variance + eps) (the mean is 0 for an RMS norm) and the factor
//! is one vector a batch item: 1, 1 + s or tanh(s). With g = dout·weight·factor and means over the row:
//! dx = (g − mean(g) − n·mean(g·n))/√(variance + eps). With t = Σ over an item's rows of dout·n: ds = t·weight·factor',
//! dweight = Σ over items of t·factor. dbase = dout.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::record::{Mode, Op, Tape};
use super::sums::ColumnSum;
use super::{blank, pick, rows_and_width};
use crate::cuda::CudaError;
use crate::cuda::kernels::arguments;
use crate::cuda::stream::{Work, enqueue};

/// Widest row whose gradient is held in registers.
pub const WIDEST_TRAINED: usize = 1024;

/// What a normed row is multiplied by besides the weight: part `index` of the factor tensor `[B, 1, parts·d]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Nothing.
    One,
    /// 1 + s
    Scale(usize),
    /// tanh(s)
    Gate(usize),
}

impl Factor {
    /// The kernels' number for it, and the part.
    fn code(self) -> (i32, usize) {
        match self {
            Self::One => (0, 0),
            Self::Scale(index) => (1, index),
            Self::Gate(index) => (2, index),
        }
    }
}

/// Inputs: x `[.., d]`, then as far as there are: weight `[d]`, factors `[B, 1, parts·d]`, base like x.
#[derive(Debug, Clone)]
pub struct RowNorm {
    /// Whether there is a weight.
    pub weight: bool,
    /// The factor; the factors are absent for [`Factor::One`].
    pub factor: Factor,
    /// Whether there is a base.
    pub base: bool,
    /// Whether the row's mean is taken off.
    pub centre: bool,
    /// Added to the variance.
    pub eps: f64,
}

/// Places of the optional inputs.
#[derive(Debug, Clone, Copy)]
struct Places {
    weight: Option<usize>,
    factors: Option<usize>,
    base: Option<usize>,
}

/// What the kernels are told of the rows.
#[derive(Debug, Clone, Copy)]
struct Rows {
    count: u64,
    width: usize,
    items: usize,
    item_rows: u64,
    /// Width of a factor tensor's row.
    stride: u64,
    kind: i32,
    /// Where the factor begins in it.
    first: u64,
    centre: i32,
    eps: f32,
}

impl RowNorm {
    fn places(&self) -> Places {
        let has = [self.weight, self.factor != Factor::One, self.base];
        let place = |index: usize| {
            has[index].then(|| 1 + has[..index].iter().filter(|present| **present).count())
        };
        Places {
            weight: place(0),
            factors: place(1),
            base: place(2),
        }
    }

    fn rows(&self, inputs: &[CubeTensor]) -> Rows {
        let (count, width) = rows_and_width(&inputs[0]);
        let (kind, part) = self.factor.code();
        let factors = self.places().factors.map(|place| &inputs[place]);
        let (items, stride) = factors.map_or((1, width), rows_and_width);
        Rows {
            count: count as u64,
            width,
            items,
            item_rows: (count / items.max(1)) as u64,
            stride: stride as u64,
            kind,
            first: (part * width) as u64,
            centre: i32::from(self.centre),
            eps: self.eps as f32,
        }
    }
}

impl Rows {
    /// Rows a block takes of an item: enough blocks for every chip, and few enough to sum.
    fn strip(&self) -> usize {
        let blocks = (1024 / self.items).max(1);
        (self.item_rows as usize).div_ceil(blocks).max(32)
    }

    fn strips(&self) -> usize {
        (self.item_rows as usize).div_ceil(self.strip())
    }

    /// dx, and the strips' sums of dy·n.
    ///
    /// # Safety
    /// `at` holds the addresses of x, weight, factors and dy, `to` those of dx and the sums; weight and factors may be
    /// null.
    unsafe fn backward(
        &self,
        work: &Work<'_>,
        [x, weight, factors, dy]: [u64; 4],
        [dx, partial]: [u64; 2],
    ) -> Result<(), CudaError> {
        let Self {
            item_rows,
            stride,
            kind,
            centre,
            eps,
            ..
        } = *self;
        let (strip, width) = (self.strip() as i32, self.width as i32);
        let factors = self.part(factors);
        let arguments = arguments![
            x, weight, factors, dy, dx, partial, item_rows, strip, width, stride, kind, centre, eps
        ];
        let entry = if self.width <= 256 {
            c"row_norm_backward_narrow"
        } else {
            c"row_norm_backward_wide"
        };
        let grid = [self.strips() as u32, self.items as u32, 1];
        // SAFETY: the parameters of row_norm_backward, in order; the caller vouches for the addresses.
        unsafe { launch(work, entry, grid, 256, arguments) }
    }

    /// Address of the factor in the factor tensor at `factors`, null if that is.
    fn part(&self, factors: u64) -> u64 {
        if factors == 0 {
            0
        } else {
            factors + 4 * self.first
        }
    }
}

impl Op for RowNorm {
    const NAME: &'static str = "single_row_norm";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        vec![inputs[0].clone()]
    }

    fn passes(&self) -> Option<usize> {
        self.places().base
    }

    fn forward(&self, inputs: &[CubeTensor], _: Mode) -> Vec<CubeTensor> {
        let out = blank(&inputs[0], inputs[0].meta.shape().clone());
        let (rows, places) = (self.rows(inputs), self.places());
        let all: Vec<&CubeTensor> = inputs.iter().collect();
        enqueue(&all, &[&out], move |work| {
            let at = |place: Option<usize>| place.map_or(0, |place| work.inputs[place]);
            let (x, weight, base) = (work.inputs[0], at(places.weight), at(places.base));
            let (factors, out) = (rows.part(at(places.factors)), work.outputs[0]);
            let Rows {
                count,
                item_rows,
                stride,
                kind,
                centre,
                eps,
                ..
            } = rows;
            let width = rows.width as i32;
            let arguments = arguments![
                x, weight, factors, base, out, count, width, item_rows, stride, kind, centre, eps
            ];
            let grid = [count.div_ceil(8) as u32, 1, 1];
            // SAFETY: the parameters of row_norm, in order; the optional ones may be null.
            unsafe { launch(&work, c"row_norm", grid, 256, arguments) }
        });
        vec![out]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let (rows, places) = (self.rows(tape.inputs), self.places());
        let (x, like) = (&tape.inputs[0], |input: &CubeTensor| {
            blank(input, input.meta.shape().clone())
        });
        let dx = like(x);
        let (items, strips, width) = (rows.items, rows.strips(), rows.width);
        let partial = blank(x, Shape::new([items, strips, width]));
        let weighted = blank(x, Shape::new([items, width]));
        let d_weight = blank(x, Shape::new([width]));
        let d_factors = places.factors.map_or_else(
            || blank(x, Shape::new([1])),
            |place| like(&tape.inputs[place]),
        );
        let sum = match places.factors {
            Some(_) => ColumnSum::new(items, width),
            None => ColumnSum::new(items * strips, width),
        };
        let scratch = sum.scratch(x);
        let inputs: Vec<&CubeTensor> = tape.inputs.iter().chain([tape.gradient]).collect();
        let outputs = [&dx, &partial, &weighted, &d_weight, &d_factors, &scratch];
        enqueue(&inputs, &outputs, move |work| {
            let at = |place: Option<usize>| place.map_or(0, |place| work.inputs[place]);
            let (weight, factors) = (at(places.weight), at(places.factors));
            let dy = work.inputs[work.inputs.len() - 1];
            let [dx, partial, weighted, d_weight, d_factors, scratch] =
                [0, 1, 2, 3, 4, 5].map(|index| work.outputs[index]);
            // SAFETY: tensors of the sizes that the kernels document.
            unsafe {
                rows.backward(&work, [work.inputs[0], weight, factors, dy], [dx, partial])?;
                if factors == 0 {
                    return sum.run(&work, partial, scratch, d_weight);
                }
                let (strips, width) = (strips as i32, width as i32);
                let Rows {
                    stride,
                    first,
                    kind,
                    ..
                } = rows;
                let arguments = arguments![
                    partial, weight, factors, weighted, d_factors, strips, width, stride, first,
                    kind
                ];
                let grid = [stride.div_ceil(256) as u32, items as u32, 1];
                launch(&work, c"item_factor_backward", grid, 256, arguments)?;
                sum.run(&work, weighted, scratch, d_weight)
            }
        });
        let mut found = vec![dx];
        found.extend(self.weight.then_some(d_weight));
        found.extend(places.factors.map(|_| d_factors));
        pick(found, tape.wanted)
    }
}
