//! What comes into the window from other threads and programs.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};

use super::Studio;
use crate::app::command::Command;
use crate::app::instance::Instance;
use crate::app::update;
use crate::engine::{Event, Status};
use crate::gallery::Thumb;

/// The longest that small pictures hold up a frame at a time; those left over come with the next one.
const UPLOADING: Duration = Duration::from_millis(3);
/// Small pictures that are waited for at once.
const WAITED_FOR: usize = 256;

impl Studio {
    /// Takes in what other threads have to tell.
    pub(super) fn drain(&mut self, ctx: &Context) {
        let events: Vec<_> = self.services.engine.events().try_iter().collect();
        for event in events {
            self.note_kept(&event);
            for effect in update::engine_event(&mut self.state, event) {
                self.services.run(ctx, &mut self.state, effect);
            }
        }
        // After the events: what they speak of may have left the queue by now.
        update::queue_seen(&mut self.state, self.services.engine.queue().view());
        self.state.engine.status = self.services.engine.status();
        // Also of a job that is not watched now: who comes back to it sees where it is.
        let painting = match &self.state.engine.status {
            Status::Painting(now) => Some((now.job, now.picture)),
            _ => None,
        };
        if let Some(preview) = self.services.engine.take_preview()
            && painting == Some((preview.job, preview.picture))
        {
            self.textures.put_preview(ctx, &preview.image);
            self.state.canvas.preview = Some((Instant::now(), preview.step));
        }
        let mut wanted = Vec::new();
        if let Some(gallery) = &self.services.gallery {
            // Before the list is: what they tell of is in it by then.
            let notices = gallery.take_notices();
            let view = gallery.view();
            if view.revision != self.state.gallery.view.revision
                || view.folder != self.state.gallery.view.folder
            {
                if view.folder != self.state.gallery.view.folder {
                    self.textures.clear();
                }
                self.state.gallery.view = view;
            }
            for notice in notices {
                wanted.extend(update::gallery_notice(&mut self.state, notice));
            }
        }
        for effect in wanted {
            self.services.run(ctx, &mut self.state, effect);
        }
        for outcome in self.services.background.take() {
            self.commands.send(Command::Outcome(outcome));
        }
        let decoded = std::mem::take(
            &mut *self
                .services
                .decoded
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for (path, pixels) in decoded {
            self.textures.put_picture(ctx, path, &pixels);
        }
        self.take_thumbnails(ctx);
        self.follow_presets(ctx);
        self.take_visits(ctx);
    }

    /// Puts the thumbnails of the presets on the graphics card when the list is another.
    pub(super) fn follow_presets(&mut self, ctx: &Context) {
        let presets = &self.state.presets;
        if self.presets_shown == presets.revision {
            return;
        }
        self.presets_shown = presets.revision;
        let pictures = presets
            .entries
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), entry.picture.as_deref()?)));
        self.textures.put_presets(ctx, pictures);
    }

    /// Shows a finished picture in the gallery at once, and learns from the time that it took.
    pub(super) fn note_kept(&self, event: &Event) {
        let Event::Kept {
            job, kept, pixels, ..
        } = event
        else {
            return;
        };
        if let Some(gallery) = &self.services.gallery {
            gallery.note(&kept.path);
        }
        let Some(job) = self
            .state
            .queue
            .jobs
            .iter()
            .find(|known| known.id == *job)
            .cloned()
        else {
            return;
        };
        let (forecast, key) = (
            self.services.forecast.clone(),
            self.state.engine.forecast_key.clone(),
        );
        let timings = pixels.timings.clone();
        self.services.background.run("learn pace", move || {
            let mut forecast = forecast.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = forecast.learn(&key, &job.request, &timings) {
                tracing::warn!(%error, "measured times are not kept");
            }
            None
        });
    }

    /// Uploads small pictures that have become ready.
    pub(super) fn take_thumbnails(&mut self, ctx: &Context) {
        let Some(thumbs) = &self.services.thumbs else {
            return;
        };
        let (state, textures) = (&self.state, &mut self.textures);
        let since = Instant::now();
        self.services.wanted.retain(|entry| {
            if since.elapsed() > UPLOADING {
                ctx.request_repaint();
                return true;
            }
            match thumbs.get(&state.gallery_folder, entry) {
                Thumb::Ready(pixels) => {
                    textures.put_thumbnail(ctx, entry.path.clone(), &pixels);
                    false
                }
                Thumb::Coming => true,
                Thumb::Bad(_) => false,
            }
        });
        // What was scrolled past is not waited for.
        let past = self.services.wanted.len().saturating_sub(WAITED_FOR);
        self.services.wanted.drain(..past);
    }

    /// Keeps the hold on the data folder, and takes in what further starts of the program bring.
    pub(in crate::app) fn receive_visits(&mut self, mut instance: Instance) {
        instance.watch(self.services.wake.clone());
        self.instance = Some(instance);
    }

    /// Opens what a second start was to open, and comes forward.
    pub(super) fn take_visits(&mut self, ctx: &Context) {
        let visits = self.instance.as_ref().map(Instance::visits);
        for visit in visits.unwrap_or_default() {
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(ViewportCommand::Focus);
            if !visit.files.is_empty() {
                self.commands.send(Command::Import(visit.files));
            }
        }
    }
}
