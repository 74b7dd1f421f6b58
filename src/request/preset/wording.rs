//! Presets that speak both languages.

use super::Preset;

impl Preset {
    /// The preset for a window in Chinese or in English: its prompt, style and negative prompt are those of that
    /// language, else those without a language, else the others.
    #[must_use]
    pub fn in_language(&self, chinese: bool) -> Self {
        let pick = |plain: &Option<String>, english: &Option<String>, han: &Option<String>| {
            let (own, other) = if chinese {
                (han, english)
            } else {
                (english, han)
            };
            own.clone().or(plain.clone()).or(other.clone())
        };
        Self {
            prompt: pick(&self.prompt, &self.prompt_en, &self.prompt_zh),
            style: pick(&self.style, &self.style_en, &self.style_zh),
            negative: pick(&self.negative, &self.negative_en, &self.negative_zh),
            ..self.clone()
        }
    }

    /// All that can be searched for in it, in either language.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = [
            &self.name,
            &self.name_zh,
            &self.about,
            &self.about_zh,
            &self.prompt,
            &self.prompt_en,
            &self.prompt_zh,
            &self.style,
            &self.style_en,
            &self.style_zh,
        ];
        texts.into_iter().flatten().map(String::as_str)
    }
}
