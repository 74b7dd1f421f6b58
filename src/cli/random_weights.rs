//! A full-size model without files: for measuring, since the speed of a network does not depend on what it learnt.

use super::Failure;
use crate::{
    checkpoint::{find_demo_model, save_module},
    files,
    model::{
        Form, SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig, layers::Embedding,
        qwen3::Layer,
    },
    pipeline::{
        Networks, PipelineError, Placement, Precision,
        preview::Projection,
        reader::{Parts, Reader},
    },
};
use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{DType, Device, Distribution, Tensor},
};
use std::{collections::BTreeMap, path::Path};

/// A model whose sizes are known without its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RandomModel {
    /// The published model: 6.2 + 4.0 + 0.1 billion weights
    ZImageTurbo,
}

impl RandomModel {
    /// Bytes of the weights that `placement` keeps, in whole billions of parameters.
    pub fn bytes(self, placement: &Placement) -> u64 {
        let Self::ZImageTurbo = self;
        let billions = if placement.low_memory { 6 } else { 10 };
        billions * 1_000_000_000 * placement.precision.dtype().size() as u64
    }

    /// Draws all weights on the device, one tensor at a time, directly in the placement's number format.
    pub fn init(self, placement: &Placement) -> Networks {
        self.init_as(placement.precision.form(), placement)
    }

    fn init_as(self, form: Form, placement: &Placement) -> Networks {
        let Self::ZImageTurbo = self;
        let device = &placement.device;
        // The same weights every time, so that formats can be compared.
        device.seed(1);
        let mut draw = Draw {
            device,
            dtype: placement.precision.dtype(),
        };
        let config = TextEncoderConfig::z_image_turbo();
        let reader = if placement.low_memory {
            Reader::Streamed(Box::new(RandomParts {
                config,
                device: device.clone(),
                dtype: placement.precision.dtype(),
            }))
        } else {
            Reader::Resident(config.init(device).map(&mut draw))
        };
        let transformer = TransformerConfig::z_image_turbo()
            .init(device)
            .load_as(form);
        let networks = Networks {
            tokenizer: None,
            reader,
            transformer: transformer.map(&mut draw),
            vae: VaeConfig::z_image_turbo().init(device).map(&mut draw),
            scheduler: SchedulerConfig::z_image_turbo(),
            projection: Projection::FLUX,
        };
        device.memory_cleanup();
        networks
    }
}

impl RandomModel {
    /// Draws the model in bfloat16 and writes it to a folder in the Hugging Face layout, 20.5 GB, so that loading can
    /// be measured. Its tokenizer is the demo model's.
    ///
    /// # Errors
    /// [`Failure::Input`] when the folder cannot be written or there is no demo model.
    pub fn write(self, placement: &Placement, out: &Path) -> Result<(), Failure> {
        let demo = find_demo_model().ok_or_else(|| {
            Failure::Input("the demo model, whose tokenizer is copied, is not installed".into())
        })?;
        let placement = Placement {
            precision: Precision::Bf16,
            low_memory: false,
            ..placement.clone()
        };
        let Networks {
            reader: Reader::Resident(text_encoder),
            transformer,
            vae,
            scheduler,
            ..
        } = self.init_as(Form::Stored, &placement)
        else {
            return Err(Failure::Failed(
                "the text encoder is not on the device".into(),
            ));
        };
        let folder = |name: &str| {
            let folder = out.join(name);
            let failed =
                |error| Failure::Input(format!("cannot create {}: {error}", folder.display()));
            std::fs::create_dir_all(&folder)
                .map_err(failed)
                .map(|()| folder.clone())
        };
        copy(
            &demo.join("model_index.json"),
            &folder("")?.join("model_index.json"),
        )?;
        copy(
            &demo.join("tokenizer/tokenizer.json"),
            &folder("tokenizer")?.join("tokenizer.json"),
        )?;
        write_config(
            &scheduler,
            &folder("scheduler")?.join("scheduler_config.json"),
        )?;
        write_config(
            text_encoder.config(),
            &folder("text_encoder")?.join("config.json"),
        )?;
        write_config(
            transformer.config(),
            &folder("transformer")?.join("config.json"),
        )?;
        write_config(vae.config(), &folder("vae")?.join("config.json"))?;
        let weights = "diffusion_pytorch_model.safetensors";
        let (none, dtype) = (BTreeMap::new(), DType::BF16);
        save_module(
            &text_encoder,
            &out.join("text_encoder/model.safetensors"),
            dtype,
            &none,
        )?;
        save_module(
            &transformer,
            &out.join("transformer").join(weights),
            dtype,
            &none,
        )?;
        save_module(&vae, &out.join("vae").join(weights), dtype, &none)?;
        Ok(())
    }
}

fn write_config(config: &impl serde::Serialize, path: &Path) -> Result<(), Failure> {
    let text =
        serde_json::to_vec_pretty(config).map_err(|error| Failure::Failed(error.to_string()))?;
    files::replace(path, &text).map_err(|error| Failure::Input(error.to_string()))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let copied = files::read_capped(from, 16 << 20).and_then(|bytes| files::replace(to, &bytes));
    copied.map_err(|error| Failure::Input(error.to_string()))
}

/// A text encoder that is drawn anew, part by part, for each prompt.
#[derive(Debug)]
struct RandomParts {
    config: TextEncoderConfig,
    device: Device,
    dtype: DType,
}

impl RandomParts {
    fn draw(&self) -> Draw<'_> {
        Draw {
            device: &self.device,
            dtype: self.dtype,
        }
    }
}

impl Parts for RandomParts {
    fn config(&self) -> &TextEncoderConfig {
        &self.config
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn embedding(&self) -> Result<Embedding, PipelineError> {
        Ok(self
            .config
            .init_embedding(&self.device)
            .map(&mut self.draw()))
    }

    fn layer(&self, _: usize) -> Result<Layer, PipelineError> {
        Ok(self.config.init_layer(&self.device).map(&mut self.draw()))
    }
}

/// Replaces parameters, which nobody has used yet, by random ones.
struct Draw<'a> {
    device: &'a Device,
    dtype: DType,
}

impl ModuleMapper for Draw<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Vectors are mostly the scales of norms: around 1 they keep activations in range.
        let mean = if D == 1 { 1.0 } else { 0.0 };
        let (shape, dtype) = (param.lazy_shape(), self.dtype);
        let weight = self.device.memory_persistent_allocations((), |()| {
            Tensor::random(
                shape.clone(),
                Distribution::Normal(mean, 0.02),
                (self.device, dtype),
            )
        });
        let id = param.id;
        param.transform_for_load(weight, id)
    }
}
