//! Which font draws which character.
//!
//! The bundled Noto Sans SC draws Chinese and Latin in both languages. Quotation marks, dashes, the ellipsis and a few
//! signs share code points between both scripts but are a full square wide in Chinese: an English window takes them
//! from a small font of their own. Characters of neither (rare Han, emoji, other scripts in a prompt) come from the
//! system's fonts, asked for with the Simplified Chinese forms.

use std::sync::Arc;

use eframe::egui::{Context, FontData, FontDefinitions, FontFamily};
use egui_system_font_provider::SystemFontProvider;

use super::i18n::Language;

const NOTO: &str = "Noto Sans SC";
const PUNCTUATION: &str = "Danqing Punctuation";

/// Installs the bundled fonts in the order that `language` asks for. Call it again when the language changes.
pub fn install(ctx: &Context, language: Language) {
    let mut fonts = FontDefinitions::default();
    for (name, bytes) in [
        (
            NOTO,
            include_bytes!("../../assets/fonts/NotoSansSC-gb2312-subset.otf").as_slice(),
        ),
        (
            PUNCTUATION,
            include_bytes!("../../assets/fonts/DanqingPunctuation.ttf").as_slice(),
        ),
    ] {
        let data = FontData::from_static(bytes);
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let text = fonts.families.entry(FontFamily::Proportional).or_default();
    text.insert(0, NOTO.to_owned());
    if language == Language::English {
        text.insert(0, PUNCTUATION.to_owned());
    }
    let code = fonts.families.entry(FontFamily::Monospace).or_default();
    code.insert(1.min(code.len()), NOTO.to_owned());
    ctx.set_fonts(fonts);
}

/// Adds the fonts of the system for characters that the bundled ones lack. The search runs on its own thread.
pub fn add_system_fonts(ctx: &Context) {
    ctx.add_font_provider(Arc::new(
        SystemFontProvider::new().with_locale(Some("zh-CN")),
    ));
}
