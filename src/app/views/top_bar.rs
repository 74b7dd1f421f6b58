//! The bar above: the mark, the model in use, and the way to everything that is not on a panel.

use eframe::egui::{self, Button, RichText, Sense, Ui, Vec2, vec2};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::Action;
use crate::app::state::Model;
use crate::app::theme::{CONTROL, Tokens};
use crate::engine::Status;

/// The width from which on there is room for every way.
const ROOMY: f32 = 640.0;

/// Draws the bar.
pub fn show(ui: &mut Ui, view: &mut View<'_>, narrow: bool) {
    ui.horizontal(|ui| {
        ui.set_height(CONTROL);
        let roomy = ui.available_width() > ROOMY;
        if let Some(mark) = &view.textures.mark {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(24.0), Sense::hover());
            let uv = egui::Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
            ui.painter()
                .image(mark.id(), rect, uv, egui::Color32::WHITE);
        }
        if roomy {
            ui.label(RichText::new(view.say("program-name")).strong().size(16.0));
            ui.add_space(8.0);
        }
        model_button(ui, view, roomy);
        widgets::at_end(ui, "program", |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            view.act_icon(ui, Icon::Search, Action::Palette);
            if roomy {
                view.act_icon(ui, Icon::Import, Action::Open);
                view.act_icon(ui, Icon::Bell, Action::Notices);
                view.act_icon(ui, Icon::System, Action::System);
            }
            view.act_icon(ui, Icon::Settings, Action::Settings);
            view.act_icon(ui, Icon::Help, Action::Keys);
            if !narrow {
                ui.add_space(8.0);
                view.act_icon(ui, Icon::PanelLeft, Action::FoldLeft);
                view.act_icon(ui, Icon::PanelRight, Action::FoldRight);
            }
        });
    });
}

/// The model in use; a press opens the list.
fn model_button(ui: &mut Ui, view: &mut View<'_>, roomy: bool) {
    let t = Tokens::of(ui);
    let (text, color) = match &view.state.engine.status {
        Status::NoModel => (view.say("model-none"), t.text_weak),
        Status::DeviceLost(_) => (view.say("model-device-lost"), t.error),
        Status::Loading { choice, .. } => (
            view.say_with(
                "model-loading",
                &[("name", view.state.model_name(&choice.path).into())],
            ),
            t.text_weak,
        ),
        Status::Ready(choice) => (view.state.model_name(&choice.path), t.text),
        Status::Painting(_) => {
            let loaded = view.state.engine.loaded.as_ref();
            let name = loaded.map(|choice| view.state.model_name(&choice.path));
            (name.unwrap_or_default(), t.text)
        }
    };
    let name = view.say(Action::Models.key());
    let tip = view.tip(ui.ctx(), Action::Models);
    let room = if roomy {
        280.0
    } else {
        ui.available_width() - 130.0
    };
    let button = Button::new(RichText::new(&text).color(color))
        .truncate()
        .min_size(vec2(0.0, 28.0));
    let response = ui.scope(|ui| {
        ui.set_max_width(room.max(80.0));
        view.act(ui, Action::Models, |ui| ui.add(button).on_hover_text(tip))
    });
    response.inner.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{name} {text}"))
    });
    let badge = view.state.current_model().map(|model: &Model| model.demo);
    if badge == Some(true) && roomy {
        widgets::hint(ui, &view.say("model-demo-badge"));
    }
}
