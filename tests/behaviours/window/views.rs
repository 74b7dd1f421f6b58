//! Every view in both languages, both themes, at scale 1 and 2: it draws without a missing glyph, every control has a
//! name, and what matters fits. A few are compared with pictures that were looked at.

use std::path::PathBuf;

use danqing::app::i18n::Language;
use danqing::app::state::Narrow;
use eframe::egui::{Pos2, Rect, Theme, Vec2};
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};

use super::scenes::{all, at_work, failures, first_look, painting};
use super::shown::{Shown, window};

fn options() -> SnapshotOptions {
    // Drivers round the edges of letters differently; a control that moves changes thousands of pixels.
    SnapshotOptions::new()
        .threshold(1.2)
        .max_failed_pixels(400)
        .output_path("tests/snapshots")
}

/// Where pictures of everything go when one wants to look at them.
fn look(harness: &mut Harness<'_, Shown>, name: &str) {
    if let Some(folder) = std::env::var_os("DANQING_LOOK") {
        harness
            .render()
            .unwrap()
            .save(PathBuf::from(folder).join(format!("{name}.png")))
            .unwrap();
    }
}

#[test]
fn every_view_draws_in_both_languages_and_themes() {
    for (language, tag) in [(Language::Chinese, "zh"), (Language::English, "en")] {
        for theme in [Theme::Dark, Theme::Light] {
            for (name, state) in all(language) {
                let mut harness = window(state, Vec2::new(1280.0, 800.0), 1.0, theme);
                look(&mut harness, &format!("{name} {tag} {theme:?}"));
            }
        }
    }
}

#[test]
fn every_view_draws_at_double_scale() {
    for (name, state) in all(Language::Chinese) {
        let mut harness = window(state, Vec2::new(1280.0, 800.0), 2.0, Theme::Light);
        look(&mut harness, &format!("{name} zh double"));
    }
}

/// Fault row 41.
#[test]
fn a_window_of_any_size_can_be_used() {
    for page in [Narrow::Write, Narrow::Look, Narrow::Browse] {
        let mut state = at_work(Language::Chinese);
        state.layout.narrow = page;
        let mut harness = window(state, Vec2::new(480.0, 320.0), 1.0, Theme::Dark);
        look(&mut harness, &format!("small {page:?}"));
        use egui_kittest::kittest::Queryable as _;
        if page == Narrow::Write {
            let generate = harness.get_by_label("生成").rect();
            assert!(
                generate.max.y <= 320.0 && generate.max.x <= 480.0,
                "Generate is in sight: {generate:?}"
            );
        }
    }
    for scale in [0.75, 1.5, 3.0] {
        window(
            at_work(Language::English),
            Vec2::new(1280.0, 800.0),
            scale,
            Theme::Light,
        );
    }
    let mut harness = window(
        at_work(Language::English),
        Vec2::new(3840.0, 2160.0),
        1.0,
        Theme::Dark,
    );
    look(&mut harness, "4K");
}

/// The sizes that a window is likely to have, and the least.
const SIZES: [Vec2; 4] = [
    Vec2::new(480.0, 320.0),
    Vec2::new(800.0, 500.0),
    Vec2::new(900.0, 620.0),
    Vec2::new(1400.0, 860.0),
];

#[test]
fn no_button_lies_over_another_at_any_size() {
    use egui_kittest::kittest::Queryable as _;
    let looking = std::env::var_os("DANQING_LOOK").is_some();
    for (language, tag) in [(Language::Chinese, "zh"), (Language::English, "en")] {
        for (size, page) in SIZES.iter().flat_map(|size| {
            [Narrow::Write, Narrow::Look, Narrow::Browse].map(|page| (*size, page))
        }) {
            let mut scenes = all(language);
            scenes.retain(|(name, _)| looking || *name == "at work");
            for (name, mut state) in scenes {
                state.layout.narrow = page;
                let theme = if tag == "zh" {
                    Theme::Light
                } else {
                    Theme::Dark
                };
                let mut harness = window(state, size, 1.0, theme);
                look(&mut harness, &format!("{} {page:?} {name} {tag}", size.x));
                let buttons = harness.query_all_by_role(eframe::egui::accesskit::Role::Button);
                let buttons: Vec<_> = buttons.map(|node| node.rect()).collect();
                let whole = Rect::from_min_size(Pos2::ZERO, size).expand(1.0);
                for (place, one) in buttons.iter().enumerate().filter(|_| name == "at work") {
                    let beside = one.left() >= whole.left() && one.right() <= whole.right();
                    assert!(beside, "{size} {page:?}: {one:?} is in the window");
                    // What is scrolled away lies below bars, but not in line with what stands on them.
                    let later = buttons.iter().skip(place + 1);
                    for two in later.filter(|two| two.y_range() == one.y_range()) {
                        let over = one.shrink(1.0).intersects(two.shrink(1.0));
                        assert!(!over, "{size} {page:?}: {one:?} lies over {two:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_details_of_a_failure_are_folded_and_leave_the_picture_in_sight() {
    use egui_kittest::kittest::Queryable as _;
    let mut harness = window(failures(Language::English), SIZES[3], 1.0, Theme::Dark);
    assert!(
        harness.query_by_label("no transformer folder").is_some(),
        "a short one is shown"
    );
    assert!(harness.query_by_label_contains("line 7").is_none());
    let before = harness.get_by_label("Details").rect();
    harness.get_by_label("Details").click();
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("line 7").is_some());
    let offer = harness.get_by_label("Open models").rect();
    let over = (500.0..900.0).contains(&offer.center().x);
    assert!(over, "over the picture: {offer:?}");
    assert!(before.min.y > 860.0 / 2.0, "in the lower half: {before:?}");
}

#[test]
fn the_window_looks_as_it_was_looked_at() {
    let size = Vec2::new(1280.0, 800.0);
    let mut results = SnapshotResults::new();
    for (name, state, theme) in [
        (
            "first-look-zh-light",
            first_look(Language::Chinese),
            Theme::Light,
        ),
        ("at-work-en-dark", at_work(Language::English), Theme::Dark),
        ("painting-zh-dark", painting(Language::Chinese), Theme::Dark),
    ] {
        let mut harness = window(state, size, 1.0, theme);
        results.add(harness.try_snapshot_options(name, &options()));
    }
    results.unwrap();
}
