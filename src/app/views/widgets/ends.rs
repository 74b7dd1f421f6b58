//! What stands at the right end of a row.
//!
//! It is laid out from left to right all the same, since the Tab key goes through controls in the order in which they
//! are laid out. How wide it is shows only then; so it stands where its last width puts it.

use eframe::egui::{Align, Id, Layout, Rect, Ui, UiBuilder, pos2};

fn key(ui: &Ui, salt: &str) -> Id {
    ui.scope_id().with(("end of a row", salt))
}

/// How wide the end of the row was when it was last drawn.
#[must_use]
pub fn end_width(ui: &Ui, salt: &str) -> f32 {
    let known = ui.data(|data| data.get_temp::<f32>(key(ui, salt)));
    known.unwrap_or(0.0)
}

/// Draws the end of a row; `salt` tells it from others of its panel.
pub fn at_end(ui: &mut Ui, salt: &str, add: impl FnOnce(&mut Ui)) {
    let key = key(ui, salt);
    let room = ui.available_rect_before_wrap();
    let known = ui.data(|data| data.get_temp::<f32>(key));
    let width = known.unwrap_or(room.width()).min(room.width());
    let place = Rect::from_min_max(pos2(room.right() - width, room.top()), room.max);
    let builder = UiBuilder::new()
        .max_rect(place)
        .layout(Layout::left_to_right(Align::Center));
    // A child of its own: in a scope, an end that has just grown would push the whole panel wider.
    let mut child = ui.new_child(builder);
    add(&mut child);
    let used = child.min_rect();
    ui.advance_cursor_after_rect(Rect::from_x_y_ranges(place.x_range(), used.y_range()));
    if known.is_none_or(|known| (known - used.width()).abs() > 0.5) {
        ui.data_mut(|data| data.insert_temp(key, used.width()));
        ui.ctx()
            .request_discard("the end of a row has another width");
    }
}
