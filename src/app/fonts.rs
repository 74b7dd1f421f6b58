//! Which font draws which character.
//!
//! Latin in an English window comes from egui's own fonts. In a Chinese window the bundled Noto Sans SC comes first,
//! since quotation marks, dashes and the ellipsis share code points with Latin ones but are a full square wide in
//! Chinese. Characters of neither (rare Han, emoji, other scripts in a prompt) come from the system's fonts, asked
//! for with the Simplified Chinese forms.

use std::sync::Arc;

use eframe::egui::{Context, FontData, FontDefinitions, FontFamily};
use egui_system_font_provider::SystemFontProvider;

use super::i18n::Language;

const NOTO: &str = "Noto Sans SC";

/// Installs the bundled fonts in the order that `language` asks for. Call it again when the language changes.
pub fn install(ctx: &Context, language: Language) {
    let mut fonts = FontDefinitions::default();
    let data = FontData::from_static(include_bytes!(
        "../../assets/fonts/NotoSansSC-gb2312-subset.otf"
    ));
    fonts.font_data.insert(NOTO.to_owned(), Arc::new(data));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        let list = fonts.families.entry(family.clone()).or_default();
        let chinese_first = language == Language::Chinese && family == FontFamily::Proportional;
        list.insert(
            if chinese_first { 0 } else { 1.min(list.len()) },
            NOTO.to_owned(),
        );
    }
    ctx.set_fonts(fonts);
}

/// Adds the fonts of the system for characters that the bundled ones lack. The search runs on its own thread.
pub fn add_system_fonts(ctx: &Context) {
    ctx.add_font_provider(Arc::new(
        SystemFontProvider::new().with_locale(Some("zh-CN")),
    ));
}
