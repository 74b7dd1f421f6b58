//! Square convolutions by columns, a matrix of the pixels each output pixel sees, and their gradients.
//!
//! y = W·columns(x) + b for each item; dW = Σ over items of dy·columns(x)ᵀ, dcolumns = Wᵀ·dy, dx gathers from dcolumns,
//! db = Σ over items and pixels of dy. Columns are held for a few items at a time; a 1×1 convolution needs none.

use burn::tensor::Shape;
use burn_cubecl::tensor::CubeTensor;

use super::kernels::launch;
use super::precision::Precision;
use super::record::{Mode, Op, Tape};
use super::sums::ColumnSum;
use super::{blank, pick};
use crate::cuda::CudaError;
use crate::cuda::cublaslt::{Product, Side};
use crate::cuda::kernels::arguments;
use crate::cuda::stream::{Work, enqueue};

/// Numbers of columns held at once (512 MiB).
const HELD: usize = 1 << 27;

/// Pixels that a product for dW sums over, at the least.
const SEGMENT: usize = 1024;

/// Inputs: x `[B, in, H, W]`, weight `[out, in, k, k]`, bias `[out]`, then a residual like the result if there is one.
#[derive(Debug, Clone)]
pub struct Conv {
    /// Pixels from one place of the kernel to the next.
    pub stride: usize,
    /// Zeros around the picture.
    pub padding: usize,
}

/// Sizes of one call.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    items: usize,
    d_in: usize,
    d_out: usize,
    from: [usize; 2],
    to: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Conv {
    fn sizes(&self, x: &Shape, weight: &Shape) -> Sizes {
        let kernel = weight[2];
        let out = |size: usize| (size + 2 * self.padding - kernel) / self.stride + 1;
        Sizes {
            items: x[0],
            d_in: x[1],
            d_out: weight[0],
            from: [x[2], x[3]],
            to: [out(x[2]), out(x[3])],
            kernel,
            stride: self.stride,
            padding: self.padding,
        }
    }

    fn sizes_of(&self, inputs: &[CubeTensor]) -> Sizes {
        self.sizes(inputs[0].meta.shape(), inputs[1].meta.shape())
    }
}

impl Sizes {
    fn out_shape(&self) -> Shape {
        Shape::new([self.items, self.d_out, self.to[0], self.to[1]])
    }

    /// Whether the picture is its own matrix of columns.
    fn direct(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }

    fn taps(&self) -> usize {
        self.d_in * self.kernel * self.kernel
    }

    fn pixels(&self) -> usize {
        self.to[0] * self.to[1]
    }

    /// Numbers of an item of x.
    fn x_item(&self) -> usize {
        self.d_in * self.from[0] * self.from[1]
    }

    /// Numbers of an item of y.
    fn y_item(&self) -> usize {
        self.d_out * self.pixels()
    }

    /// Items whose columns are held at once.
    fn at_once(&self) -> usize {
        (HELD / (self.taps() * self.pixels()).max(1)).clamp(1, self.items.max(1))
    }

    /// Memory for the columns.
    fn columns(&self, like: &CubeTensor) -> CubeTensor {
        let numbers = if self.direct() {
            1
        } else {
            self.at_once() * self.taps() * self.pixels()
        };
        blank(like, Shape::new([numbers]))
    }

    /// First item and number of items of each piece.
    fn pieces(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (items, at_once) = (self.items, self.at_once());
        (0..items)
            .step_by(at_once)
            .map(move |first| (first, at_once.min(items - first)))
    }

    /// im2col of `items` items from `x` into `columns`, or col2im back.
    ///
    /// # Safety
    /// The addresses must be live device memory of the sizes documented.
    unsafe fn gather(
        &self,
        work: &Work<'_>,
        items: usize,
        back: bool,
        [from, to]: [u64; 2],
    ) -> Result<(), CudaError> {
        let [
            height,
            width,
            out_height,
            out_width,
            kernel,
            stride,
            padding,
        ] = [
            self.from[0],
            self.from[1],
            self.to[0],
            self.to[1],
            self.kernel,
            self.stride,
            self.padding,
        ]
        .map(|size| size as i32);
        let arguments = arguments![
            from, to, height, width, out_height, out_width, kernel, stride, padding
        ];
        let (entry, pixels) = if back {
            (c"col2im", self.from[0] * self.from[1])
        } else {
            (c"im2col", self.pixels())
        };
        let grid = [pixels.div_ceil(256), self.d_in, items].map(|size| size as u32);
        // SAFETY: the parameters of im2col and col2im, in order; the caller vouches for the addresses.
        unsafe { launch(work, entry, grid, 256, arguments) }
    }

    /// Address of the columns of `items` items at `x`.
    ///
    /// # Safety
    /// As [`Sizes::gather`].
    unsafe fn columns_of(
        &self,
        work: &Work<'_>,
        items: usize,
        [x, columns]: [u64; 2],
    ) -> Result<u64, CudaError> {
        if self.direct() {
            return Ok(x);
        }
        // SAFETY: the caller vouches for the addresses.
        unsafe { self.gather(work, items, false, [x, columns])? };
        Ok(columns)
    }

    /// # Safety
    /// As [`Sizes::gather`].
    unsafe fn forward(
        &self,
        work: &Work<'_>,
        [x, weight, columns, y]: [u64; 4],
        precision: Precision,
    ) -> Result<(), CudaError> {
        let (taps, pixels) = (self.taps(), self.pixels());
        for (first, items) in self.pieces() {
            let x = x + 4 * (first * self.x_item()) as u64;
            let y = y + 4 * (first * self.y_item()) as u64;
            let a = Side::rows(taps);
            let b = Side::rows(pixels).every(taps * pixels);
            let product = Product::new([self.d_out, pixels, taps], a, b, precision);
            // SAFETY: the caller vouches for the addresses.
            unsafe {
                let columns = self.columns_of(work, items, [x, columns])?;
                product
                    .batched(items)
                    .multiply(work, [weight, columns, y])?;
            }
        }
        Ok(())
    }

    /// # Safety
    /// As [`Sizes::gather`].
    unsafe fn backward_x(
        &self,
        work: &Work<'_>,
        [dy, weight, columns, dx]: [u64; 4],
    ) -> Result<(), CudaError> {
        let (taps, pixels) = (self.taps(), self.pixels());
        for (first, items) in self.pieces() {
            let dx = dx + 4 * (first * self.x_item()) as u64;
            let dy = dy + 4 * (first * self.y_item()) as u64;
            let a = Side::transposed(taps);
            let b = Side::rows(pixels).every(self.y_item());
            let product = Product::new([taps, pixels, self.d_out], a, b, Precision::Tf32);
            let to = if self.direct() { dx } else { columns };
            // SAFETY: the caller vouches for the addresses.
            unsafe {
                product.batched(items).multiply(work, [weight, dy, to])?;
                if !self.direct() {
                    self.gather(work, items, true, [columns, dx])?;
                }
            }
        }
        Ok(())
    }

    /// Equal parts of a picture whose shares of dW are products of their own.
    ///
    /// dW is a small matrix summed over all pixels: as one product for each item, a few blocks would walk along all of
    /// them while the rest of the chip has nothing to do.
    fn segments(&self) -> usize {
        let fits = |&parts: &usize| {
            self.pixels().is_multiple_of(4 * parts) && self.pixels() / parts >= SEGMENT
        };
        [32, 16, 8, 4, 2].into_iter().find(fits).unwrap_or(1)
    }

    /// Each segment's share of dW, `[B · segments, out, taps]`, to `shares`.
    ///
    /// # Safety
    /// As [`Sizes::gather`].
    unsafe fn backward_weight(
        &self,
        work: &Work<'_>,
        [dy, x, columns, shares]: [u64; 4],
    ) -> Result<(), CudaError> {
        let (taps, pixels, segments) = (self.taps(), self.pixels(), self.segments());
        for (first, items) in self.pieces() {
            let x = x + 4 * (first * self.x_item()) as u64;
            let dy = dy + 4 * (first * self.y_item()) as u64;
            // SAFETY: the caller vouches for the addresses.
            let columns = unsafe { self.columns_of(work, items, [x, columns])? };
            let share = shares + 4 * (first * segments * self.d_out * taps) as u64;
            if segments == 1 {
                let a = Side::rows(pixels).every(self.y_item());
                let b = Side::transposed(pixels).every(taps * pixels);
                let product = Product::new([self.d_out, taps, pixels], a, b, Precision::Tf32);
                // SAFETY: the caller vouches for the addresses.
                unsafe {
                    product
                        .batched(items)
                        .multiply(work, [dy, columns, share])?;
                }
                continue;
            }
            let part = pixels / segments;
            let a = Side::rows(pixels).every(part);
            let b = Side::transposed(pixels).every(part);
            let product = Product::new([self.d_out, taps, part], a, b, Precision::Tf32);
            for item in 0..items {
                let dy = dy + 4 * (item * self.y_item()) as u64;
                let columns = columns + 4 * (item * taps * pixels) as u64;
                let share = share + 4 * (item * segments * self.d_out * taps) as u64;
                // SAFETY: the caller vouches for the addresses.
                unsafe {
                    product
                        .batched(segments)
                        .multiply(work, [dy, columns, share])?;
                }
            }
        }
        Ok(())
    }
}

impl Op for Conv {
    const NAME: &'static str = "single_conv";

    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape> {
        vec![self.sizes(&inputs[0], &inputs[1]).out_shape()]
    }

    fn passes(&self) -> Option<usize> {
        // Only a convolution with a residual has this input.
        Some(3)
    }

    fn forward(&self, inputs: &[CubeTensor], mode: Mode) -> Vec<CubeTensor> {
        let (x, sizes) = (&inputs[0], self.sizes_of(inputs));
        let (y, columns) = (blank(x, sizes.out_shape()), sizes.columns(x));
        let all: Vec<&CubeTensor> = inputs.iter().collect();
        enqueue(&all, &[&y, &columns], move |work| {
            let [x, weight, bias] = [0, 1, 2].map(|index| work.inputs[index]);
            let residual = work.inputs.get(3).copied().unwrap_or(0);
            let (y, columns) = (work.outputs[0], work.outputs[1]);
            let pixels = sizes.pixels() as i32;
            let blocks = sizes.pixels().div_ceil(256);
            let grid = [blocks, sizes.d_out, sizes.items].map(|size| size as u32);
            // SAFETY: tensors of the sizes documented; the parameters of add_planes, in order.
            unsafe {
                sizes.forward(&work, [x, weight, columns, y], mode.precision)?;
                let arguments = arguments![y, bias, residual, pixels];
                launch(&work, c"add_planes", grid, 256, arguments)
            }
        });
        vec![y]
    }

    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor> {
        let [x, weight, bias] = [0, 1, 2].map(|index| &tape.inputs[index]);
        let sizes = self.sizes_of(tape.inputs);
        let like = |tensor: &CubeTensor| blank(x, tensor.meta.shape().clone());
        let found = [like(x), like(weight), like(bias)];
        let shares = sizes.items * sizes.segments();
        let weights = ColumnSum::new(shares, sizes.d_out * sizes.taps());
        let biases = ColumnSum::new(sizes.items, sizes.d_out);
        let scratch = [
            sizes.columns(x),
            blank(x, Shape::new([shares, sizes.d_out * sizes.taps()])),
            weights.scratch(x),
            blank(x, Shape::new([sizes.items, sizes.d_out])),
            biases.scratch(x),
        ];
        let outputs: Vec<&CubeTensor> = found.iter().chain(&scratch).collect();
        let wanted = [0, 1, 2].map(|index| tape.wanted[index]);
        enqueue(&[x, weight, tape.gradient], &outputs, move |work| {
            let [x, weight, dy] = [0, 1, 2].map(|index| work.inputs[index]);
            let [dx, dw, db, columns, shares, meeting, planes, last] =
                [0, 1, 2, 3, 4, 5, 6, 7].map(|index| work.outputs[index]);
            // SAFETY: tensors of the sizes documented; the parameters of plane_sum, in order.
            unsafe {
                if wanted[0] {
                    sizes.backward_x(&work, [dy, weight, columns, dx])?;
                }
                if wanted[1] {
                    sizes.backward_weight(&work, [dy, x, columns, shares])?;
                    weights.run(&work, shares, meeting, dw)?;
                }
                if wanted[2] {
                    let (pixels, count) = (sizes.pixels() as i32, sizes.items * sizes.d_out);
                    let arguments = arguments![dy, planes, pixels];
                    launch(&work, c"plane_sum", [count as u32, 1, 1], 256, arguments)?;
                    biases.run(&work, planes, last, db)?;
                }
            }
            Ok(())
        });
        pick(found.into(), tape.wanted)
    }
}
