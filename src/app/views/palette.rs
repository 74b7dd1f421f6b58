//! Every action by name: type a part of it, arrows choose, Enter does it.

use eframe::egui::{
    self, Align2, Key, Modifiers, Rect, ScrollArea, Sense, TextEdit, TextStyle, Ui, vec2,
};

use super::View;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::i18n::Words;
use crate::app::reasons::why_not;
use crate::app::theme::Tokens;

/// Draws the dialog's content.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let found = matches(view.words, &view.state.layout.palette_query);
    let line = view
        .state
        .layout
        .palette_line
        .min(found.len().saturating_sub(1));
    let (down, up, enter) = ui.input_mut(|input| {
        (
            input.consume_key(Modifiers::NONE, Key::ArrowDown),
            input.consume_key(Modifiers::NONE, Key::ArrowUp),
            input.consume_key(Modifiers::NONE, Key::Enter),
        )
    });
    query(ui, view);
    if down {
        view.send(Command::PaletteLine(
            (line + 1).min(found.len().saturating_sub(1)),
        ));
    } else if up {
        view.send(Command::PaletteLine(line.saturating_sub(1)));
    }
    if found.is_empty() {
        widgets::hint(ui, &view.say("palette-none"));
    }
    let mut chosen = if enter {
        found.get(line).copied()
    } else {
        None
    };
    ScrollArea::vertical()
        .id_salt("palette")
        .max_height(360.0)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (place, action) in found.iter().enumerate() {
                if row(ui, view, *action, place == line, up || down) {
                    chosen = Some(*action);
                }
            }
        });
    match chosen {
        Some(action) if why_not(view.state, action).is_some() => {
            view.send(Command::SayWhyNot(action));
        }
        Some(action) => {
            view.send(Command::CloseDialog);
            view.send(action);
        }
        None => {}
    }
}

fn query(ui: &mut Ui, view: &mut View<'_>) {
    let mut query = view.state.layout.palette_query.clone();
    let response = TextEdit::singleline(&mut query)
        .id(egui::Id::unique("palette query"))
        .hint_text(view.say("palette-hint"))
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(10, 8))
        .show(ui)
        .response
        .response
        .accessible_name(view.say("palette-hint"));
    response.request_focus();
    if response.changed() {
        view.send(Command::PaletteQuery(query));
    }
}

fn row(ui: &mut Ui, view: &View<'_>, action: Action, chosen: bool, moved: bool) -> bool {
    let t = Tokens::of(ui);
    let text = view.say(action.key());
    let why = why_not(view.state, action);
    let size = vec2(ui.available_width(), 30.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, why.is_none(), chosen, &text)
    });
    widgets::row_ground(ui, rect, &response, chosen);
    if chosen && moved {
        response.scroll_to_me(None);
    }
    let color = if why.is_none() { t.text } else { t.text_weak };
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let keys = super::keys::first(ui.ctx(), action);
    let aside = why.map_or(keys, |why| view.words.tell(&why));
    let split = inner.left() + inner.width() * 0.56;
    let left = Rect::from_min_max(inner.min, egui::pos2(split, inner.max.y));
    let right = Rect::from_min_max(egui::pos2(split + 8.0, inner.min.y), inner.max);
    widgets::text_cut(ui, left, Align2::LEFT_CENTER, &text, TextStyle::Body, color);
    widgets::text_cut(
        ui,
        right,
        Align2::RIGHT_CENTER,
        &aside,
        TextStyle::Small,
        t.text_weak,
    );
    response.clicked()
}

/// The actions that hold every letter of the query in order; those with the query as a whole come first.
fn matches(words: &Words, query: &str) -> Vec<Action> {
    let query = query.trim().to_lowercase();
    let mut scored: Vec<(usize, usize, Action)> = Action::ALL
        .iter()
        .enumerate()
        .filter(|(_, action)| **action != Action::Palette)
        .filter_map(|(place, action)| {
            // The key is English, so that a Chinese window can be searched in English too.
            let name = format!(
                "{} {}",
                words.say(action.key()).to_lowercase(),
                action.key().replace('-', " ")
            );
            score(&name, &query).map(|score| (score, place, *action))
        })
        .collect();
    scored.sort_by_key(|(score, place, _)| (*score, *place));
    scored.into_iter().map(|(_, _, action)| action).collect()
}

fn score(name: &str, query: &str) -> Option<usize> {
    if let Some(at) = name.find(query) {
        return Some(if at == 0 { 0 } else { 1 });
    }
    let mut letters = name.chars();
    let all = query
        .chars()
        .filter(|c| !c.is_whitespace())
        .all(|wanted| letters.any(|letter| letter == wanted));
    all.then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::Language;

    #[test]
    fn a_few_letters_find_an_action_in_both_languages() {
        for (language, query, wanted) in [
            (Language::English, "gen", Action::Generate),
            (Language::Chinese, "生成", Action::Generate),
            (Language::Chinese, "star", Action::Star),
            (Language::English, "cmpsl", Action::CompareSlider),
        ] {
            let found = matches(&Words::new(language), query);
            assert!(
                found.iter().take(3).any(|action| *action == wanted),
                "{query}: {found:?}"
            );
        }
        assert_eq!(matches(&Words::new(Language::English), "zzzz"), []);
    }
}
