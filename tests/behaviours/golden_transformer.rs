//! The transformer's activations and every step's latents equal the reference's.

use burn::tensor::{Device, FloatDType, Tensor};
use danqing::model::ops::KeyMask;
use danqing::model::scheduler::FlowMatchEuler;
use danqing::model::transformer::{Attention, FeedForward, SplitAttention};
use danqing::model::{Context, SchedulerConfig, Transformer};

use super::support::golden::{Networks, Tensors, assert_close, device, relative};

/// Cases without guidance, whose latents need nothing but the transformer and the schedule.
const UNGUIDED: [&str; 9] = [
    "en_square",
    "zh_nonsquare",
    "empty_prompt",
    "long_prompt",
    "caption_exactly_32",
    "caption_33",
    "batch_mixed",
    "truncated_64",
    "two_images_per_prompt",
];

/// Cases that carry activations.
const TRACED: [&str; 5] = [
    "en_square",
    "zh_nonsquare",
    "caption_33",
    "batch_mixed",
    "img2img",
];

struct Scene {
    golden: Tensors,
    context: Context,
    latents: Tensor<4>,
}

impl Scene {
    fn new(name: &str, transformer: &Transformer, device: &Device) -> Self {
        let golden = Tensors::case(name);
        let captions = golden.list::<2>("prompt_embeds", device);
        let latents: Tensor<4> = golden.tensor("initial_latents", device);
        let [batch, _, height, width] = latents.dims();
        let context = transformer
            .encode_context(&captions, [height, width], &|| false)
            .unwrap();
        let items: Vec<usize> = (0..batch)
            .map(|item| item * context.batch() / batch)
            .collect();
        Self {
            context: context.select(&items),
            golden,
            latents,
        }
    }

    fn time(&self, value: f32, device: &Device) -> Tensor<1> {
        Tensor::full([self.latents.dims()[0]], value, device)
    }

    /// Rows that are real in each item, of `rows` in all.
    fn real(&self, mask: Option<&KeyMask>, rows: usize) -> Vec<usize> {
        let batch = self.latents.dims()[0];
        mask.map_or(vec![rows; batch], |mask| mask.lengths().to_vec())
    }

    fn compare(&self, name: &str, got: Tensor<3>, real: &[usize], device: &Device) {
        let want: Tensor<3> = self.golden.tensor(name, device);
        let rows = got.dims()[1].min(want.dims()[1]);
        for (item, real) in real.iter().enumerate() {
            let item_rows = |x: &Tensor<3>| {
                let item = x.clone().narrow(0, item, 1);
                item.narrow(1, 0, rows.min(*real))
            };
            assert_close(name, &item_rows(&got), &item_rows(&want), 1e-4);
        }
    }
}

#[test]
fn every_step_equals_the_reference() {
    let device = device();
    let transformer = Networks::tiny("model_f32", &device).transformer;
    let merged = transformer.clone().merge_projections();
    for name in UNGUIDED {
        let scene = Scene::new(name, &transformer, &device);
        let mut latents = scene.latents.clone();
        let tokens = latents.dims()[2] * latents.dims()[3] / 4;
        let wanted = scene.golden.list::<4>("latents", &device);
        let config = SchedulerConfig::z_image_turbo();
        let schedule = FlowMatchEuler::new(&config, wanted.len(), tokens, None);
        for (step, want) in wanted.iter().enumerate() {
            let time = scene.time(schedule.time(step), &device);
            let call = |transformer: &Transformer| {
                transformer
                    .forward(latents.clone(), time.clone(), &scene.context, &|| false)
                    .unwrap()
            };
            let out = call(&transformer);
            assert_close("merged projections", &call(&merged), &out, 1e-5);
            latents = schedule.step(step, latents.clone(), out.neg());
            assert_close(&format!("{name} step {step}"), &latents, want, 1e-4);
        }
    }
}

#[test]
fn every_traced_activation_equals_the_reference() {
    let device = device();
    let transformer = Networks::tiny("model_f32", &device).transformer;
    for name in TRACED {
        let scene = Scene::new(name, &transformer, &device);
        trace(&scene, &transformer, &device);
    }
}

fn trace(scene: &Scene, transformer: &Transformer, device: &Device) {
    let golden = &scene.golden;
    let time = golden.tensor("transformer.t", device);
    let modulation = transformer.embed_time(time);
    let want = golden.tensor("act.adaln_input", device);
    assert_close("time", &modulation, &want, 1e-4);

    let context = &scene.context;
    let caption_rows = context.tokens().dims()[1];
    let image_tokens = context.rope().cos.dims()[1] - caption_rows;
    let real = scene.real(context.mask(), image_tokens + caption_rows);
    let captions: Vec<usize> = real.iter().map(|rows| rows - image_tokens).collect();
    let images = vec![image_tokens; real.len()];
    let items: Vec<usize> = (0..real.len()).collect();
    let table = |table: &Tensor<3>| {
        let [shared, rows, half] = table.dims();
        let batch = items.len();
        if shared == batch {
            table.clone()
        } else {
            table.clone().expand([batch, rows, half])
        }
    };
    // The reference zeroes the tables, too, where an item is shorter than the longest.
    scene.compare(
        "act.layers.rope_cos",
        table(&context.rope().cos),
        &real,
        device,
    );
    scene.compare(
        "act.layers.rope_sin",
        table(&context.rope().sin),
        &real,
        device,
    );
    let last = transformer.context_refiner.len() - 1;
    let name = format!("act.context_refiner.{last}.out");
    scene.compare(&name, context.tokens(), &captions, device);

    let mut x = transformer.embed_latents(first_latents(golden, device));
    scene.compare("act.noise_refiner.in", x.clone(), &images, device);
    let rope = context.image_rope(image_tokens);
    for (index, block) in transformer.noise_refiner.iter().enumerate() {
        x = block.forward(x, Some(modulation.clone()), &rope, None);
        let name = format!("act.noise_refiner.{index}.out");
        scene.compare(&name, x.clone(), &images, device);
    }
    let mut x = Tensor::cat(vec![x, context.tokens()], 1);
    scene.compare("act.layers.in", x.clone(), &real, device);
    if golden.has("act.layers.0.attention.out") {
        trace_block(golden, transformer, x.clone(), &modulation, context, device);
    }
    for (index, block) in transformer.layers.iter().enumerate() {
        x = block.forward(x, Some(modulation.clone()), context.rope(), context.mask());
        let name = format!("act.layers.{index}.out");
        scene.compare(&name, x.clone(), &real, device);
    }
    let out = transformer
        .all_final_layer
        .inner
        .forward(x, modulation.clone());
    scene.compare("act.final_layer.out", out, &real, device);
}

/// The latents of the first call: all items as one batch.
fn first_latents(golden: &Tensors, device: &Device) -> Tensor<4> {
    let items = golden.list::<4>("transformer.x", device);
    let items = items.into_iter().map(|x| x.swap_dims(0, 1)).collect();
    Tensor::cat(items, 0)
}

/// The inside of the first main block, op by op.
fn trace_block(
    golden: &Tensors,
    transformer: &Transformer,
    x: Tensor<3>,
    modulation: &Tensor<2>,
    context: &Context,
    device: &Device,
) {
    let close = |name: &str, got: &Tensor<3>| {
        let name = format!("act.layers.0.{name}.out");
        assert_close(&name, got, &golden.tensor(&name, device), 1e-4);
    };
    let block = &transformer.layers[0];
    let projected = block.adaLN_modulation.as_ref().unwrap()[0].forward(modulation.clone());
    let want = golden.tensor("act.layers.0.adaLN_modulation.out", device);
    assert_close("modulation", &projected, &want, 1e-4);
    let [scale, gate, scale_ffn, _] = [0, 1, 2, 3].map(|part| {
        projected.clone().chunk(4, 1)[part]
            .clone()
            .unsqueeze_dim::<3>(1)
    });

    let normed = block.attention_norm1.forward(x.clone());
    close("attention_norm1", &normed);
    let entered = normed * (scale + 1.0);
    let Attention::Split(SplitAttention {
        to_q, to_k, to_v, ..
    }) = &block.attention
    else {
        panic!("projections are split after loading")
    };
    close("attention.to_q", &to_q.forward(entered.clone()));
    close("attention.to_k", &to_k.forward(entered.clone()));
    close("attention.to_v", &to_v.forward(entered.clone()));
    let attended = block
        .attention
        .forward(entered, context.rope(), context.mask());
    close("attention.out".trim_end_matches(".out"), &attended);
    let left = block.attention_norm2.forward(attended);
    close("attention_norm2", &left);
    let x = x + left * gate.tanh();

    let entered = block.ffn_norm1.forward(x) * (scale_ffn + 1.0);
    let want = golden.tensor("act.layers.0.feed_forward.in", device);
    assert_close("feed_forward.in", &entered, &want, 1e-4);
    assert!(matches!(block.feed_forward, FeedForward::Split(_)));
    let out = block.feed_forward.forward(entered);
    close("feed_forward", &out);
    close("ffn_norm2", &block.ffn_norm2.forward(out));
}

#[test]
fn a_guided_batch_equals_the_reference() {
    let device = device();
    let transformer = Networks::tiny("model_f32", &device).transformer;
    for name in ["cfg_negative", "cfg_norm_trunc_batch"] {
        let golden = Tensors::case(name);
        let mut captions = golden.list::<2>("prompt_embeds", &device);
        captions.extend(golden.list::<2>("negative_prompt_embeds", &device));
        let latents: Tensor<4> = golden.tensor("initial_latents", &device);
        let [batch, _, height, width] = latents.dims();
        let copies = captions.len() / batch;
        let context = transformer
            .encode_context(&captions, [height, width], &|| false)
            .unwrap();
        let time = golden.tensor("transformer.t", &device);
        let out = transformer
            .forward(latents.repeat_dim(0, copies), time, &context, &|| false)
            .unwrap();
        for (item, want) in golden
            .list::<4>("transformer.out", &device)
            .iter()
            .enumerate()
        {
            let got = out.clone().narrow(0, item, 1).swap_dims(0, 1);
            assert_close(&format!("{name} item {item}"), &got, want, 1e-4);
        }
    }
}

#[test]
fn bf16_steps_stay_near_the_reference() {
    let device = device();
    let transformer = Networks::tiny("model_bf16", &device).transformer;
    let scene = Scene::new("en_square", &transformer, &device);
    let schedule = FlowMatchEuler::new(&SchedulerConfig::z_image_turbo(), 8, 16, None);
    let mut latents = scene.latents.clone();
    for step in 0..schedule.steps() {
        let time = scene.time(schedule.time(step), &device);
        let out = transformer
            .forward(latents.clone(), time, &scene.context, &|| false)
            .unwrap();
        latents = schedule.step(step, latents, out.neg().cast(FloatDType::F32));
    }
    let want = scene.golden.list::<4>("latents", &device).pop().unwrap();
    let error = relative(&latents, &want);
    println!("bf16 after 8 steps: {error}");
    assert!(error <= 0.02, "{error}");
}

#[test]
fn an_interruption_stops_between_blocks() {
    let device = device();
    let transformer = Networks::tiny("model_f32", &device).transformer;
    let scene = Scene::new("en_square", &transformer, &device);
    let asked = std::cell::Cell::new(0);
    let out = transformer.forward(
        scene.latents.clone(),
        scene.time(0.0, &device),
        &scene.context,
        &|| {
            asked.set(asked.get() + 1);
            asked.get() == 2
        },
    );
    assert!(out.is_err());
    assert_eq!(asked.get(), 2);
}
