//! Size, steps, guidance, count and seed.

use std::cmp::Ordering;

use eframe::egui::{self, Align, Layout, TextEdit, Ui, vec2};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::theme::{GRID, Tokens};
use crate::request::{Count, Draft, Guidance, ImageSize, Steps};

/// The sizes of one press.
const SIZES: [(u32, u32); 5] = [
    (512, 512),
    (768, 768),
    (1024, 1024),
    (1024, 576),
    (576, 1024),
];
/// The size that the small model was taught at.
const DEMO_SIZE: (u32, u32) = (256, 256);
/// The longest side of the sliders.
const LONGEST: u32 = 2048;
/// The transformer calls that Turbo was distilled to.
const NATIVE_STEPS: u32 = 8;

/// Draws the two cards.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        size(ui, view);
    });
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        sampling(ui, view);
        seed(ui, view);
    });
}

fn send_draft(view: &mut View<'_>, change: impl FnOnce(&mut Draft)) {
    let mut draft = view.state.draft.clone();
    change(&mut draft);
    if draft != view.state.draft {
        view.send(Command::Draft(Box::new(draft)));
    }
}

fn size(ui: &mut Ui, view: &mut View<'_>) {
    let size = view.state.draft.size;
    ui.horizontal(|ui| {
        widgets::title(ui, &view.say("size-title"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let keep = view.state.desk.keep_ratio;
            let (icon, key) = if keep {
                (Icon::Lock, "size-ratio-free")
            } else {
                (Icon::Unlock, "size-ratio-keep")
            };
            let name = view.say(key);
            if widgets::small_icon_toggle(ui, icon, &name, keep).clicked() {
                view.send(Command::KeepRatio(!keep));
            }
            let name = view.say(Action::SwapSides.key());
            view.act(ui, Action::SwapSides, |ui| {
                widgets::small_icon_button(ui, Icon::Swap, &name)
            });
        });
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 6.0);
        let demo = view.state.demo_active();
        let sizes = demo.then_some(DEMO_SIZE).into_iter().chain(SIZES);
        for (width, height) in sizes {
            let chosen = (width, height) == (size.width(), size.height());
            let text = match width.cmp(&height) {
                Ordering::Equal => format!("{width}²"),
                Ordering::Greater => "16:9".to_owned(),
                Ordering::Less => "9:16".to_owned(),
            };
            let full = view.say_with(
                "size-one-click",
                &[("width", width.into()), ("height", height.into())],
            );
            if widgets::chip(ui, &text, chosen)
                .accessible_name(&full)
                .on_hover_text(&full)
                .clicked()
                && let Ok(size) = ImageSize::new(width, height)
            {
                send_draft(view, |draft| draft.size = size);
            }
        }
    });
    sides(ui, view, size);
}

fn sides(ui: &mut Ui, view: &mut View<'_>, size: ImageSize) {
    let shortest = if view.state.demo_active() {
        128.0
    } else {
        256.0
    };
    let keep = view.state.desk.keep_ratio;
    let pixels = |value: f64| format!("{value:.0} px");
    let range = shortest..=f64::from(LONGEST);
    let (mut width, mut height) = (f64::from(size.width()), f64::from(size.height()));
    let name = view.say("size-width");
    widgets::slider_row(ui, &name, &mut width, range.clone(), 16.0, pixels);
    let name = view.say("size-height");
    widgets::slider_row(ui, &name, &mut height, range, 16.0, pixels);
    let wide = (width - f64::from(size.width())).abs() >= 1.0;
    let high = (height - f64::from(size.height())).abs() >= 1.0;
    if !wide && !high {
        return;
    }
    let ratio = f64::from(size.width()) / f64::from(size.height());
    if keep && wide {
        height = width / ratio;
    } else if keep {
        width = height * ratio;
    }
    let side =
        |value: f64| ((value / 16.0).round() * 16.0).clamp(shortest, f64::from(LONGEST)) as u32;
    if let Ok(size) = ImageSize::new(side(width), side(height)) {
        send_draft(view, |draft| draft.size = size);
    }
}

fn sampling(ui: &mut Ui, view: &mut View<'_>) {
    let draft = &view.state.draft;
    let mut steps = f64::from(draft.steps.get());
    let mut guidance = f64::from(draft.guidance.get());
    let mut count = f64::from(draft.count.get());
    let range = f64::from(Steps::MIN)..=f64::from(Steps::MAX);
    let row = widgets::slider_row(
        ui,
        &view.say("sampling-steps"),
        &mut steps,
        range,
        1.0,
        |value| format!("{value:.0}"),
    );
    mark_native(ui, &row, f64::from(NATIVE_STEPS));
    row.on_hover_text(view.say("sampling-steps-native"));
    if (steps - f64::from(NATIVE_STEPS)).abs() > 0.5 {
        widgets::hint(ui, &view.say("sampling-steps-other"));
    }
    let off = view.say("sampling-guidance-off");
    let range = f64::from(Guidance::MIN)..=f64::from(Guidance::MAX);
    let row = widgets::slider_row(
        ui,
        &view.say("sampling-guidance"),
        &mut guidance,
        range,
        0.5,
        |value| {
            if value <= 1.0 {
                off.clone()
            } else {
                format!("{value:.1}")
            }
        },
    );
    row.on_hover_text(view.say("sampling-guidance-native"));
    if guidance > 1.0 {
        widgets::hint(ui, &view.say("sampling-guidance-cost"));
    }
    widgets::slider_row(
        ui,
        &view.say("sampling-count"),
        &mut count,
        1.0..=8.0,
        1.0,
        |value| format!("{value:.0}"),
    );
    send_draft(view, |draft| {
        draft.steps = Steps::new(steps as u32).unwrap_or(draft.steps);
        draft.guidance = Guidance::new(guidance as f32).unwrap_or(draft.guidance);
        draft.count = Count::new(count as u32).unwrap_or(draft.count);
    });
}

/// A tick on the steps slider where the model is at home.
fn mark_native(ui: &Ui, row: &egui::Response, native: f64) {
    let t = Tokens::of(ui);
    let right = row.rect.right() - widgets::VALUE_WIDTH - GRID;
    let (left, right) = (row.rect.left() + widgets::HANDLE, right - widgets::HANDLE);
    let share = (native - f64::from(Steps::MIN)) / f64::from(Steps::MAX - Steps::MIN);
    let x = egui::lerp(left..=right, share as f32);
    let y = row.rect.center().y + 9.0;
    ui.painter().line_segment(
        [egui::pos2(x, y), egui::pos2(x, y + 4.0)],
        egui::Stroke::new(2.0, t.accent_text),
    );
}

fn seed(ui: &mut Ui, view: &mut View<'_>) {
    let held = view.state.draft.seed.is_some();
    let title = view.say("seed-title");
    widgets::labelled_row(ui, &title, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let mut text = view.state.desk.seed_text.clone();
        let field = TextEdit::singleline(&mut text)
            .id(egui::Id::unique("the seed"))
            .desired_width((ui.available_width() - 2.0 * 36.0).max(60.0))
            .margin(egui::Margin::symmetric(8, 6))
            .hint_text(view.say("seed-random"))
            .char_limit(24);
        let response = field.show(ui).response.response.accessible_name(&title);
        let key = if held {
            "seed-held-hint"
        } else {
            "seed-free-hint"
        };
        if response.on_hover_text(view.say(key)).changed() {
            view.send(Command::SeedText(text));
        }
        let (icon, key) = if held {
            (Icon::Lock, "seed-held")
        } else {
            (Icon::Unlock, "seed-free")
        };
        let name = view.say(key);
        let tip = view.say("seed-hold-tip");
        view.act(ui, Action::HoldSeed, |ui| {
            widgets::icon_toggle_tip(ui, icon, &name, &tip, held)
        });
        view.act_icon(ui, Icon::Dice, Action::DrawSeed);
    });
    let typed = view.state.desk.seed_text.trim();
    if !typed.is_empty() && typed.parse::<u64>().is_err() {
        let color = Tokens::of(ui).error;
        let text = egui::RichText::new(view.say("seed-wrong"))
            .small()
            .color(color);
        ui.add(egui::Label::new(text).wrap());
    }
}
