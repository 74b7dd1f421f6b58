//! The picture: the preview while it is painted, then the picture itself; zoom and pan; what to do when there is none.

use eframe::egui::{
    self, Align2, CornerRadius, Frame, Margin, Panel, Rect, RichText, Sense, Ui, Vec2, vec2,
};

use super::View;
use super::picture::{Shown, note_scale, of_entry, paint, placed, scale, zoom_and_pan};
use super::{canvas_bar, canvas_compare, status, widgets};
use crate::app::command::{Action, Command};
use crate::app::state::Zoom;
use crate::app::theme::{GRID, Tokens};
use crate::engine::{JobId, Status};
use crate::request::Draft;

/// Draws the picture area and the bar below it; returns where the picture is.
pub fn show(ui: &mut Ui, view: &mut View<'_>) -> Rect {
    let t = Tokens::of(ui);
    let bar = Frame::new()
        .fill(t.panel)
        .inner_margin(Margin::symmetric(8, 4));
    Panel::bottom("canvas bar")
        .frame(bar)
        .show(ui, |ui| canvas_bar::show(ui, view));
    let area = ui.available_rect_before_wrap();
    ui.painter().rect_filled(area, 0.0, t.canvas);
    if nothing_painted_yet(view) {
        before_first_step(ui, view, area);
        return area;
    }
    match what(view) {
        // A chosen picture that is still being read: it comes in a moment.
        None if view.state.gallery.chosen.is_some() => {}
        None => nothing_yet(ui, view),
        Some(shown) => match canvas_compare::other(view) {
            Some((mode, other)) => canvas_compare::show(ui, view, area, mode, &shown, &other),
            None => single(ui, view, area, &shown),
        },
    }
    area
}

/// The preview of the job that is watched, else the chosen picture.
fn what<'a>(view: &View<'a>) -> Option<Shown<'a>> {
    let state = view.state;
    if let Some((job, preview)) = state
        .canvas
        .watching
        .filter(|_| state.canvas.preview.is_some())
        .and_then(|id| Some((id, view.textures.preview.as_ref()?)))
    {
        let size = size_of_job(view, job).unwrap_or(preview.size_vec2() * 8.0);
        return Some(Shown {
            texture: preview,
            size,
            name: view.say("canvas-preview"),
        });
    }
    let path = state.gallery.chosen.as_ref()?;
    let texture = view
        .textures
        .picture(path)
        .or_else(|| view.textures.thumbnail(path))?;
    Some(of_entry(view, path, texture))
}

/// Whether a job is watched of which there is nothing to see: neither a preview nor an earlier picture of its own.
fn nothing_painted_yet(view: &View<'_>) -> bool {
    let canvas = &view.state.canvas;
    let later = matches!(&view.state.engine.status, Status::Painting(now) if now.picture > 0);
    canvas.watching.is_some() && canvas.preview.is_none() && !later
}

/// The size of the picture that `job` paints, in pixels.
fn size_of_job(view: &View<'_>, job: JobId) -> Option<Vec2> {
    let jobs = &view.state.queue.jobs;
    let size = jobs.iter().find(|known| known.id == job)?.request.size;
    Some(vec2(size.width() as f32, size.height() as f32))
}

/// An empty sheet of the picture's shape until there is something to see of it; what is being done stands on it.
fn before_first_step(ui: &mut Ui, view: &View<'_>, area: Rect) {
    let t = Tokens::of(ui);
    let size = view
        .state
        .canvas
        .watching
        .and_then(|job| size_of_job(view, job));
    let scale = scale(ui, Zoom::Fit, area, size.unwrap_or(Vec2::splat(1.0)));
    let sheet = Rect::from_center_size(area.center(), size.unwrap_or(Vec2::splat(1.0)) * scale);
    let response = ui.allocate_rect(area, Sense::hover());
    let name = view.say("canvas-preview");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    ui.painter().rect_filled(sheet, 0.0, t.card);
    let (text, _) = status::describe(view);
    let style = egui::TextStyle::Body;
    widgets::text_cut(ui, sheet, Align2::CENTER_CENTER, &text, style, t.text_weak);
}

fn single(ui: &mut Ui, view: &mut View<'_>, area: Rect, shown: &Shown<'_>) {
    let response = ui.allocate_rect(area, Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &shown.name));
    note_scale(ui, view, area, shown.size);
    zoom_and_pan(ui, view, area, shown.size, &response);
    let rect = placed(ui, view, area, shown.size);
    paint(ui, area, rect, shown.texture);
    widgets::focus_ring(ui, &response, area, 0);
    response.context_menu(|ui| canvas_bar::menu(ui, view));
}

/// The first look: what to do, and three prompts to start from.
fn nothing_yet(ui: &mut Ui, view: &mut View<'_>) {
    let t = Tokens::of(ui);
    let area = ui.available_rect_before_wrap();
    let width = (area.width() - 32.0).min(460.0);
    // Where its lines break, it takes more of them.
    let height: f32 = if width < 400.0 { 360.0 } else { 300.0 };
    let size = vec2(width, height.min(area.height()));
    let middle = Rect::from_center_size(area.center(), size);
    ui.scope_builder(egui::UiBuilder::new().max_rect(middle), |ui| {
        egui::ScrollArea::vertical()
            .id_salt("first look")
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.vertical_centered(|ui| {
                    if let Some(mark) = &view.textures.mark {
                        let (rect, _) = ui.allocate_exact_size(Vec2::splat(56.0), Sense::hover());
                        paint(ui, rect, rect, mark);
                    }
                    ui.add_space(GRID);
                    ui.label(RichText::new(view.say("canvas-empty-title")).heading());
                    let keys = super::keys::first(ui.ctx(), Action::Generate);
                    let text = view.say_with("canvas-empty-text", &[("keys", keys.into())]);
                    ui.add(egui::Label::new(RichText::new(text).color(t.text_weak)).wrap());
                    ui.add_space(GRID);
                    let list = if view.state.demo_active() {
                        "canvas-examples-demo"
                    } else {
                        "canvas-examples"
                    };
                    for prompt in view
                        .say(list)
                        .split('|')
                        .map(str::trim)
                        .filter(|prompt| !prompt.is_empty())
                    {
                        let name = view.say_with("canvas-try", &[("prompt", prompt.into())]);
                        let button = egui::Button::new(prompt)
                            .wrap()
                            .corner_radius(CornerRadius::same(16));
                        let response = ui.add(button.min_size(vec2(0.0, 32.0)));
                        response.widget_info(|| {
                            egui::WidgetInfo::labeled(egui::Role::Button, true, &name)
                        });
                        if response.clicked() {
                            let draft = Draft {
                                prompt: prompt.to_owned(),
                                ..view.state.draft.clone()
                            };
                            view.send(Command::Draft(Box::new(draft)));
                            view.send(Action::FocusPrompt);
                        }
                    }
                    ui.add_space(GRID);
                    widgets::hint(ui, &view.say("canvas-empty-drop"));
                });
            });
    });
}
