//! The pictures of the folder, newest first: search, stars, and a grid that draws only what is in sight.

use std::sync::Arc;

use eframe::egui::{
    self, Align, Color32, CornerRadius, EventFilter, Key, Layout, Modifiers, Rect, Response,
    RichText, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, Vec2, vec2,
};

use super::View;
use super::icons::Icon;
use super::{canvas_bar, size_text, widgets};
use crate::app::command::{Action, Command};
use crate::app::state::{prompt_of, size_of};
use crate::app::theme::Tokens;
use crate::gallery::dates::today;
use crate::gallery::entry::{Details, Entry};
use crate::gallery::search::shown_model;

/// The least width of a picture in the grid.
const CELL: f32 = 92.0;
/// Between two of them.
const GAP: f32 = 6.0;

/// Draws the tab.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    search(ui, view);
    let gallery = &view.state.gallery;
    ui.horizontal(|ui| {
        let shown = gallery.shown().len();
        let text = if !gallery.view.complete && gallery.view.total == 0 {
            view.say("gallery-reading")
        } else if gallery.query.is_empty() && !gallery.only_starred {
            view.say_with("gallery-count", &[("count", gallery.view.total.into())])
        } else {
            view.say_with(
                "gallery-found",
                &[
                    ("found", shown.into()),
                    ("count", gallery.view.total.into()),
                ],
            )
        };
        ui.label(RichText::new(text).small().color(Tokens::of(ui).text_weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = view.say(Action::OpenFolder.key());
            view.act(ui, Action::OpenFolder, |ui| {
                widgets::small_icon_button(ui, Icon::Folder, &name)
            });
        });
    });
    if gallery.shown().is_empty() {
        if gallery.view.total == 0 {
            widgets::empty_state(
                ui,
                Icon::Brush,
                &view.say("gallery-empty"),
                &view.say("gallery-empty-more"),
            );
        } else {
            widgets::empty_state(
                ui,
                Icon::Search,
                &view.say("gallery-no-match"),
                &view.say("gallery-no-match-more"),
            );
        }
        return;
    }
    grid(ui, view);
}

fn search(ui: &mut Ui, view: &mut View<'_>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let mut query = view.state.gallery.query.clone();
        let response = TextEdit::singleline(&mut query)
            .id(egui::Id::unique("gallery search"))
            .hint_text(view.say("gallery-search"))
            .desired_width(ui.available_width() - 2.0 * (32.0 + 4.0))
            .margin(egui::Margin::symmetric(8, 6))
            .show(ui)
            .response
            .response
            .accessible_name(view.say("gallery-search-name"))
            .on_hover_text(view.say("gallery-search-tip"));
        if view.state.desk.focus_search {
            response.request_focus();
        }
        if response.changed() {
            view.send(Command::Search(query));
        }
        filter(ui, view);
        let only = view.state.gallery.only_starred;
        let name = view.say(if only {
            "gallery-show-all"
        } else {
            "gallery-only-starred"
        });
        let icon = if only { Icon::StarFull } else { Icon::Star };
        if widgets::icon_toggle(ui, icon, &name, only).clicked() {
            view.send(Command::OnlyStarred(!only));
        }
    });
}

/// A menu that adds terms to the search: those of the chosen picture, and today.
fn filter(ui: &mut Ui, view: &mut View<'_>) {
    let button = widgets::icon_button(ui, Icon::Filter, &view.say("gallery-filter"));
    egui::Popup::menu(&button).show(|ui| {
        ui.set_width(260.0);
        let facts = view.state.chosen_entry().and_then(|entry| entry.facts());
        let chosen = |term: Option<String>| term.map(|term| term.replace('\n', " "));
        let terms = [
            (
                "gallery-filter-today",
                Some(view.say_with("search-date", &[("date", today().into())])),
            ),
            (
                "gallery-filter-model",
                chosen(facts.and_then(|facts| facts.model.clone()).map(|model| {
                    let model = shown_model(&model).to_owned();
                    view.say_with("search-model", &[("model", model.into())])
                })),
            ),
            (
                "gallery-filter-size",
                chosen(facts.map(|facts| {
                    let size = format!("{}x{}", facts.width, facts.height);
                    view.say_with("search-size", &[("size", size.into())])
                })),
            ),
            (
                "gallery-filter-seed",
                chosen(facts.and_then(|facts| facts.seed).map(|seed| {
                    view.say_with("search-seed", &[("seed", seed.to_string().into())])
                })),
            ),
        ];
        let why = match view.state.gallery.chosen {
            Some(_) => "why-no-metadata",
            None => "why-no-picture",
        };
        for (key, term) in terms {
            let line = egui::Button::new(view.say(key))
                .shortcut_text(term.clone().unwrap_or_default())
                .truncate()
                .frame_when_inactive(false);
            let width = ui.available_width();
            let response = ui
                .add_enabled_ui(term.is_some(), |ui| ui.add_sized(vec2(width, 28.0), line))
                .inner
                .on_disabled_hover_text(view.say(why));
            if let Some(term) = term.filter(|_| response.clicked()) {
                let query = with_term(&view.state.gallery.query, &term);
                view.send(Command::Search(query));
            }
        }
        ui.separator();
        // A menu would spread the letters over its whole width.
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            widgets::hint(ui, &view.say("gallery-search-tip"));
        });
    });
}

/// `query` with one more term, unless it is there.
fn with_term(query: &str, term: &str) -> String {
    let query = query.trim();
    if query.is_empty() {
        term.to_owned()
    } else if format!(" {query} ").contains(&format!(" {term} ")) {
        query.to_owned()
    } else {
        format!("{query} {term}")
    }
}

fn grid(ui: &mut Ui, view: &mut View<'_>) {
    let list = view.state.gallery.view.clone();
    let shown = &list.pictures;
    ui.spacing_mut().item_spacing = Vec2::splat(GAP);
    // The scroll bar floats over the right edge: leave it its lane.
    let width = ui.available_width() - 10.0;
    let columns = ((width + GAP) / (CELL + GAP)).floor().max(1.0) as usize;
    let side = (width - GAP * (columns as f32 - 1.0)) / columns as f32;
    let rows = shown.len().div_ceil(columns);
    if columns != view.state.gallery.columns {
        view.send(Command::GridColumns(columns));
    }
    // The keyboard goes where the arrows lead.
    let key = egui::Id::unique("the keyboard is on the grid");
    let held = ui.data(|data| data.get_temp::<bool>(key)).unwrap_or(false);
    let follow = held && view.state.gallery.scroll_to_chosen;
    let mut holds = false;
    let mut area = ScrollArea::vertical()
        .id_salt("gallery")
        .auto_shrink([false, false]);
    if view.state.gallery.scroll_to_chosen
        && let Some(place) = view.state.gallery.chosen_place()
    {
        let top = (place / columns) as f32 * (side + GAP);
        area = area.vertical_scroll_offset((top - side).max(0.0));
    }
    area.show_rows(ui, side, rows, |ui, range| {
        for row in range {
            ui.horizontal(|ui| {
                for entry in shown.iter().skip(row * columns).take(columns) {
                    let response = cell(ui, view, entry, side);
                    if follow && view.state.gallery.chosen.as_ref() == Some(&entry.path) {
                        response.request_focus();
                    }
                    holds |= response.has_focus();
                }
            });
        }
        widgets::follow_focus(ui);
    });
    ui.data_mut(|data| data.insert_temp(key, holds));
}

/// Lets the arrows walk the pictures while the keyboard is on one of them: from that one, chosen or not.
fn walk(ui: &Ui, view: &mut View<'_>, cell: egui::Id, entry: &Entry) {
    let arrows = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(cell, arrows));
    let gallery = &view.state.gallery;
    // After a step the keyboard comes to the chosen picture a frame later.
    let follows = gallery.scroll_to_chosen || gallery.chosen.as_ref() == Some(&entry.path);
    let mut from_here = !follows;
    for (key, action) in [
        (Key::ArrowRight, Action::NextPicture),
        (Key::ArrowLeft, Action::PreviousPicture),
        (Key::ArrowDown, Action::NextRow),
        (Key::ArrowUp, Action::PreviousRow),
    ] {
        let presses = ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        if presses > 0 && std::mem::take(&mut from_here) {
            view.send(Command::Choose(entry.path.clone()));
        }
        for _ in 0..presses {
            view.send(action);
        }
    }
}

fn cell(ui: &mut Ui, view: &mut View<'_>, entry: &Arc<Entry>, side: f32) -> Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    let chosen = view.state.gallery.chosen.as_ref() == Some(&entry.path);
    let other = view.state.canvas.compare.is_some()
        && view.state.canvas.other.as_ref() == Some(&entry.path);
    let name = name(view, entry);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &name));
    if ui.is_rect_visible(rect) {
        let radius = CornerRadius::same(6);
        ui.painter().rect_filled(rect, radius, t.control);
        if matches!(entry.details, Details::Bad { .. }) {
            Icon::Warning.paint(
                ui.painter(),
                Rect::from_center_size(rect.center(), Vec2::splat(24.0)),
                t.warning,
            );
        } else if let Some(texture) = view.textures.thumbnail(&entry.path) {
            let brush = egui::epaint::RectShape::filled(rect, radius, Color32::WHITE);
            ui.painter()
                .add(brush.with_texture(texture.id(), widgets::cover(texture.size_vec2())));
        } else {
            view.send(Command::NeedThumbnail(entry.clone()));
        }
        if entry.star {
            let at =
                Rect::from_center_size(rect.right_top() + vec2(-13.0, 13.0), Vec2::splat(14.0));
            ui.painter()
                .circle_filled(at.center(), 10.0, Color32::from_black_alpha(140));
            Icon::StarFull.paint(ui.painter(), at, Color32::from_rgb(255, 205, 90));
        }
        if chosen || other || response.has_focus() {
            let color = if other { t.outline } else { t.accent_text };
            ui.painter()
                .rect_stroke(rect, radius, Stroke::new(2.5, color), StrokeKind::Inside);
        } else if response.hovered() {
            ui.painter().rect_stroke(
                rect,
                radius,
                Stroke::new(1.5, t.text_weak),
                StrokeKind::Inside,
            );
        }
    }
    if response.clicked() {
        let beside = ui.input(|i| i.modifiers.command || i.modifiers.shift);
        if beside && !chosen && view.state.gallery.chosen.is_some() {
            view.send(Command::CompareWith(entry.path.clone()));
        } else {
            view.send(Command::Choose(entry.path.clone()));
        }
    }
    if response.has_focus() && widgets::delete_pressed(ui) {
        view.send(Command::Trash(entry.path.clone()));
    }
    if response.secondary_clicked() {
        view.send(Command::Choose(entry.path.clone()));
    }
    if response.has_focus() {
        walk(ui, view, response.id, entry);
    }
    response.context_menu(|ui| {
        compare_line(ui, view, entry);
        ui.separator();
        canvas_bar::menu(ui, view);
    });
    response.on_hover_text(name)
}

/// The menu's line for seeing this picture beside the one that was chosen before it.
fn compare_line(ui: &mut Ui, view: &mut View<'_>, entry: &Entry) {
    let before = view.state.gallery.before.as_ref();
    let there = before.is_some_and(|before| view.state.gallery.entry(before).is_some());
    let line = egui::Button::new(view.say("gallery-compare-with")).frame_when_inactive(false);
    let response = ui.add_enabled(there, line);
    if response.clicked() {
        view.send(Command::CompareWith(entry.path.clone()));
        ui.close();
    }
    response.on_disabled_hover_text(view.say("gallery-compare-none"));
}

fn name(view: &View<'_>, entry: &Entry) -> String {
    if matches!(entry.details, Details::Bad { .. }) {
        let file = entry
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        return view.say_with("gallery-damaged", &[("file", file.into())]);
    }
    let mut prompt: String = prompt_of(entry).chars().take(120).collect();
    if prompt.is_empty() {
        prompt = entry
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
    }
    match size_of(entry) {
        Some((width, height)) => format!("{prompt} · {}", size_text(width, height)),
        None => prompt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_added_unless_the_query_has_it_whole() {
        for (query, with) in [
            ("", "seed:4"),
            ("fox seed:42", "fox seed:42 seed:4"),
            (" seed:4 fox ", "seed:4 fox"),
        ] {
            assert_eq!(with_term(query, "seed:4"), with);
        }
    }
}
