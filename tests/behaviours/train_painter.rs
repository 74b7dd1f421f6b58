//! The painter's training goes on bit for bit after an interruption, and teaches another one its guided velocities.

use std::path::Path;
use std::time::Duration;

use burn::tensor::Device;
use danqing::train::autoencoding::Trained;
use danqing::train::demo::painter::{self, Distillation};
use danqing::train::demo::{autoencoder, networks::Sizes};
use danqing::train::optimizer::LearningRate;
use danqing::train::trainer::Plan;

/// Steps of a piece; two of them meet every shape of picture.
const PIECE: u64 = 9;

fn plan(folder: &Path, total: u64) -> Plan {
    Plan {
        rate: LearningRate {
            peak: 2e-3,
            warm_up: 4,
            hold: 0.5,
            total,
        },
        piece: u64::MAX,
        limit: Duration::from_secs(600),
        folder: folder.to_path_buf(),
        save_every: 0,
    }
}

fn train_autoencoder(folder: &Path, device: &Device) {
    let job = autoencoder::Job {
        sizes: Sizes::tiny(),
        seed: 4,
        batch: 1,
        crop_share: 0.5,
        optimizer: autoencoder::optimizer(),
        average: None,
        trained: Trained::Both,
        plan: plan(folder, 2),
    };
    autoencoder::run(&job, device).unwrap();
}

fn job(root: &Path, name: &str) -> painter::Job {
    painter::Job {
        sizes: Sizes::tiny(),
        seed: 4,
        batch: 4,
        pool: 64,
        cache: Some(root.join("pictures")),
        small_share: 0.1,
        distillation: None,
        optimizer: painter::optimizer(),
        average: None,
        plan: plan(&root.join(name), 2 * PIECE),
    }
}

fn weights(root: &Path, name: &str) -> Vec<u8> {
    std::fs::read(root.join(name).join("weights.safetensors")).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn last_loss(root: &Path, name: &str) -> f32 {
    let curve = std::fs::read_to_string(root.join(name).join("loss.csv")).unwrap();
    let (_, loss) = curve.lines().last().unwrap().split_once(',').unwrap();
    loss.parse().unwrap()
}

#[test]
fn a_painter_goes_on_bit_for_bit_and_teaches_another() {
    let device = Device::flex();
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let pictures = root.join("autoencoder");
    train_autoencoder(&pictures, &device);
    std::fs::create_dir_all(root.join("pictures")).unwrap();

    // Other tests draw from burn's generator of first weights meanwhile, so both trainings get the same ones.
    let mut begun = job(root, "straight");
    begun.plan.piece = 0;
    painter::run(&begun, &pictures, &device).unwrap();
    copy(&root.join("straight"), &root.join("pieces"));

    let mut straight = job(root, "straight");
    straight.plan.save_every = PIECE;
    painter::run(&straight, &pictures, &device).unwrap();

    let mut pieces = job(root, "pieces");
    pieces.plan.piece = PIECE;
    painter::run(&pieces, &pictures, &device).unwrap();
    assert_ne!(weights(root, "straight"), weights(root, "pieces"));
    painter::run(&pieces, &pictures, &device).unwrap();
    assert!(weights(root, "straight") == weights(root, "pieces"));

    let mut pupil = job(root, "pupil");
    pupil.distillation = Some(Distillation {
        teacher: root.join("straight"),
        guidance: 2.0,
    });
    pupil.plan.rate.total = 4;
    painter::run(&pupil, &pictures, &device).unwrap();
    // It begins with its teacher's weights, so only the guidance is left to learn.
    assert!(last_loss(root, "pupil") < 0.5 * last_loss(root, "straight"));
    assert_ne!(weights(root, "straight"), weights(root, "pupil"));
}
