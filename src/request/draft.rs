//! What the designer is still writing: a request whose prompt may be empty and whose seed may be left to chance.

use serde::{Deserialize, Serialize};

use super::{
    CfgNormalization, CfgTruncation, Count, Guidance, ImageSize, Prompt, Request, RequestError,
    Seed, Shift, StartImage, Steps,
};

/// The state of the prompt box and the sliders.
///
/// Numbers are valid at any time, since sliders cannot leave their ranges; text is judged by [`request`](Self::request).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// What to paint, as typed.
    pub prompt: String,
    /// What to steer away from, as typed.
    pub negative: String,
    /// Words of a style, put behind the prompt. They stay when the prompt changes.
    pub style: String,
    /// Width and height in pixels.
    pub size: ImageSize,
    /// Transformer calls.
    pub steps: Steps,
    /// Classifier-free guidance, 1 = off.
    pub guidance: Guidance,
    /// Bound on the guided prediction, 0 = off.
    pub cfg_normalization: CfgNormalization,
    /// Time after which guidance rests, 1 = never.
    pub cfg_truncation: CfgTruncation,
    /// Replaces the checkpoint's own timestep shift.
    pub shift: Option<Shift>,
    /// The seed that is held, or none for a new one each time.
    pub seed: Option<Seed>,
    /// Pictures to make.
    pub count: Count,
    /// A picture to start from.
    pub start: Option<StartImage>,
}

impl Draft {
    /// The prompt with the style behind it: what the text encoder will read.
    pub fn full_prompt(&self) -> String {
        join_style(&self.prompt, &self.style)
    }

    /// The request as it stands. A seed left to chance is drawn now, so that it can be recorded.
    ///
    /// # Errors
    /// Those of [`Prompt::new`], which say what is wrong with the text.
    pub fn request(&self) -> Result<Request, RequestError> {
        if self.prompt.trim().is_empty() {
            return Err(RequestError::EmptyPrompt);
        }
        Ok(Request {
            prompt: Prompt::new(self.full_prompt())?,
            negative: Prompt::optional(self.negative.clone())?,
            size: self.size,
            steps: self.steps,
            guidance: self.guidance,
            cfg_normalization: self.cfg_normalization,
            cfg_truncation: self.cfg_truncation,
            shift: self.shift,
            seed: self.seed.unwrap_or_else(Seed::random),
            count: self.count,
            start: self.start.clone(),
        })
    }
}

impl From<Request> for Draft {
    /// The draft that would make `request` again, seed included.
    fn from(request: Request) -> Self {
        let Request {
            prompt,
            negative,
            size,
            steps,
            guidance,
            cfg_normalization,
            cfg_truncation,
            shift,
            seed,
            count,
            start,
        } = request;
        Self {
            prompt: prompt.into(),
            negative: negative.map(String::from).unwrap_or_default(),
            style: String::new(),
            size,
            steps,
            guidance,
            cfg_normalization,
            cfg_truncation,
            shift,
            seed: Some(seed),
            count,
            start,
        }
    }
}

/// Puts `style` behind `prompt`, with the comma of the prompt's own script.
pub(super) fn join_style(prompt: &str, style: &str) -> String {
    let style = style.trim();
    if style.is_empty() {
        return prompt.to_owned();
    }
    let prompt = prompt.trim_end();
    let Some(last) = prompt.chars().next_back() else {
        return style.to_owned();
    };
    let comma = match last {
        ',' | ';' | '.' | '!' | '?' => " ",
        '，' | '；' | '。' | '！' | '？' | '、' => "",
        '\u{2e80}'..='\u{9fff}' => "，",
        _ => ", ",
    };
    format!("{prompt}{comma}{style}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_style_follows_the_prompt_with_the_comma_of_its_script() {
        for (prompt, style, joined) in [
            ("a fox", "ink wash", "a fox, ink wash"),
            ("一只狐狸", "水墨画", "一只狐狸，水墨画"),
            ("a fox.", "ink wash", "a fox. ink wash"),
            ("一只狐狸。", "水墨画", "一只狐狸。水墨画"),
            ("a fox \n", " ink wash ", "a fox, ink wash"),
            (" a fox ", "", " a fox "),
        ] {
            assert_eq!(join_style(prompt, style), joined);
        }
    }

    /// Fault row 7: a style alone is no prompt.
    #[test]
    fn an_empty_prompt_makes_no_request_even_with_a_style() {
        let draft = Draft {
            style: "ink wash".into(),
            ..Draft::default()
        };
        assert_eq!(draft.request().unwrap_err(), RequestError::EmptyPrompt);
    }

    /// Fault row 6: a seed left to chance is recorded in the request.
    #[test]
    fn a_request_taken_back_as_a_draft_makes_the_same_request() {
        let draft = Draft {
            prompt: "a fox".into(),
            negative: "blur".into(),
            ..Draft::default()
        };
        let request = draft.request().unwrap();
        assert_eq!(Draft::from(request.clone()).request().unwrap(), request);
    }
}
