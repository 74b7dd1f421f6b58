//! `danqing bench --verify`: every fast op of a CUDA device against the plain bodies on the CPU, and how long it takes.
//!
//! Inputs are random and exact in bfloat16; the reference computes with them in f32, so what is left is the rounding
//! of the fast path itself: a few thousandths of the result's norm.

mod attention;
mod gradients;
mod pictures;
mod rows;
mod times;

use std::io::{self, Write};

use burn::tensor::{DType, Device, Distribution, Tensor};

use crate::model::Format;

/// Largest relative L2 difference from the reference that bfloat16 explains.
const TOLERANCE: f64 = 1e-2;

/// The same for two products in 8 bits one after the other: bfloat16's rounding between them puts a few numbers in a
/// hundred on the other side of a step, which in E4M3 is a sixteenth of their size.
const CHAIN_TOLERANCE: f64 = 4e-2;

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

/// Which ops are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// All of them, and their times at the full-size model's shapes.
    All,
    /// The f32 ops and their gradients.
    Gradients,
    /// Matrix products and row norms.
    Rows,
    /// Matrix products of 8 bits.
    EightBit,
    /// Attention.
    Attention,
    /// The autoencoder's.
    Pictures,
    /// No op, only their times.
    Times,
}

/// Checks the ops of a part and writes one line each.
///
/// # Errors
/// [`VerifyError::Differs`] after the whole table, [`VerifyError::Device`] at the first failure of the device.
pub fn run(part: Part, device: &Device, table: &mut dyn Write) -> Result<(), VerifyError> {
    let has = |other| part == Part::All || part == other;
    let mut check = Check {
        device,
        table,
        differing: 0,
    };
    if has(Part::Gradients) {
        check.gradients()?;
    }
    if has(Part::Rows) {
        check.linears()?;
        check.norms()?;
    }
    if has(Part::EightBit) {
        for format in Format::ALL {
            // Without the chip's own products this compares the plain bodies, which is right as well.
            check.eight_bit(format)?;
        }
    }
    if has(Part::Attention) {
        check.self_attentions()?;
        check.wide_attention()?;
    }
    if has(Part::Pictures) {
        check.pictures()?;
    }
    if has(Part::Times) {
        check.times()?;
    }
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
        self.compare_within(TOLERANCE, op, fast, plain)
    }

    /// [`Check::compare`] with another tolerance.
    fn compare_within<const D: usize>(
        &mut self,
        tolerance: f64,
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
        let good = error <= tolerance && fast.len() == plain.len();
        self.differing += usize::from(!good);
        let verdict = if good { "ok  " } else { "BAD " };
        writeln!(self.table, "{verdict} {op:58} relative L2 {error:.2e}")?;
        Ok(())
    }
}
