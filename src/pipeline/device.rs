//! Where a picture is made, found out without ever panicking.

use crate::model::{Form, Format};
use burn::tensor::{DType, Device};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

mod cuda_probe;

pub use cuda_probe::{CudaStatus, Gpu, cuda_status};

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
    /// bfloat16 with the transformer's big products in 8-bit floating point (E4M3): faster and smaller, and other
    /// pictures.
    Fp8,
    /// The same in 8-bit whole numbers, which more cards multiply.
    Int8,
}

impl Precision {
    /// All that there are, the most exact first.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::Fp8, Self::Int8];

    /// burn's name for it: of all numbers but those of the products in 8 bits.
    pub const fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 | Self::Fp8 | Self::Int8 => DType::BF16,
        }
    }
}

impl Precision {
    /// How the transformer's blocks are held for painting.
    pub const fn form(self) -> Form {
        match self.eight_bit() {
            None => Form::Merged,
            Some(format) => Form::EightBit(format),
        }
    }

    /// The format of the transformer's big products, where it is one of 8 bits.
    pub const fn eight_bit(self) -> Option<Format> {
        match self {
            Self::F32 | Self::Bf16 => None,
            Self::Fp8 => Some(Format::E4m3),
            Self::Int8 => Some(Format::Int8),
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
            "int8" => Ok(Self::Int8),
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
            Self::Int8 => "int8",
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
    /// [`DeviceError::NoEightBit`] when a format of 8 bits is asked for on a device that does not multiply it.
    pub fn resolve(
        choice: DeviceChoice,
        precision: Option<Precision>,
    ) -> Result<Self, DeviceError> {
        // Never replaced by another one: its pictures differ.
        let eight_bit = precision.filter(|precision| precision.eight_bit().is_some());
        match (choice, eight_bit) {
            (DeviceChoice::Cpu, Some(precision)) => Err(DeviceError::NoEightBit {
                precision,
                device: cpu_name(),
                reason: "only CUDA devices have it".into(),
            }),
            (DeviceChoice::Auto, Some(_)) => Self::cuda(0, precision),
            (DeviceChoice::Cpu, None) => Ok(Self::cpu(precision, None)),
            (DeviceChoice::Cuda(index), _) => Self::cuda(index, precision),
            (DeviceChoice::Auto, None) => Self::cuda(0, precision).or_else(|error| {
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
        if let Some(precision) = precision
            && let Some(format) = precision.eight_bit()
            && let Some(reason) = cuda_probe::missing_for(format, gpu, index)
        {
            return Err(DeviceError::NoEightBit {
                precision,
                device: gpu.name.clone(),
                reason,
            });
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
    #[error("there is no number format {0:?}; use f32, bf16, fp8 or int8")]
    UnknownPrecision(String),
    /// CUDA is not to be had.
    #[error("{missing}; {remedy}, or choose the CPU as the device")]
    Cuda {
        /// What is missing.
        missing: String,
        /// How to get it.
        remedy: String,
    },
    /// The device does not multiply a format of 8 bits.
    #[error("{precision} cannot be used on {device}: {reason}; use bf16 or f32")]
    NoEightBit {
        /// The format asked for.
        precision: Precision,
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
    fn eight_bits_are_never_replaced_by_something_else() {
        for (name, precision) in [("fp8", Precision::Fp8), ("int8", Precision::Int8)] {
            assert_eq!(name.parse(), Ok(precision));
            assert_eq!(precision.to_string(), name);
            let error = Placement::resolve(DeviceChoice::Cpu, Some(precision)).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
            if let Ok(placement) = Placement::resolve(DeviceChoice::Auto, Some(precision)) {
                assert_eq!(placement.precision, precision);
                assert!(placement.is_cuda());
            }
        }
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
