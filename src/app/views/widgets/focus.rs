//! Where the keyboard is: its outline, and that it never leaves what is in sight.

use eframe::egui::{CornerRadius, Id, Rect, Response, Stroke, StrokeKind, Ui};

use crate::app::theme::Tokens;

/// The outline of what the keyboard is on.
#[must_use]
pub fn focus_stroke(ui: &Ui) -> Stroke {
    Stroke::new(2.0, Tokens::of(ui).accent_text)
}

/// Paints the outline round `rect` while the keyboard is on `response`.
pub fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: u8) {
    if response.has_focus() {
        let radius = CornerRadius::same(radius);
        ui.painter()
            .rect_stroke(rect, radius, focus_stroke(ui), StrokeKind::Inside);
    }
}

/// Brings into sight what the keyboard has come to. Called at the end of what a scroll area holds.
pub fn follow_focus(ui: &Ui) {
    let key = ui.scope_id().with("followed focus");
    let focused = ui.memory(|memory| memory.focused());
    let before = ui.data(|data| data.get_temp::<Option<Id>>(key)).flatten();
    if focused == before {
        return;
    }
    ui.data_mut(|data| data.insert_temp(key, focused));
    // What was pressed is in sight already, and must not move away under the pointer.
    let pressed = ui.input(|i| i.pointer.any_down() || i.pointer.any_released());
    let response = focused.and_then(|id| ui.ctx().read_response(id));
    let Some(response) = response.filter(|response| !pressed && response.layer_id == ui.layer_id())
    else {
        return;
    };
    let content = ui.min_rect();
    let mine = content.expand(1.0).contains_rect(response.rect);
    let sight = ui.clip_rect();
    // A bar beside the area may lie over what is scrolled away; but of that nothing at all can be seen.
    let seen = response.interact_rect;
    let elsewhere = seen.is_positive() && !sight.expand(1.0).contains_rect(seen);
    if mine && !elsewhere && !sight.contains_rect(response.rect) {
        ui.scroll_to_rect(response.rect.expand(6.0), None);
    }
}
