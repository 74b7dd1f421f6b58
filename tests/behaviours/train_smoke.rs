//! A training lowers its loss, and one that was interrupted goes on bit for bit.

use std::path::Path;
use std::time::Duration;

use burn::tensor::{Device, Tensor, TensorData};
use danqing::model::AutoencoderKl;
use danqing::pipeline::noise::Noise;
use danqing::request::Seed;
use danqing::train::TrainError;
use danqing::train::autoencoding::{self, Trained, Weights};
use danqing::train::demo::{autoencoder, networks::Sizes, pictures};
use danqing::train::optimizer::{LearningRate, OptimizerConfig};
use danqing::train::parameters::{Named, values};
use danqing::train::trainer::{Plan, Trainer};

const PIECE: u64 = 8;

fn plan(folder: &Path) -> Plan {
    Plan {
        rate: LearningRate {
            peak: 3e-3,
            warm_up: 2,
            hold: 0.0,
            total: 3 * PIECE,
        },
        piece: PIECE,
        limit: Duration::from_secs(600),
        folder: folder.to_path_buf(),
        save_every: 0,
    }
}

fn new_trainer(device: &Device) -> Trainer<AutoencoderKl> {
    device.seed(5);
    Trainer::new(
        Sizes::tiny().vae.init(device),
        autoencoder::optimizer(),
        Some(0.99),
    )
}

/// Trains one piece on crops whose order depends on the step alone.
fn train(trainer: &mut Trainer<AutoencoderKl>, folder: &Path, device: &Device) {
    let mut next = trainer.step;
    let batch = || {
        next += 1;
        Ok((next, pictures::crops(7, next % 2..next % 2 + 1)))
    };
    let loss = |vae: &AutoencoderKl, (step, batch): (u64, pictures::PictureBatch)| {
        let side = batch.size as usize / 8;
        let shape = [batch.count, 16, side, side];
        let noise = Noise::new(Seed(step)).draw(shape.iter().product());
        let noise = Tensor::from_data(TensorData::new(noise, shape), device);
        let pictures = pictures::tensor(batch.planes, batch.count, batch.size, device);
        autoencoding::loss(vae, pictures, noise, Weights::default(), Trained::Both)
            .ok_or(TrainError::Batches)
    };
    trainer.run(&plan(folder), batch, loss, |_| Ok(())).unwrap();
}

fn bits(named: &Named) -> Vec<(String, Vec<u32>)> {
    let bits_of = |value: &Tensor<1>| {
        let data = value.clone().try_into_data().unwrap();
        data.iter::<f32>().map(f32::to_bits).collect()
    };
    named
        .iter()
        .map(|(name, value)| (name.clone(), bits_of(value)))
        .collect()
}

#[test]
fn a_training_learns_and_goes_on_bit_for_bit_after_an_interruption() {
    let device = Device::flex().autodiff();
    let (first, second, copy) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );

    let mut straight = new_trainer(&device);
    train(&mut straight, first.path(), &device);
    for file in std::fs::read_dir(first.path()).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    train(&mut straight, second.path(), &device);

    let mut interrupted = new_trainer(&device);
    interrupted.resume(&plan(copy.path()), &device).unwrap();
    assert_eq!(interrupted.step, PIECE);
    train(&mut interrupted, copy.path(), &device);

    assert_eq!(interrupted.step, 2 * PIECE);
    assert_eq!(
        bits(&values(&straight.module)),
        bits(&values(&interrupted.module))
    );
    assert_eq!(
        bits(&straight.average.as_ref().unwrap().values),
        bits(&interrupted.average.as_ref().unwrap().values)
    );
    assert_eq!(
        bits(&straight.optimizer.second),
        bits(&interrupted.optimizer.second)
    );
    assert_eq!(straight.curve, interrupted.curve);

    let points = straight.curve.points();
    let (early, late) = (points[0].1, points[points.len() - 1].1);
    assert!(late < 0.8 * early, "the loss went from {early} to {late}");
}

#[test]
fn a_state_of_another_network_is_refused_by_the_tensor_that_does_not_fit() {
    let device = Device::flex().autodiff();
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = new_trainer(&device);
    trainer.save(folder.path(), false).unwrap();
    let mut sizes = Sizes::tiny().vae;
    sizes.block_out_channels = vec![16; 4];
    let mut other = Trainer::new(sizes.init(&device), OptimizerConfig::default(), Some(0.99));
    let error = other
        .resume(&plan(folder.path()), &device)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("weights.safetensors") && error.contains("does not belong"),
        "{error}"
    );
}
