//! Where a picture is made, found out without ever panicking.

use crate::model::Form;
use burn::tensor::{DType, Device};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

mod cuda_probe;

pub use cuda_probe::{CudaStatus, cuda_status};

/// The device asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first CUDA device that works, else the CPU.
    #[default]
    Auto,
    /// This CUDA device, or an error.
    Cuda(usize),
    /// The CPU.
    Cpu,
}

/// Weights in bytes under which [`DeviceChoice::Auto`] stays on the CPU.
const SMALL_MODEL_BYTES: u64 = 256 * 1024 * 1024;

impl DeviceChoice {
    /// The choice for a model with so many bytes of weights.
    ///
    /// A small one, such as the demo model, is painted on the CPU in less time than a GPU takes to tune its kernels
    /// for it, so `Auto` does not reach for the GPU. A device named outright is kept.
    #[must_use]
    pub const fn suited_to(self, weight_bytes: u64) -> Self {
        match self {
            Self::Auto if weight_bytes < SMALL_MODEL_BYTES => Self::Cpu,
            other => other,
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.chars().take(40).collect());
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            other => {
                let index = other.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Cpu => f.write_str("cpu"),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = DeviceError;

    fn try_from(text: String) -> Result<Self, DeviceError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> String {
        choice.to_string()
    }
}

/// The number format of weights and activations. Latents and the scheduler are f32 always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits: exact, twice the memory.
    F32,
    /// bfloat16, what the model was trained in. (float16 overflows in this model and is not offered.)
    Bf16,
    /// bfloat16 with the transformer's big products in 8 bits (E4M3): faster and smaller, and other pictures.
    Fp8,
}

impl Precision {
    /// All that there are, the most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Fp8];

    /// burn's name for it: of all numbers but those of the products in 8 bits.
    pub const fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 | Self::Fp8 => DType::BF16,
        }
    }
}

impl Precision {
    /// How the transformer's blocks are held for painting.
    pub const fn form(self) -> Form {
        match self {
            Self::F32 | Self::Bf16 => Form::Merged,
            Self::Fp8 => Form::Fp8,
        }
    }
}

impl FromStr for Precision {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "f32" | "float32" => Ok(Self::F32),
            "bf16" | "bfloat16" => Ok(Self::Bf16),
            "fp8" => Ok(Self::Fp8),
            _ => Err(DeviceError::UnknownPrecision(
                text.chars().take(40).collect(),
            )),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Fp8 => "fp8",
        })
    }
}

/// A device that was found to work, and the number format to use on it.
#[derive(Clone, Debug)]
pub struct Placement {
    /// burn's handle.
    pub device: Device,
    /// Which device it is: never [`DeviceChoice::Auto`].
    pub choice: DeviceChoice,
    /// Number format of weights and activations.
    pub precision: Precision,
    /// The device's name for people: "NVIDIA H200", "CPU, 8 threads".
    pub name: String,
    /// Read the text encoder from its files for each new prompt instead of keeping it in memory.
    pub low_memory: bool,
    /// Said once to the designer: why the CPU is used although nobody asked for it.
    pub notice: Option<String>,
}

impl Placement {
    /// Finds the device, without touching CUDA when the CPU is asked for.
    ///
    /// `precision` defaults to bf16 on CUDA and f32 on the CPU.
    ///
    /// # Errors
    /// [`DeviceError::Cuda`] when a CUDA device is asked for by number and cannot be used;
    /// [`DeviceChoice::Auto`] falls back to the CPU instead, with a [`notice`](Self::notice).
    /// [`DeviceError::NoFp8`] when fp8 is asked for on a device that does not have it.
    pub fn resolve(
        choice: DeviceChoice,
        precision: Option<Precision>,
    ) -> Result<Self, DeviceError> {
        match choice {
            DeviceChoice::Cpu if precision == Some(Precision::Fp8) => Err(DeviceError::NoFp8 {
                device: cpu_name(),
                reason: "only CUDA devices have it".into(),
            }),
            DeviceChoice::Auto if precision == Some(Precision::Fp8) => Self::cuda(0, precision),
            DeviceChoice::Cpu => Ok(Self::cpu(precision, None)),
            DeviceChoice::Cuda(index) => Self::cuda(index, precision),
            DeviceChoice::Auto => Self::cuda(0, precision).or_else(|error| {
                let why = match error {
                    // On the CPU already, there is no need to offer it.
                    DeviceError::Cuda { missing, remedy } => format!("{missing}; {remedy}"),
                    other => other.to_string(),
                };
                let notice = format!(
                    "painting on the CPU, which takes minutes where a GPU takes seconds: {why}"
                );
                Ok(Self::cpu(precision, Some(notice)))
            }),
        }
    }

    fn cpu(precision: Option<Precision>, notice: Option<String>) -> Self {
        Self {
            device: Device::flex(),
            choice: DeviceChoice::Cpu,
            precision: precision.unwrap_or(Precision::F32),
            name: cpu_name(),
            low_memory: false,
            notice,
        }
    }

    fn cuda(index: usize, precision: Option<Precision>) -> Result<Self, DeviceError> {
        let status = cuda_status();
        let gpu = status.usable(index)?;
        if precision == Some(Precision::Fp8)
            && let Some(reason) = cuda_probe::missing_for_fp8(gpu)
        {
            let device = gpu.name.clone();
            return Err(DeviceError::NoFp8 { device, reason });
        }
        Ok(Self {
            device: Device::cuda(index),
            choice: DeviceChoice::Cuda(index),
            precision: precision.unwrap_or(Precision::Bf16),
            name: gpu.name.clone(),
            low_memory: false,
            notice: None,
        })
    }

    /// Bytes free on the card, beside all that this program has reserved; `None` on the CPU.
    pub fn free_memory(&self) -> Option<u64> {
        let DeviceChoice::Cuda(index) = self.choice else {
            return None;
        };
        cuda_probe::memory(index).map(|(_, free)| free)
    }

    /// Whether this is a CUDA device.
    pub fn is_cuda(&self) -> bool {
        matches!(self.choice, DeviceChoice::Cuda(_))
    }
}

fn cpu_name() -> String {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("CPU, {threads} threads")
}

/// A device as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceInfo {
    /// What `--device` takes.
    pub id: DeviceChoice,
    /// The device's name for people.
    pub name: String,
    /// Memory in bytes: all there is, and how much of it is free now. `None` where unknown.
    pub memory: Option<(u64, u64)>,
}

/// Every device that works, the fastest first. The CPU is always among them.
pub fn list_devices() -> Vec<DeviceInfo> {
    let status = cuda_status();
    let cuda = status
        .gpus
        .iter()
        .filter(|_| status.missing.is_none())
        .enumerate()
        .map(|(index, gpu)| DeviceInfo {
            id: DeviceChoice::Cuda(index),
            name: gpu.name.clone(),
            memory: cuda_probe::memory(index),
        });
    cuda.chain([DeviceInfo {
        id: DeviceChoice::Cpu,
        name: cpu_name(),
        memory: None,
    }])
    .collect()
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// Not the name of a device.
    #[error("there is no device {0:?}; use auto, cpu, or cuda:0 with the number of the card")]
    Unknown(String),
    /// Not the name of a number format.
    #[error("there is no number format {0:?}; use f32, bf16 or fp8")]
    UnknownPrecision(String),
    /// CUDA is not to be had.
    #[error("{missing}; {remedy}, or choose the CPU as the device")]
    Cuda {
        /// What is missing.
        missing: String,
        /// How to get it.
        remedy: String,
    },
    /// The device does not multiply 8-bit floating point.
    #[error("fp8 cannot be used on {device}: {reason}; use bf16 or f32")]
    NoFp8 {
        /// Its name.
        device: String,
        /// What it lacks.
        reason: String,
    },
    /// No CUDA device has that number.
    #[error("there is no CUDA device {index}; {count} found, the first is cuda:0")]
    NoSuchGpu {
        /// The number asked for.
        index: usize,
        /// Devices there are.
        count: usize,
    },
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_read_and_written_alike() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda:1", DeviceChoice::Cuda(1)),
        ] {
            assert_eq!(text.parse(), Ok(choice));
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!("CUDA".parse(), Ok(DeviceChoice::Cuda(0)));
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "metal"] {
            assert!(
                matches!(text.parse::<DeviceChoice>(), Err(DeviceError::Unknown(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn fp8_is_never_replaced_by_something_else() {
        let cpu = Placement::resolve(DeviceChoice::Cpu, Some(Precision::Fp8));
        assert!(matches!(cpu, Err(DeviceError::NoFp8 { .. })));
        if let Ok(placement) = Placement::resolve(DeviceChoice::Auto, Some(Precision::Fp8)) {
            assert_eq!(placement.precision, Precision::Fp8);
            assert!(placement.is_cuda());
        }
        assert_eq!("fp8".parse(), Ok(Precision::Fp8));
    }

    #[test]
    fn without_cuda_auto_means_the_cpu_and_says_so() {
        let placement = Placement::resolve(DeviceChoice::Auto, None).unwrap();
        // True on machines with and without a card: a fallback is never silent.
        assert_eq!(
            placement.choice == DeviceChoice::Cpu,
            placement.notice.is_some()
        );
        assert_eq!(placement.is_cuda(), cuda_status().missing.is_none());
    }

    #[test]
    fn only_a_choice_left_open_and_only_a_small_model_goes_to_the_cpu() {
        let (small, large) = (24 << 20, 12 << 30);
        assert_eq!(DeviceChoice::Auto.suited_to(small), DeviceChoice::Cpu);
        assert_eq!(DeviceChoice::Auto.suited_to(large), DeviceChoice::Auto);
        assert_eq!(
            DeviceChoice::Cuda(0).suited_to(small),
            DeviceChoice::Cuda(0)
        );
    }

    #[test]
    fn a_card_that_is_not_there_is_an_error() {
        assert!(Placement::resolve(DeviceChoice::Cuda(4096), None).is_err());
    }

    #[test]
    fn the_cpu_is_always_listed() {
        assert_eq!(list_devices().last().unwrap().id, DeviceChoice::Cpu);
    }
}
