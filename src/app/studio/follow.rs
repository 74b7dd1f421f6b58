//! What follows the state by itself: language, theme, title, the session on disk, the memory shown.

use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};

use super::Studio;
use crate::app::i18n::{Message, Words};
use crate::app::notices::Weight;
use crate::app::outcome::Outcome;
use crate::app::session::Session;
use crate::app::{fonts, theme};
use crate::engine::Status;

/// How long after a change the session is written.
const SAVE_AFTER: Duration = Duration::from_secs(1);
/// How often the memory is looked at while work goes on.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

impl Studio {
    /// Lets language, theme and motion follow the settings.
    pub(super) fn follow_settings(&mut self, ctx: &Context) {
        let settings = &self.state.settings;
        let changed = self.shown.as_ref().is_none_or(|(shown, _)| {
            shown.language != settings.language
                || shown.theme != settings.theme
                || shown.motion != settings.motion
        }) || self.shown_still != self.state.still_desktop;
        if !changed {
            return;
        }
        let language = self.state.language();
        let new_language = self.shown.is_none() || language != self.words.language();
        self.shown_still = self.state.still_desktop;
        theme::install(
            ctx,
            settings.theme,
            settings.motion.is_reduced(self.shown_still),
        );
        if new_language {
            self.words = Words::new(language);
            fonts::install(ctx, language);
        }
        let title = self
            .shown
            .take()
            .map(|(_, title)| title)
            .unwrap_or_default();
        self.shown = Some((settings.clone(), title));
    }

    /// The window's title says how far the work is.
    pub(super) fn follow_title(&mut self, ctx: &Context) {
        let name = self.words.say("window-title");
        let title = match &self.state.engine.status {
            Status::Painting(painting) => {
                let done = f64::from(painting.picture)
                    + f64::from(painting.step) / f64::from(painting.steps.max(1));
                format!(
                    "{:.0} % · {name}",
                    100.0 * done / f64::from(painting.pictures.max(1))
                )
            }
            _ => name,
        };
        if let Some((_, shown)) = &mut self.shown
            && *shown != title
        {
            shown.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    /// Writes the session when its time has come; wakes the window by itself for that.
    pub(super) fn save_session(&mut self, ctx: &Context, now: Instant) {
        if std::mem::take(&mut self.services.session_changed) && self.session_due.is_none() {
            self.session_due = Some(now + SAVE_AFTER);
        }
        let Some(due) = self.session_due else { return };
        if now < due {
            ctx.request_repaint_after(due - now);
            return;
        }
        self.session_due = None;
        let (session, file) = (self.session(), self.services.places.session());
        let services = &self.services;
        let writes = &services.session_writes;
        services
            .background
            .run_latest("save session", writes, move || {
                let why = session.save(&file).err()?;
                let said = Message::new("notice-session-not-saved").because(why);
                Some(Outcome::Said(Weight::Warning, said))
            });
    }

    pub(super) fn session(&self) -> Session {
        let state = &self.state;
        // A job that is being edited is in the queue; the draft is what was there before.
        let draft = state
            .editing
            .as_ref()
            .map_or(&state.draft, |(_, before)| &before.draft);
        Session {
            draft: draft.clone(),
            history: state.desk.history.clone(),
            models: state
                .models
                .iter()
                .filter(|model| !model.demo)
                .map(|model| model.path.clone())
                .collect(),
            columns: Some((state.layout.left, state.layout.right)),
        }
    }

    pub(super) fn look_at_memory(&mut self, now: Instant) {
        let working = matches!(
            self.state.engine.status,
            Status::Painting(_) | Status::Loading { .. }
        );
        let old = self
            .memory_seen
            .is_none_or(|seen| now.duration_since(seen) > MEMORY_EVERY);
        if self.state.engine.memory.is_none() || (working && old) {
            self.memory_seen = Some(now);
            self.state.engine.memory =
                memory_stats::memory_stats().map(|stats| stats.physical_mem as u64);
        }
    }
}
