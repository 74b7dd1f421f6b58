//! What the draft will take in time and memory, said before anybody asks for it.

use super::Studio;
use crate::app::i18n::Message;
use crate::app::state::Foretold;
use crate::app::views;
use crate::engine::Status;
use crate::engine::memory::{Demands, Fit, free_memory};
use crate::request::{Draft, ImageSize};

impl Studio {
    /// Foretells time and memory of the draft, whenever one of them may have changed.
    pub(super) fn foretell(&mut self) {
        let facts = self
            .state
            .current_model()
            .and_then(|model| model.facts.as_ref()?.as_ref().ok());
        let Some(demands) = facts.and_then(|facts| facts.demands) else {
            self.state.engine.foretold = Foretold::default();
            return;
        };
        // Words take no time of their own: a request is foretold before its prompt is written.
        let draft = Draft {
            prompt: "-".to_owned(),
            style: String::new(),
            ..self.state.draft.clone()
        };
        let Ok(request) = draft.request() else { return };
        let seconds = match self.services.forecast.try_lock() {
            Ok(forecast) => forecast.seconds(&self.state.engine.forecast_key, &demands, &request),
            Err(_) => self.state.engine.foretold.seconds,
        };
        let too_large = self.too_large(&demands, request.size);
        self.state.engine.foretold = Foretold { seconds, too_large };
    }

    pub(super) fn too_large(
        &self,
        demands: &Demands,
        size: ImageSize,
    ) -> Option<(Message, Option<ImageSize>)> {
        let on_cpu = self.state.engine.forecast_key.contains(" cpu ");
        let painting = matches!(
            self.state.engine.status,
            Status::Painting(_) | Status::Loading { .. }
        );
        if painting || self.state.engine.loaded.is_none() {
            return None;
        }
        let (free, loaded) = if on_cpu {
            (free_memory()?, true)
        } else {
            // All of the card's memory, so that the weights, which are on it already, count too.
            (
                self.state
                    .devices
                    .iter()
                    .find_map(|device| device.memory)?
                    .0,
                false,
            )
        };
        match demands.fit(size, free, loaded) {
            Fit::Fits => None,
            Fit::TooLarge {
                needs,
                free,
                instead,
            } => {
                let said = Message::new("foretell-too-large")
                    .with("needs", views::bytes_text(needs))
                    .with("free", views::bytes_text(free));
                Some((said, instead))
            }
        }
    }
}
