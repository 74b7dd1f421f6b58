//! Reference results that travel with the project: inputs and every intermediate of the reference implementation.

use std::collections::HashMap;
use std::path::PathBuf;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Bytes, DType, Device, FloatDType, Tensor, TensorData};
use danqing::model::{
    AutoencoderKl, TextEncoder, TextEncoderConfig, Transformer, TransformerConfig, VaeConfig,
};
use safetensors::{Dtype, SafeTensors};

/// `tests/files/golden`
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files/golden")
}

/// One golden file, or one network's weights, in memory.
pub struct Tensors(HashMap<String, TensorData>);

impl Tensors {
    /// A case of `tiny` (or of `tiny_extra`, whose cases lie beside its index).
    pub fn case(name: &str) -> Self {
        let tiny = folder().join(format!("tiny/golden/{name}.safetensors"));
        let extra = folder().join(format!("tiny_extra/{name}.safetensors"));
        Self::read(&[if tiny.exists() { tiny } else { extra }])
    }

    fn read(files: &[PathBuf]) -> Self {
        let mut tensors = HashMap::new();
        for file in files {
            let bytes =
                std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            for (name, view) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
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
                tensors.insert(name, data);
            }
        }
        Self(tensors)
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
        let dtype = data.dtype;
        Tensor::from_data(data, (device, dtype))
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        let ids = self.data(name).to_vec::<i64>().unwrap();
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

/// Largest absolute difference of two tensors of one shape, f32.
pub fn distance<const D: usize>(got: &Tensor<D>, want: &Tensor<D>) -> f32 {
    assert_eq!(got.dims(), want.dims(), "shapes differ");
    let floats = |tensor: &Tensor<D>| {
        let wide = tensor.clone().cast(FloatDType::F32);
        wide.try_into_data().unwrap().to_vec::<f32>().unwrap()
    };
    let (got, want) = (floats(got), floats(want));
    assert!(got.iter().all(|value| value.is_finite()));
    got.iter()
        .zip(&want)
        .map(|(got, want)| (got - want).abs())
        .fold(0.0, f32::max)
}

/// ‖got − want‖ / ‖want‖.
pub fn relative<const D: usize>(got: &Tensor<D>, want: &Tensor<D>) -> f32 {
    assert_eq!(got.dims(), want.dims(), "shapes differ");
    let norm = |tensor: Tensor<D>| {
        let square = (tensor.clone() * tensor).sum();
        square.try_into_scalar::<f32>().unwrap().sqrt()
    };
    let (got, want) = (
        got.clone().cast(FloatDType::F32),
        want.clone().cast(FloatDType::F32),
    );
    norm(got - want.clone()) / norm(want)
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
        let root = folder().join("tiny").join(model);
        let json = |part: &str| std::fs::read_to_string(root.join(part)).unwrap();
        let text_encoder = TextEncoderConfig::from_json(&json("text_encoder/config.json")).unwrap();
        let transformer = TransformerConfig::from_json(&json("transformer/config.json")).unwrap();
        let vae = VaeConfig::from_json(&json("vae/config.json")).unwrap();
        Self {
            text_encoder: load(text_encoder.init(device), "model.", &root.join("text_encoder")),
            transformer: load(transformer.init(device), "", &root.join("transformer")),
            vae: load(vae.init(device), "", &root.join("vae")),
        }
    }
}

/// Replaces every parameter by the tensor of its name.
fn load<M: Module>(module: M, prefix: &str, folder: &std::path::Path) -> M {
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
        .collect();
    module.map(&mut Loader {
        tensors: Tensors::read(&files),
        prefix: prefix.into(),
        path: Vec::new(),
    })
}

struct Loader {
    tensors: Tensors,
    prefix: String,
    path: Vec<String>,
}

impl ModuleMapper for Loader {
    fn enter_module(&mut self, name: &str, _kind: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _kind: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = format!("{}{}", self.prefix, self.path.join("."));
        let tensor = self.tensors.tensor(&name, &param.lazy_device());
        assert_eq!(tensor.shape(), param.lazy_shape(), "{name}");
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
