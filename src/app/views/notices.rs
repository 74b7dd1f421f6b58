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

/// Around the messages, for their shadows.
const AROUND: f32 = 8.0;

/// How long the corner may wait before it must be drawn anew.
pub fn refresh_after(left: Option<Duration>) -> Option<Duration> {
    left.map(|left| left + Duration::from_millis(20))
}

/// Draws the newest messages in the middle of the lower edge of `room`, over a part of it at most.
pub fn show(ui: &mut Ui, view: &mut View<'_>, room: Rect) {
    let notices: Vec<Notice> = view.state.notices.live().cloned().collect();
    if notices.is_empty() {
        return;
    }
    let width = (room.width() - 2.0 * AROUND).min(400.0);
    let most = (room.height() * 0.6).max(120.0).min(room.height());
    let area = Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_BOTTOM)
        .fixed_pos(room.center_bottom());
    let shown = area.show(ui.ctx(), |ui| {
        ui.set_width(width + 2.0 * AROUND);
        // Else it could not grow: there is no more room below where it began the last time.
        ui.set_max_height(most);
        ScrollArea::vertical()
            .id_salt("newest notices")
            .max_height(most)
            .stick_to_bottom(true)
            .show(ui, |ui| {
                let frame = Frame::new().inner_margin(Margin::same(AROUND as i8));
                frame.show(ui, |ui| {
                    ui.set_width(width);
                    for notice in &notices {
                        toast(ui, view, notice);
                    }
                });
                widgets::follow_focus(ui);
            });
    });
    // The area stands where its last height has put it; with another one it must be placed anew.
    let height = shown.response.rect.height();
    let key = Id::unique("height of the notices");
    let before = ui.data_mut(|data| data.get_temp::<f32>(key));
    if before != Some(height) {
        ui.data_mut(|data| data.insert_temp(key, height));
        ui.ctx().request_repaint();
    }
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
                ui.horizontal_top(|ui| words(ui, view, notice, true));
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
        .layout_no_wrap(text.to_owned(), font, Tokens::of(ui).text);
    galley.size().x + 2.0 * ui.spacing().button_padding.x
}

/// What a message says; `brief` leaves its details to be asked for where they are long.
fn words(ui: &mut Ui, view: &View<'_>, notice: &Notice, brief: bool) {
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
            let detail = view.cause(detail);
            if brief {
                brief_detail(ui, view, notice, &detail);
            } else {
                whole_detail(ui, &detail);
            }
        }
    });
}

fn whole_detail(ui: &mut Ui, detail: &str) {
    let text = RichText::new(detail)
        .small()
        .color(Tokens::of(ui).text_weak);
    ui.add(Label::new(text).wrap().selectable(true));
}

/// The first line of a detail, and a button for the rest where there is one.
fn brief_detail(ui: &mut Ui, view: &View<'_>, notice: &Notice, detail: &str) {
    let key = Id::unique(("details of", notice.id));
    let open = ui.data(|data| data.get_temp::<bool>(key)).unwrap_or(false);
    let name = view.say(if open { "notice-less" } else { "notice-more" });
    let button = |ui: &mut Ui| {
        let text = RichText::new(&name).small().strong();
        let button = Button::new(text).frame_when_inactive(false);
        if ui.add(button.min_size(vec2(0.0, 20.0))).clicked() {
            ui.data_mut(|data| data.insert_temp(key, !open));
        }
    };
    if open {
        whole_detail(ui, detail);
        button(ui);
        return;
    }
    let t = Tokens::of(ui);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let first = detail.lines().next().unwrap_or_default();
    let painter = ui.painter();
    let line = painter.layout_no_wrap(first.to_owned(), font, t.text_weak);
    let whole = detail.lines().count() == 1 && line.size().x <= ui.available_width();
    let text = RichText::new(first).small().color(t.text_weak);
    if whole {
        ui.add(Label::new(text).selectable(true));
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let room = ui.available_width() - button_width(ui, &name) - 4.0;
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(Label::new(text).truncate());
        });
        button(ui);
    });
}

fn offer_key(offer: &Offer) -> &'static str {
    match offer {
        Offer::UseWhatSuits => "offer-use",
        Offer::Undo(_) => "offer-undo",
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
            ui.horizontal_top(|ui| words(ui, view, notice, false));
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
