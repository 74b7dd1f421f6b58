//! Reference results that travel with the project: inputs and every intermediate of the reference implementation.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::{Bytes, DType, Device, FloatDType, Tensor, TensorData};
use danqing::checkpoint::Checkpoint;
use danqing::model::{AutoencoderKl, TextEncoder, Transformer};
use danqing::pipeline::{DeviceChoice, Placement, Precision};
use safetensors::{Dtype, SafeTensors};

/// The cases of `tiny` in f32.
pub const CASES: [&str; 13] = [
    "en_square",
    "zh_nonsquare",
    "empty_prompt",
    "long_prompt",
    "caption_exactly_32",
    "caption_33",
    "batch_mixed",
    "cfg_negative",
    "cfg_norm_trunc_batch",
    "truncated_64",
    "two_images_per_prompt",
    "img2img",
    "inpaint",
];

/// `tests/files/golden`, in the sources, or in the working directory where the built tests were carried elsewhere.
pub fn folder() -> PathBuf {
    let inside = Path::new("tests/files/golden");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(inside);
    if sources.is_dir() {
        sources
    } else {
        inside.to_owned()
    }
}

/// The device that is held to the reference: the CPU, or what `DANQING_TEST_DEVICE` names (`cuda`), in `precision`.
pub fn placement(precision: Precision) -> Placement {
    let device = std::env::var("DANQING_TEST_DEVICE")
        .map_or(DeviceChoice::Cpu, |device| device.parse().unwrap());
    Placement::resolve(device, Some(precision)).unwrap()
}

/// [`placement`] as burn knows it.
pub fn device() -> Device {
    placement(Precision::F32).device
}

/// One golden file, or one network's weights, in memory.
pub struct Tensors(HashMap<String, TensorData>);

impl Tensors {
    /// A case of `tiny` (or of `tiny_extra`, whose cases lie beside its index).
    pub fn case(name: &str) -> Self {
        let tiny = folder().join(format!("tiny/golden/{name}.safetensors"));
        let extra = folder().join(format!("tiny_extra/{name}.safetensors"));
        Self::open(if tiny.exists() { &tiny } else { &extra })
    }

    /// All tensors of a file.
    pub fn open(file: &Path) -> Self {
        let bytes =
            std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors();
        let data = tensors.into_iter().map(|(name, view)| {
            let dtype = match view.dtype() {
                Dtype::F32 => DType::F32,
                Dtype::BF16 => DType::BF16,
                Dtype::I64 => DType::I64,
                Dtype::U8 => DType::U8,
                Dtype::BOOL => DType::U8,
                other => panic!("{name} is {other:?}"),
            };
            let data = Bytes::from_bytes_vec(view.data().to_vec());
            let data = TensorData::from_bytes(data, view.shape().to_vec(), dtype);
            (name, data)
        });
        Self(data.collect())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn data(&self, name: &str) -> &TensorData {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("the golden file has no `{name}`"))
    }

    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let data = self.data(name).clone();
        let dtype = data.dtype();
        Tensor::from_data(data, (device, dtype))
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        let ids = self.data(name).try_to_vec::<i64>().unwrap();
        ids.into_iter().map(|id| id as u32).collect()
    }

    /// The tensors `{name}.0`, `{name}.1`, …
    pub fn list<const D: usize>(&self, name: &str, device: &Device) -> Vec<Tensor<D>> {
        (0..)
            .map(|index| format!("{name}.{index}"))
            .take_while(|name| self.has(name))
            .map(|name| self.tensor(&name, device))
            .collect()
    }
}

/// The numbers of two tensors of one shape side by side, on the host: nothing that is compared is computed on a device.
fn pairs<const D: usize>(got: &Tensor<D>, want: &Tensor<D>) -> Vec<(f32, f32)> {
    assert_eq!(got.dims(), want.dims(), "shapes differ");
    let floats = |tensor: &Tensor<D>| {
        let wide = tensor.clone().cast(FloatDType::F32);
        wide.try_into_data().unwrap().try_to_vec::<f32>().unwrap()
    };
    let (got, want) = (floats(got), floats(want));
    assert!(got.iter().all(|value| value.is_finite()));
    got.into_iter().zip(want).collect()
}

/// Largest absolute difference of two tensors of one shape, f32.
pub fn distance<const D: usize>(got: &Tensor<D>, want: &Tensor<D>) -> f32 {
    let pairs = pairs(got, want).into_iter();
    pairs
        .map(|(got, want)| (got - want).abs())
        .fold(0.0, f32::max)
}

/// ‖got − want‖ / ‖want‖.
pub fn relative<const D: usize>(got: &Tensor<D>, want: &Tensor<D>) -> f32 {
    let (mut error, mut norm) = (0f64, 0f64);
    for (got, want) in pairs(got, want) {
        error += f64::from(got - want).powi(2);
        norm += f64::from(want).powi(2);
    }
    (error / norm).sqrt() as f32
}

/// Fails naming `what` if `got` is further than `bound` from `want` anywhere.
#[track_caller]
pub fn assert_close<const D: usize>(what: &str, got: &Tensor<D>, want: &Tensor<D>, bound: f32) {
    let distance = distance(got, want);
    println!("{what}: {distance:.1e}");
    assert!(
        distance <= bound,
        "{what} is {distance} off, {bound} is allowed"
    );
}

/// The networks of `tiny/model_f32` or `tiny/model_bf16`.
pub struct Networks {
    pub text_encoder: TextEncoder,
    pub transformer: Transformer,
    pub vae: AutoencoderKl,
}

impl Networks {
    pub fn tiny(model: &str, device: &Device) -> Self {
        let checkpoint = Checkpoint::open(&folder().join("tiny").join(model)).unwrap();
        let dtype = if model.ends_with("bf16") {
            DType::BF16
        } else {
            DType::F32
        };
        let progress = &mut |_, _| ControlFlow::Continue(());
        Self {
            text_encoder: checkpoint
                .load_text_encoder(device, dtype, progress)
                .unwrap(),
            transformer: checkpoint
                .load_transformer(device, dtype, progress)
                .unwrap(),
            vae: checkpoint.load_vae(device, dtype, progress).unwrap(),
        }
    }
}
