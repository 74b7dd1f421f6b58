//! A checkpoint of the same family whose every size differs from the other golden ones: see `golden/other/make.py`.

use danqing::checkpoint::Checkpoint;
use danqing::pipeline::{
    Batch, CancelToken, GivenNoise, Latents, Observer, Pipeline, Precision, StepReport,
};
use danqing::request::{ImageSize, Prompt, Request, Seed, Steps};

use super::support::golden::{Tensors, folder, placement};

/// The latents and the noise level after each step.
#[derive(Default)]
struct Recorder(Vec<(Vec<f32>, f32)>);

impl Observer for Recorder {
    fn step(&mut self, report: &StepReport<'_>) {
        self.0.push((report.latents.to_vec(), report.sigma));
        // A space of eight channels has a preview as well, if only a rough one.
        assert_eq!(report.preview().dimensions(), (20, 12));
    }
}

fn floats(golden: &Tensors, name: &str) -> Vec<f32> {
    golden.data(name).try_to_vec::<f32>().unwrap()
}

#[test]
fn a_checkpoint_of_other_sizes_and_another_schedule_equals_the_reference() {
    let folder = folder().join("other");
    let golden = Tensors::open(&folder.join("picture.safetensors"));
    let checkpoint = Checkpoint::open(&folder).unwrap();
    assert!(checkpoint.check().is_sound());
    let placement = placement(Precision::F32);
    let cancel = CancelToken::new();
    let mut pipeline = Pipeline::load(&checkpoint, &placement, &mut |_, _| {}, &cancel).unwrap();

    let prompt = Prompt::new("A red fox jumps over the snow, 水墨画.").unwrap();
    let mut request = Request::new(prompt, Seed(1));
    request.size = ImageSize::new(80, 48).unwrap();
    request.steps = Steps::new(3).unwrap();
    let noise = floats(&golden, "initial_latents");
    let noise = GivenNoise {
        initial: Latents::new([1, 8, 12, 20], noise).unwrap(),
        posterior: None,
    };
    let batch = Batch {
        request: &request,
        more_prompts: &[],
        noise: Some(&noise),
    };
    let mut recorder = Recorder::default();
    let pictures = pipeline
        .generate_batch(&batch, &mut recorder, &cancel)
        .unwrap();

    let sigmas = floats(&golden, "sigmas");
    assert_eq!(recorder.0.len(), 3);
    for (step, (latents, sigma)) in recorder.0.iter().enumerate() {
        assert!(
            (sigma - sigmas[step + 1]).abs() < 1e-6,
            "{sigma} after step {step}"
        );
        let wanted = floats(&golden, &format!("latents.{step}"));
        let pairs = latents.iter().zip(&wanted);
        let distance = pairs
            .map(|(got, want)| (got - want).abs())
            .fold(0.0, f32::max);
        assert_eq!(latents.len(), wanted.len());
        assert!(distance <= 1e-4, "{distance} after step {step}");
    }
    let wanted = golden.data("image_u8").try_to_vec::<u8>().unwrap();
    let got = pictures[0].pixels.as_raw();
    assert_eq!(got.len(), wanted.len());
    let levels = got
        .iter()
        .zip(&wanted)
        .map(|(got, want)| got.abs_diff(*want))
        .max();
    assert!(levels <= Some(1), "{levels:?} levels off");
}
