//! What a seed promises.

use danqing::checkpoint::Checkpoint;
use danqing::pipeline::noise::Noise;
use danqing::pipeline::{CancelToken, DeviceChoice, Pipeline, Placement, Silent};
use danqing::request::{Count, Guidance, ImageSize, Prompt, Request, Seed, Steps};

use super::support::program::{generate, succeed, tiny_model};

#[test]
fn the_same_seed_gives_the_same_file_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let paint = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        succeed(&mut generate(
            &["a fox", "--size", "48x32", "--seed", seed],
            &out,
        ));
        std::fs::read(out).unwrap()
    };
    let first = paint("a.png", "18446744073709551615");
    assert_eq!(first, paint("b.png", "18446744073709551615"));
    assert_ne!(first, paint("c.png", "0"));
}

#[test]
fn a_picture_is_the_same_alone_and_among_others() {
    let checkpoint = Checkpoint::open(&tiny_model()).unwrap();
    let placement = Placement::resolve(DeviceChoice::Cpu, None).unwrap();
    let mut pipeline =
        Pipeline::load(&checkpoint, &placement, &mut |_, _| {}, &CancelToken::new()).unwrap();
    let mut request = Request::new(Prompt::new("a fox").unwrap(), Seed(u64::MAX));
    request.size = ImageSize::new(48, 64).unwrap();
    request.steps = Steps::new(2).unwrap();
    request.guidance = Guidance::new(3.0).unwrap();
    request.count = Count::new(3).unwrap();
    let mut paint = |request: &Request| {
        pipeline
            .generate(request, &mut Silent, &CancelToken::new())
            .unwrap()
    };
    let together = paint(&request);
    assert_eq!(
        together
            .iter()
            .map(|picture| picture.seed.0)
            .collect::<Vec<_>>(),
        [u64::MAX, 0, 1]
    );
    for picture in &together {
        (request.seed, request.count) = (picture.seed, Count::default());
        let alone = paint(&request);
        assert_eq!(alone[0].pixels, picture.pixels);
        assert_eq!(alone[0].latents, picture.latents);
    }
}

/// Computed with another implementation of ChaCha20, in Python. A change of these numbers would make every recorded
/// seed mean another picture.
#[test]
fn the_noise_of_a_seed_never_changes() {
    let numbers = Noise::new(Seed(42)).draw(4);
    let bits: Vec<String> = numbers
        .iter()
        .map(|number| format!("{number:.6}"))
        .collect();
    assert_eq!(bits, NOISE_OF_42);
}

const NOISE_OF_42: [&str; 4] = ["-0.355010", "-1.273099", "0.495114", "0.681501"];
