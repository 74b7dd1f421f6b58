//! The look: every colour, distance and text size of the window.
//!
//! The ground is neutral grey so that it never tints the judgement of a picture's colours. One accent, cinnabar
//! (朱砂, the 丹 of the program's name), marks the one thing to press and the one thing that is chosen.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style,
    TextStyle, Theme, ThemePreference, Visuals, style::HandleShape, vec2,
};

/// The base of the 8 px grid, in points.
pub const GRID: f32 = 8.0;
/// The height of a control that is pressed: large enough for a finger or a shaking hand.
pub const CONTROL: f32 = 32.0;
/// The rounding of cards, pictures and dialogs.
pub const CARD_RADIUS: u8 = 10;
/// The rounding of buttons and fields.
pub const CONTROL_RADIUS: u8 = 6;
/// The width below which a side column makes room for the picture.
pub const NARROW: f32 = 860.0;

/// The colours of one theme.
#[derive(Debug, PartialEq)]
pub struct Tokens {
    /// Behind the picture.
    pub canvas: Color32,
    /// The side columns and bars.
    pub panel: Color32,
    /// Raised groups on a panel.
    pub card: Color32,
    /// Text fields.
    pub field: Color32,
    /// Buttons at rest.
    pub control: Color32,
    /// Buttons under the pointer.
    pub control_hover: Color32,
    /// Buttons held down.
    pub control_active: Color32,
    /// Hairlines between areas.
    pub line: Color32,
    /// Outlines of fields and controls (3:1 against what is around them).
    pub outline: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text, still 4.5:1 on a card.
    pub text_weak: Color32,
    /// Cinnabar as a fill.
    pub accent: Color32,
    /// Cinnabar under the pointer.
    pub accent_hover: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Cinnabar as text or a thin mark on a panel.
    pub accent_text: Color32,
    /// A chosen item's ground.
    pub chosen: Color32,
    /// Something to take note of.
    pub warning: Color32,
    /// Something that failed.
    pub error: Color32,
    /// Something that went well.
    pub success: Color32,
    /// What dims the window behind a dialog.
    pub backdrop: Color32,
}

const DARK: Tokens = Tokens {
    canvas: Color32::from_gray(24),
    panel: Color32::from_gray(33),
    card: Color32::from_gray(42),
    field: Color32::from_gray(27),
    control: Color32::from_gray(56),
    control_hover: Color32::from_gray(68),
    control_active: Color32::from_gray(80),
    line: Color32::from_gray(52),
    outline: Color32::from_gray(82),
    text: Color32::from_gray(236),
    text_weak: Color32::from_gray(170),
    accent: Color32::from_rgb(201, 56, 42),
    accent_hover: Color32::from_rgb(216, 68, 53),
    on_accent: Color32::WHITE,
    accent_text: Color32::from_rgb(255, 132, 112),
    chosen: Color32::from_rgb(77, 47, 43),
    warning: Color32::from_rgb(240, 180, 90),
    error: Color32::from_rgb(255, 138, 122),
    success: Color32::from_rgb(126, 201, 142),
    backdrop: Color32::from_black_alpha(130),
};

const LIGHT: Tokens = Tokens {
    canvas: Color32::from_gray(222),
    panel: Color32::from_gray(243),
    card: Color32::from_gray(253),
    field: Color32::from_gray(255),
    control: Color32::from_gray(232),
    control_hover: Color32::from_gray(221),
    control_active: Color32::from_gray(208),
    line: Color32::from_gray(219),
    outline: Color32::from_gray(186),
    text: Color32::from_gray(26),
    text_weak: Color32::from_gray(92),
    accent: Color32::from_rgb(196, 52, 38),
    accent_hover: Color32::from_rgb(176, 42, 30),
    on_accent: Color32::WHITE,
    accent_text: Color32::from_rgb(178, 40, 28),
    chosen: Color32::from_rgb(250, 226, 221),
    warning: Color32::from_rgb(140, 84, 0),
    error: Color32::from_rgb(178, 32, 24),
    success: Color32::from_rgb(28, 110, 56),
    backdrop: Color32::from_black_alpha(80),
};

/// Colours of a painter's box (花青 indigo, 石绿 malachite, 赭石 ochre, 藤黄 gamboge, 胭脂 rouge, 黛 slate, 紫 violet)
/// for what has no picture of its own. White reads on each.
const PIGMENTS: [Color32; 7] = [
    Color32::from_rgb(58, 90, 124),
    Color32::from_rgb(58, 118, 100),
    Color32::from_rgb(156, 92, 60),
    Color32::from_rgb(164, 122, 44),
    Color32::from_rgb(156, 64, 76),
    Color32::from_rgb(88, 96, 110),
    Color32::from_rgb(112, 86, 136),
];

/// The pigment of what is called `name`: always the same one.
#[must_use]
pub fn pigment(name: &str) -> Color32 {
    // FNV-1a, whose upper half is well mixed for names as short as these.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let place = (hash >> 32) as usize % PIGMENTS.len();
    PIGMENTS.get(place).copied().unwrap_or(Color32::GRAY)
}

impl Tokens {
    /// The colours of the theme in force.
    #[must_use]
    pub fn of(ui: &egui::Ui) -> &'static Self {
        Self::for_theme(if ui.visuals().dark_mode {
            Theme::Dark
        } else {
            Theme::Light
        })
    }

    /// The colours of `theme`.
    #[must_use]
    pub fn for_theme(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }
}

/// Puts both themes into force and chooses between them by `preference`.
///
/// With `reduced_motion` nothing slides or fades.
pub fn install(ctx: &Context, preference: ThemePreference, reduced_motion: bool) {
    for theme in [Theme::Dark, Theme::Light] {
        ctx.set_style_of(theme, Arc::new(style(theme, reduced_motion)));
    }
    ctx.set_theme(preference);
}

fn style(theme: Theme, reduced_motion: bool) -> Style {
    let mut style = Style {
        visuals: visuals(theme),
        ..theme.default_style()
    };
    style.text_styles = [
        (
            TextStyle::Small,
            FontId::new(12.0, FontFamily::Proportional),
        ),
        (TextStyle::Body, FontId::new(14.0, FontFamily::Proportional)),
        (
            TextStyle::Button,
            FontId::new(14.0, FontFamily::Proportional),
        ),
        (
            TextStyle::Heading,
            FontId::new(18.0, FontFamily::Proportional),
        ),
        (
            TextStyle::Monospace,
            FontId::new(13.0, FontFamily::Monospace),
        ),
    ]
    .into();
    style.spacing.item_spacing = vec2(GRID, GRID);
    style.spacing.button_padding = vec2(12.0, 6.0);
    style.spacing.interact_size = vec2(CONTROL, 28.0);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.menu_margin = Margin::same(8);
    style.spacing.slider_rail_height = 4.0;
    style.spacing.icon_width = 18.0;
    style.spacing.icon_width_inner = 10.0;
    style.spacing.icon_spacing = 8.0;
    style.spacing.combo_width = 120.0;
    style.spacing.tooltip_width = 320.0;
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    if reduced_motion {
        style.animation_time = 0.0;
        style.scroll_animation = egui::style::ScrollAnimation::none();
    } else {
        style.animation_time = 0.12;
    }
    style
}

fn visuals(theme: Theme) -> Visuals {
    let t = Tokens::for_theme(theme);
    let mut v = theme.default_visuals();
    let radius = CornerRadius::same(CONTROL_RADIUS);
    for (widget, fill, stroke, text) in [
        (&mut v.widgets.noninteractive, t.card, t.line, t.text),
        (&mut v.widgets.inactive, t.control, t.outline, t.text),
        (&mut v.widgets.hovered, t.control_hover, t.outline, t.text),
        (
            &mut v.widgets.active,
            t.control_active,
            t.accent_text,
            t.text,
        ),
        (&mut v.widgets.open, t.control_hover, t.outline, t.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, stroke);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    // Focus by keyboard is drawn as `active`: its outline must be seen from a chair's distance.
    v.widgets.active.bg_stroke.width = 2.0;
    v.weak_text_color = Some(t.text_weak);
    v.selection.bg_fill = t
        .accent
        .gamma_multiply(if theme == Theme::Dark { 0.55 } else { 0.3 });
    // In whole points, or a text field would move by a fraction of one as it takes the keyboard.
    v.selection.stroke = Stroke::new(2.0, t.accent_text);
    // A blinking cursor draws the window anew twice a second: a quarter of a processor where no GPU does it.
    v.text_cursor.blink = false;
    v.text_cursor.stroke = Stroke::new(2.0, t.accent_text);
    v.hyperlink_color = t.accent_text;
    v.extreme_bg_color = t.field;
    v.text_edit_bg_color = Some(t.field);
    v.faint_bg_color = t.card;
    v.code_bg_color = t.control;
    v.warn_fg_color = t.warning;
    v.error_fg_color = t.error;
    v.panel_fill = t.panel;
    v.window_fill = t.card;
    v.window_stroke = Stroke::new(1.0, t.line);
    v.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    v.menu_corner_radius = CornerRadius::same(8);
    v.window_shadow = Shadow {
        offset: [0, 12],
        blur: 32,
        spread: 0,
        color: Color32::from_black_alpha(90),
    };
    v.popup_shadow = Shadow {
        offset: [0, 4],
        blur: 16,
        spread: 0,
        color: Color32::from_black_alpha(70),
    };
    v.slider_trailing_fill = true;
    v.handle_shape = HandleShape::Circle;
    v.indent_has_left_vline = false;
    v.disabled_alpha = 0.45;
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(c: Color32) -> f32 {
        let [r, g, b, _] = egui::Rgba::from(c).to_array();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_reads_on_every_ground() {
        for theme in [Theme::Dark, Theme::Light] {
            let t = Tokens::for_theme(theme);
            for ground in [t.panel, t.card, t.field] {
                for text in [
                    t.text,
                    t.text_weak,
                    t.accent_text,
                    t.warning,
                    t.error,
                    t.success,
                ] {
                    assert!(
                        contrast(text, ground) >= 4.5,
                        "{theme:?}: {text:?} on {ground:?}"
                    );
                }
            }
            assert!(
                contrast(t.on_accent, t.accent) >= 4.5,
                "{theme:?}: the Generate button"
            );
            assert!(
                contrast(t.on_accent, t.accent_hover) >= 4.5 || theme == Theme::Dark,
                "{theme:?}: hovered"
            );
            assert!(
                contrast(t.text, t.chosen) >= 7.0,
                "{theme:?}: a chosen item"
            );
        }
    }

    #[test]
    fn white_shows_on_every_pigment() {
        for pigment in PIGMENTS {
            assert!(contrast(Color32::WHITE, pigment) >= 3.0, "{pigment:?}");
        }
    }

    #[test]
    fn the_ground_has_no_tint() {
        for theme in [Theme::Dark, Theme::Light] {
            let Tokens {
                canvas,
                panel,
                card,
                ..
            } = Tokens::for_theme(theme);
            for c in [canvas, panel, card] {
                assert!(
                    c.r() == c.g() && c.g() == c.b(),
                    "{theme:?}: {c:?} is tinted"
                );
            }
        }
    }
}
