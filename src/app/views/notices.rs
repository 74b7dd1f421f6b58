//! Messages in the corner, and all of them on a list.

use std::time::Duration;

use eframe::egui::{
    self, Align2, Area, Button, CornerRadius, Frame, Id, Label, Margin, Order, Rect, RichText,
    ScrollArea, Sense, Stroke, Ui, Vec2, vec2,
};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::Command;
use crate::app::notices::{Notice, Offer, Weight};
use crate::app::theme::{CARD_RADIUS, Tokens};

/// How long the corner may wait before it must be drawn anew.
pub fn refresh_after(left: Option<Duration>) -> Option<Duration> {
    left.map(|left| left + Duration::from_millis(20))
}

/// Draws the corner.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let notices: Vec<Notice> = view.state.notices.live().cloned().collect();
    if notices.is_empty() {
        return;
    }
    let screen = ui.ctx().content_rect();
    let width = (screen.width() - 32.0).min(400.0);
    // Above the picture's bar; below a dialog, whose last rows it would else cover.
    let rise = if view.state.layout.dialog.is_some() {
        8.0
    } else {
        84.0
    };
    let area = Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -rise));
    area.show(ui.ctx(), |ui| {
        ui.set_width(width);
        for notice in &notices {
            toast(ui, view, notice);
        }
    });
}

fn toast(ui: &mut Ui, view: &mut View<'_>, notice: &Notice) {
    let t = Tokens::of(ui);
    let frame = Frame::new()
        .fill(t.card)
        .stroke(Stroke::new(1.0, t.outline))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        let width = ui.available_width();
        ui.set_width(width);
        ui.horizontal_top(|ui| {
            let offer = notice
                .offer
                .as_ref()
                .map(|offer| view.say(offer_key(offer)));
            let offer_width = offer
                .as_ref()
                .map_or(0.0, |text| button_width(ui, text) + 8.0);
            let room = width - offer_width - 26.0 - 8.0;
            ui.vertical(|ui| {
                ui.set_width(room);
                ui.horizontal_top(|ui| words(ui, view, notice));
            });
            if let Some(text) = offer
                && ui
                    .add(Button::new(text).min_size(vec2(0.0, 26.0)))
                    .clicked()
            {
                view.send(Command::TakeOffer(notice.id));
            }
            let name = view.say("notice-dismiss");
            if widgets::small_icon_button(ui, Icon::Close, &name).clicked() {
                view.send(Command::DismissNotice(notice.id));
            }
        });
    });
}

fn button_width(ui: &Ui, text: &str) -> f32 {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, egui::Color32::PLACEHOLDER);
    galley.size().x + 2.0 * ui.spacing().button_padding.x
}

fn words(ui: &mut Ui, view: &View<'_>, notice: &Notice) {
    let t = Tokens::of(ui);
    let (icon, color) = match notice.weight {
        Weight::Hint => (Icon::Info, t.text_weak),
        Weight::Good => (Icon::Check, t.success),
        Weight::Warning => (Icon::Warning, t.warning),
        Weight::Error => (Icon::Warning, t.error),
    };
    let (rect, _) = ui.allocate_exact_size(vec2(18.0, 24.0), Sense::hover());
    icon.paint(
        ui.painter(),
        Rect::from_center_size(rect.center(), Vec2::splat(18.0)),
        color,
    );
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.add_space(2.0);
        let text = ui.add(Label::new(view.words.tell(&notice.message)).wrap());
        ui.ctx().accesskit_node_builder(text.id, |node| {
            node.set_live(egui::accesskit::Live::Assertive)
        });
        if let Some(detail) = &notice.message.detail {
            let detail: String = detail.chars().take(600).collect();
            ui.add(
                Label::new(RichText::new(detail).small().color(t.text_weak))
                    .wrap()
                    .selectable(true),
            );
        }
    });
}

fn offer_key(offer: &Offer) -> &'static str {
    match offer {
        Offer::UseWhatSuits => "offer-use",
        Offer::UndoTrash => "offer-untrash",
        Offer::UndoDraft => "offer-undo",
        Offer::Restart => "banner-restart",
        Offer::OpenSettings => "offer-settings",
        Offer::OpenModels => "offer-models",
    }
}

/// Draws the list of all messages, the newest first.
pub fn history(ui: &mut Ui, view: &mut View<'_>) {
    let all: Vec<Notice> = view.state.notices.history().cloned().collect();
    if all.is_empty() {
        widgets::hint(ui, &view.say("notices-empty"));
        return;
    }
    ScrollArea::vertical().id_salt("notices").show(ui, |ui| {
        for notice in &all {
            ui.horizontal_top(|ui| words(ui, view, notice));
            if let Some(detail) = &notice.message.detail
                && widgets::button(ui, &view.say("notice-copy")).clicked()
            {
                view.send(Command::CopyText(format!(
                    "{}\n{detail}",
                    view.words.tell(&notice.message)
                )));
            }
            ui.separator();
        }
        widgets::follow_focus(ui);
    });
}
