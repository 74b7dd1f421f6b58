//! Every parameter of every network can be learnt.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Gradients, Tensor};
use danqing::model::{TextEncoderConfig, TransformerConfig, VaeConfig};

fn never() -> bool {
    false
}

fn small_transformer() -> TransformerConfig {
    TransformerConfig {
        dim: 32,
        n_layers: 2,
        n_refiner_layers: 1,
        n_heads: 2,
        cap_feat_dim: 12,
        axes_dims: [4, 6, 6],
        ..TransformerConfig::z_image_turbo()
    }
}

fn noise<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

/// Names of parameters without a finite gradient.
struct Untouched<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    names: Vec<String>,
}

impl ModuleVisitor for Untouched<'_> {
    fn enter_module(&mut self, name: &str, _kind: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _kind: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let touched = param.val().grad(self.gradients).is_some_and(|gradient| {
            let sum = gradient.abs().sum().try_into_scalar::<f32>().unwrap();
            sum.is_finite()
        });
        if !touched {
            self.names.push(self.path.join("."));
        }
    }
}

fn untouched(module: &impl Module, gradients: &Gradients) -> Vec<String> {
    let mut visitor = Untouched {
        gradients,
        path: Vec::new(),
        names: Vec::new(),
    };
    module.visit(&mut visitor);
    visitor.names
}

#[test]
fn gradients_reach_every_parameter_of_the_transformer() {
    let device = Device::flex().autodiff();
    let transformer = small_transformer().init(&device);
    let captions = [noise([5, 12], &device), noise([40, 12], &device)];
    let context = transformer
        .encode_context(&captions, [6, 6], &never)
        .unwrap();
    let time = Tensor::full([2], 0.4, &device);
    let out = transformer
        .forward(noise([2, 16, 6, 6], &device), time, &context, &never)
        .unwrap();
    let gradients = (out - 1.0).abs().sum().backward();
    assert_eq!(untouched(&transformer, &gradients), Vec::<String>::new());
}

#[test]
fn gradients_reach_every_parameter_of_the_autoencoder() {
    let device = Device::flex().autodiff();
    let vae = VaeConfig {
        block_out_channels: vec![8, 16],
        norm_num_groups: 4,
        layers_per_block: 1,
        ..VaeConfig::z_image_turbo()
    }
    .init(&device);
    let (mean, log_variance) = vae.encode(noise([1, 3, 8, 8], &device)).unwrap();
    let gradients = vae.decode(mean + log_variance.exp()).abs().sum().backward();
    assert_eq!(untouched(&vae, &gradients), Vec::<String>::new());
}

#[test]
fn gradients_reach_every_parameter_of_the_text_encoder() {
    let device = Device::flex().autodiff();
    let encoder = TextEncoderConfig {
        vocab_size: 20,
        hidden_size: 16,
        intermediate_size: 24,
        num_hidden_layers: 3,
        num_attention_heads: 4,
        num_key_value_heads: 2,
        head_dim: 6,
        ..TextEncoderConfig::z_image_turbo()
    }
    .init(&device);
    let out = encoder.forward(&[3, 1, 4, 1, 5, 9], &never).unwrap();
    let gradients = out.abs().sum().backward();
    assert_eq!(untouched(&encoder, &gradients), Vec::<String>::new());
}

#[test]
fn a_fresh_transformer_learns_to_copy() {
    let device = Device::flex().autodiff();
    device.seed(7);
    let mut transformer = small_transformer().init(&device);
    let mut optimizer = AdamConfig::new().init();
    let caption = noise([4, 12], &device);
    let latents = noise([2, 16, 4, 4], &device);
    let mut losses = Vec::new();
    for _ in 0..40 {
        let captions = [caption.clone(), caption.clone()];
        let context = transformer
            .encode_context(&captions, [4, 4], &never)
            .unwrap();
        let time = Tensor::full([2], 0.5, &device);
        let out = transformer
            .forward(latents.clone(), time, &context, &never)
            .unwrap();
        let error = out - latents.clone();
        let loss = (error.clone() * error).mean();
        losses.push(loss.clone().try_into_scalar::<f32>().unwrap());
        let gradients = GradientsParams::from_grads(loss.backward(), &transformer);
        transformer = optimizer.step(3e-3, transformer, gradients);
    }
    let (first, last) = (losses[0], losses[39]);
    assert!(last < 0.5 * first, "{first} fell only to {last}");
}

#[test]
fn a_full_size_network_is_described_without_memory() {
    let device = Device::flex();
    let transformer = TransformerConfig::z_image_turbo().init(&device);
    let encoder = TextEncoderConfig::z_image_turbo().init(&device);
    let vae = VaeConfig::z_image_turbo().init(&device);
    assert_eq!(transformer.num_params(), 6_154_908_736);
    assert_eq!(vae.num_params(), 83_819_683);
    // Qwen3-4B less its last layer and final norm.
    assert_eq!(encoder.num_params(), 4_022_468_096 - 100_930_816 - 2560);
    let memory = memory_stats::memory_stats().unwrap().physical_mem;
    assert!(memory < 8 << 30, "{memory} bytes in use");
}
