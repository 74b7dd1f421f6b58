//! The checkpoints: what each is, whether it fits, one press to switch; where the large one is to be had.

use eframe::egui::{self, CornerRadius, Frame, Margin, RichText, ScrollArea, Stroke, Ui};

use super::View;
use super::icons::Icon;
use super::{status, widgets};
use crate::app::command::{Action, Command};
use crate::app::i18n::{Language, Value};
use crate::app::state::{Model, ModelFacts};
use crate::app::theme::{CARD_RADIUS, GRID, Tokens};
use crate::engine::Status;
use crate::request::ImageSize;

/// The page that Z-Image-Turbo is published on.
const HOME_PAGE: &str = "https://huggingface.co/Tongyi-MAI/Z-Image-Turbo";
/// The same on the mirror that is near to readers in China.
const MODELSCOPE: &str = "https://modelscope.cn/models/Tongyi-MAI/Z-Image-Turbo";

/// Draws the dialog's content.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    widgets::hint(ui, &view.say("models-about"));
    ScrollArea::vertical().id_salt("models").show(ui, |ui| {
        let models = &view.state.models;
        for (place, model) in models.iter().enumerate() {
            card(ui, view, place, model);
        }
        if models.is_empty() {
            widgets::empty_state(
                ui,
                Icon::Model,
                &view.say("models-empty"),
                &view.say("models-empty-more"),
            );
        }
        more(ui, view);
        widgets::follow_focus(ui);
    });
}

/// How another one is added, and where the large one is to be had.
fn more(ui: &mut Ui, view: &mut View<'_>) {
    ui.horizontal_wrapped(|ui| {
        let name = view.say("models-add");
        view.act(ui, Action::AddModel, |ui| {
            widgets::icon_text_button(ui, Icon::Plus, &name)
        });
        widgets::hint(ui, &view.say("models-add-drop"));
    });
    ui.separator();
    widgets::title(ui, &view.say("models-get-title"));
    ui.add(egui::Label::new(view.say("models-get")).wrap());
    ui.add(
        egui::Label::new(
            RichText::new(view.say("models-get-files"))
                .monospace()
                .small(),
        )
        .wrap()
        .selectable(true),
    );
    ui.horizontal_wrapped(|ui| {
        ui.hyperlink_to("Hugging Face", HOME_PAGE);
        ui.hyperlink_to("ModelScope 魔搭", MODELSCOPE);
    });
}

fn card(ui: &mut Ui, view: &mut View<'_>, place: usize, model: &Model) {
    let t = Tokens::of(ui);
    let current = view
        .state
        .engine
        .loaded
        .as_ref()
        .is_some_and(|choice| choice.path == model.path);
    let loading = matches!(&view.state.engine.status, Status::Loading { choice, .. } if choice.path == model.path);
    let frame = Frame::new()
        .fill(if current { t.chosen } else { t.panel })
        .stroke(Stroke::new(
            1.0,
            if current { t.accent_text } else { t.line },
        ))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::same(12));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            let salt = model.path.to_string_lossy();
            let room = ui.available_width() - widgets::end_width(ui, &salt) - GRID;
            ui.vertical(|ui| {
                ui.set_width(room.max(80.0));
                words(ui, view, model);
            });
            widgets::at_end(ui, &salt, |ui| {
                choose(ui, view, place, model, current, loading);
            });
        });
    });
}

fn words(ui: &mut Ui, view: &View<'_>, model: &Model) {
    let t = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.label(RichText::new(&model.name).strong());
    let facts = RichText::new(facts_line(view, model)).small();
    ui.add(egui::Label::new(facts.color(t.text_weak)).wrap());
    if let Some(Err(why)) = &model.facts {
        let why = RichText::new(why).small().color(t.error);
        ui.add(egui::Label::new(why).wrap().selectable(true));
    }
}

fn choose(
    ui: &mut Ui,
    view: &mut View<'_>,
    place: usize,
    model: &Model,
    current: bool,
    loading: bool,
) {
    if current {
        ui.label(RichText::new(view.say("models-current")).color(Tokens::of(ui).accent_text));
    } else if loading {
        ui.label(view.say("models-loading"));
    } else {
        let name = view.say("models-use");
        let usable = !matches!(model.facts, Some(Err(_)));
        let label = view.say_with("models-use-name", &[("name", model.name.as_str().into())]);
        let response = ui
            .add_enabled_ui(usable, |ui| widgets::button(ui, &name))
            .inner
            .accessible_name(label);
        if response
            .on_disabled_hover_text(view.say("models-unusable"))
            .clicked()
        {
            view.send(Command::ChooseModel(place));
        }
    }
    if !model.demo {
        let name = view.say_with("models-forget", &[("name", model.name.as_str().into())]);
        if widgets::small_icon_button(ui, Icon::Close, &name).clicked() {
            view.send(Command::ForgetModel(place));
        }
    }
}

fn facts_line(view: &View<'_>, model: &Model) -> String {
    let mut parts = Vec::new();
    if model.demo {
        parts.push(view.say("models-demo"));
    }
    match &model.facts {
        None => parts.push(view.say("models-checking")),
        Some(Err(_)) => {}
        Some(Ok(ModelFacts {
            precision,
            parameters,
            bytes,
            demands,
            ..
        })) => {
            parts.push(parameters_text(view, *parameters));
            parts.push(precision.clone());
            parts.push(status::bytes_text(*bytes));
            if let Some(demands) = demands {
                let side = if model.demo { 256 } else { 1024 };
                let painting = ImageSize::new(side, side).map_or(0, |size| demands.painting(size));
                parts.push(view.say_with(
                    "models-needs",
                    &[(
                        "memory",
                        status::bytes_text(demands.weights + painting).into(),
                    )],
                ));
            }
        }
    }
    let state = &view.state.engine;
    let current = state.loaded.as_ref().map(|choice| &choice.path) == Some(&model.path);
    if let Some(provenance) = state.provenance.as_ref().filter(|_| current) {
        parts.push(view.say_with(
            "models-runs",
            &[
                ("precision", provenance.dtype.as_str().into()),
                ("device", Value::Cause(provenance.device.clone())),
            ],
        ));
    }
    if !model.demo {
        parts.push(model.path.display().to_string());
    }
    parts.join(" · ")
}

/// A count of parameters as readers of each language say it: in millions and billions, or in 万 and 亿.
fn parameters_text(view: &View<'_>, parameters: u64) -> String {
    let (unit, size) = match (view.words.language(), parameters) {
        (Language::Chinese, 100_000_000..) => ("yi", 1e8),
        (Language::Chinese, _) => ("wan", 1e4),
        (Language::English, 1_000_000_000..) => ("billion", 1e9),
        (Language::English, _) => ("million", 1e6),
    };
    let number = parameters as f64 / size;
    let count = if number >= 100.0 {
        format!("{number:.0}")
    } else {
        let text = format!("{number:.1}");
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    let args = [("count", count.into()), ("unit", unit.into())];
    view.say_with("models-parameters", &args)
}
