//! The demo model's world: the same seed paints the same picture, and what is held out stays out.

use danqing::train::demo::caption::{self, Language, Mention};
use danqing::train::demo::render;
use danqing::train::demo::scene::{Scene, Style};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn a_seed_paints_one_picture_in_every_style() {
    for &style in Style::ALL {
        let scene = Scene {
            style,
            ..Scene::sample(11)
        };
        assert_eq!(render(&scene, 128), render(&scene, 128), "{style:?}");
        let other = Scene {
            seed: scene.seed + 1,
            ..scene.clone()
        };
        assert_ne!(render(&scene, 128), render(&other, 128), "{style:?}");
    }
}

#[test]
fn a_tenth_of_the_combinations_is_never_trained_on() {
    let held_out = (0..4000)
        .filter(|&seed| Scene::sample(seed).is_held_out())
        .count();
    assert!((300..500).contains(&held_out), "{held_out} of 4000");
    assert!((0..200).all(|seed| !Scene::sample_split(seed, false).is_held_out()));
    assert!((0..200).all(|seed| Scene::sample_split(seed, true).is_held_out()));
}

#[test]
fn captions_speak_both_languages_and_sometimes_say_nothing() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let captions: Vec<String> = (0..1000)
        .map(|seed| caption::sample(&Scene::sample(seed), rng))
        .collect();
    let empty = captions.iter().filter(|caption| caption.is_empty()).count();
    let english = captions
        .iter()
        .filter(|caption| !caption.is_empty() && caption.is_ascii())
        .count();
    assert!((60..140).contains(&empty), "{empty} empty");
    assert!((380..520).contains(&english), "{english} English");
    let scene = Scene::sample(3);
    assert!(caption::word(&scene, Language::English, Mention::ALL, rng).is_ascii());
    let chinese = caption::word(&scene, Language::Chinese, Mention::ALL, rng);
    assert!(
        !chinese.contains(|c: char| c.is_ascii_alphabetic()),
        "{chinese}"
    );
}
