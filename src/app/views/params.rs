//! Size, steps, guidance, count and seed.

use std::ops::RangeInclusive;

use eframe::egui::{self, Align, Layout, TextEdit, Ui, vec2};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::theme::{GRID, Tokens};
use crate::pipeline::Suited;
use crate::request::{Count, Draft, Guidance, ImageSize, Steps};

/// The longest side of the sliders.
const LONGEST: u32 = 2048;

/// Draws the two cards.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let suited = view.state.suited();
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        size(ui, view, &suited);
    });
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        sampling(ui, view, &suited);
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

fn size(ui: &mut Ui, view: &mut View<'_>, suited: &Suited) {
    let size = view.state.draft.size;
    ui.horizontal(|ui| {
        widgets::title(ui, &view.say("size-title"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let keep = view.state.desk.keep_ratio.is_some();
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
    one_click(ui, view, suited);
    sides(ui, view, size, suited);
    if !suited.holds(size) {
        let hint = view.say_with(
            "size-not-suited",
            &[
                ("shortest", suited.shortest.to_string().into()),
                ("longest", suited.longest.to_string().into()),
            ],
        );
        let text = egui::RichText::new(hint).small();
        ui.add(egui::Label::new(text.color(Tokens::of(ui).warning)).wrap());
    }
}

/// The sizes of one press.
fn one_click(ui: &mut Ui, view: &mut View<'_>, suited: &Suited) {
    let now = view.state.draft.size;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 6.0);
        for size in &suited.sizes {
            let full = view.say_with(
                "size-one-click",
                &[
                    ("width", size.width().to_string().into()),
                    ("height", size.height().to_string().into()),
                ],
            );
            if widgets::chip(ui, &short_name(*size), *size == now)
                .accessible_name(&full)
                .on_hover_text(&full)
                .clicked()
            {
                send_draft(view, |draft| draft.size = *size);
            }
        }
    });
}

/// A size as a chip says it: the side of a square, or the ratio of the sides.
fn short_name(size: ImageSize) -> String {
    let (width, height) = (size.width(), size.height());
    if width == height {
        return format!("{width}²");
    }
    let (mut divisor, mut rest) = (width, height);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    format!("{}:{}", width / divisor, height / divisor)
}

fn sides(ui: &mut Ui, view: &mut View<'_>, size: ImageSize, suited: &Suited) {
    // A size from a preset or a picture may lie outside of what suits the model, and must not be moved by being shown.
    let shortest = suited.shortest.min(size.width()).min(size.height());
    let longest = (2 * suited.longest)
        .min(LONGEST)
        .max(size.width())
        .max(size.height());
    let (shortest, longest) = (f64::from(shortest), f64::from(longest));
    let pixels = |value: f64| format!("{value:.0} px");
    let range = shortest..=longest;
    let (mut width, mut height) = (f64::from(size.width()), f64::from(size.height()));
    // A locked ratio narrows the ranges, so that what is typed is what both sides can follow.
    let (widths, heights) = match view.state.desk.keep_ratio {
        Some(ratio) => (ratio.widths(&range), ratio.heights(&range)),
        None => (range.clone(), range.clone()),
    };
    let holding =
        |range: RangeInclusive<f64>, side: f64| range.start().min(side)..=range.end().max(side);
    let (widths, heights) = (holding(widths, width), holding(heights, height));
    let name = view.say("size-width");
    widgets::slider_row(ui, &name, &mut width, widths, 16.0, pixels);
    let name = view.say("size-height");
    widgets::slider_row(ui, &name, &mut height, heights, 16.0, pixels);
    let wide = (width - f64::from(size.width())).abs() >= 1.0;
    let high = (height - f64::from(size.height())).abs() >= 1.0;
    if !wide && !high {
        return;
    }
    (width, height) = match view.state.desk.keep_ratio {
        Some(ratio) if wide => ratio.with_width(width, &range),
        Some(ratio) => ratio.with_height(height, &range),
        None => (width, height),
    };
    let side = |value: f64| ((value / 16.0).round() * 16.0).clamp(shortest, longest) as u32;
    if let Ok(size) = ImageSize::new(side(width), side(height)) {
        send_draft(view, |draft| draft.size = size);
    }
}

fn sampling(ui: &mut Ui, view: &mut View<'_>, suited: &Suited) {
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
    let native = f64::from(suited.steps.get());
    let args = [("steps", suited.steps.get().into())];
    mark_native(ui, &row, native);
    row.on_hover_text(view.say_with("sampling-steps-native", &args));
    if (steps - native).abs() > 0.5 {
        widgets::hint(ui, &view.say_with("sampling-steps-other", &args));
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
    row.on_hover_text(if suited.guidance.is_on() {
        let guidance = format!("{:.1}", suited.guidance.get());
        view.say_with("sampling-guidance-suits", &[("guidance", guidance.into())])
    } else {
        view.say("sampling-guidance-native")
    });
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
