//! Pictures of latents, and latents of pictures, equal the reference's.

use burn::tensor::Tensor;

use danqing::model::ForwardError;

use super::support::golden::{CASES, Networks, Tensors, assert_close, device, relative};

fn to_bytes(image: Tensor<4>) -> Vec<u8> {
    let image = (image / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0;
    let pixels = image
        .permute([0, 2, 3, 1])
        .try_into_vec_as::<f32>()
        .unwrap();
    pixels.iter().map(|value| value.round() as u8).collect()
}

#[test]
fn decoded_pictures_equal_the_reference() {
    let device = device();
    let vae = Networks::tiny("model_f32", &device).vae;
    for name in CASES {
        let golden = Tensors::case(name);
        let last = golden.list::<4>("latents", &device).pop().unwrap();
        let got = vae.decode(vae.unscale(last));
        if golden.has("image_raw") {
            let want = golden.tensor("image_raw", &device);
            assert_close(&format!("{name} image"), &got, &want, 1e-4);
        }
        let want = golden.data("image_u8").try_to_vec::<u8>().unwrap();
        let got = to_bytes(got);
        assert_eq!(got.len(), want.len());
        let worst = got.iter().zip(&want).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "{name}: {worst:?} levels off");
    }
}

#[test]
fn encoded_pictures_equal_the_reference_level_by_level() {
    let device = device();
    let vae = Networks::tiny("model_f32", &device).vae;
    let golden = Tensors::case("img2img");
    let image: Tensor<4> = golden.tensor("init_image_f32", &device);
    let encoder = vae.encoder.as_ref().unwrap();

    let mut x = encoder.conv_in.forward(image.clone());
    for (level, block) in encoder.down_blocks.iter().enumerate() {
        x = block.forward(x);
        let name = format!("vae.enc.down_blocks.{level}.out");
        assert_close(&name, &x, &golden.tensor(&name, &device), 1e-4);
    }
    let x = encoder.mid_block.forward(x);
    let want = golden.tensor("vae.enc.mid_block.out", &device);
    assert_close("middle", &x, &want, 1e-4);

    let (mean, log_variance) = vae.encode(image).unwrap();
    let want = golden.tensor("vae.enc.mean", &device);
    assert_close("mean", &mean, &want, 1e-4);
    let deviation = (log_variance * 0.5).exp();
    let want = golden.tensor("vae.enc.std", &device);
    assert_close("standard deviation", &deviation, &want, 1e-4);
}

#[test]
fn bf16_pictures_stay_near_the_reference() {
    let device = device();
    let vae = Networks::tiny("model_bf16", &device).vae;
    let golden = Tensors::case("en_square");
    let last = golden.list::<4>("latents", &device).pop().unwrap();
    let got = vae.decode(vae.unscale(last));
    let error = relative(&got, &golden.tensor("image_raw", &device));
    assert!(error <= 0.02, "{error}");
}

/// Runs `work` to its end and with an interruption at several layers of it, and returns the whole result.
fn interrupt<T>(work: impl Fn(&dyn Fn() -> bool) -> Result<T, ForwardError>) -> T {
    let asked = std::cell::Cell::new(0);
    let until = |stop_at| {
        asked.set(0);
        work(&|| {
            asked.set(asked.get() + 1);
            asked.get() == stop_at
        })
    };
    let whole = until(usize::MAX).unwrap();
    let layers = asked.get();
    assert!(layers > 10, "only {layers} chances to stop");
    for stop_at in [1, layers / 2, layers] {
        assert!(matches!(until(stop_at), Err(ForwardError::Interrupted)));
        assert_eq!(asked.get(), stop_at);
    }
    whole
}

#[test]
fn an_interruption_stops_the_decoder_between_layers() {
    let device = device();
    let vae = Networks::tiny("model_f32", &device).vae;
    let latents = Tensors::case("en_square")
        .list::<4>("latents", &device)
        .pop()
        .unwrap();
    let whole = interrupt(|interrupted| vae.decode_unless(latents.clone(), interrupted));
    assert_close("decoded", &whole, &vae.decode(latents), 0.0);
}

#[test]
fn an_interruption_stops_the_encoder_between_layers() {
    let device = device();
    let vae = Networks::tiny("model_f32", &device).vae;
    let image: Tensor<4> = Tensors::case("img2img").tensor("init_image_f32", &device);
    let whole = interrupt(|interrupted| vae.encode_unless(image.clone(), interrupted));
    let ((mean, _), (want, _)) = (whole.unwrap(), vae.encode(image).unwrap());
    assert_close("mean", &mean, &want, 0.0);
}
