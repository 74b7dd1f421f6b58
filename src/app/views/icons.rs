//! The icons, drawn as strokes so that they are sharp at every scale and follow the text's colour.

use eframe::egui::{Color32, Painter, Pos2, Rect, Stroke, epaint::PathShape, pos2};

/// A picture of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// Fold the left column away.
    PanelLeft,
    /// Fold the right column away.
    PanelRight,
    /// A cube: the model.
    Model,
    /// A gear: settings.
    Settings,
    /// A clock: earlier prompts.
    History,
    /// A chip: the system.
    System,
    /// A lens: search.
    Search,
    /// Lines that grow shorter: narrow a search down.
    Filter,
    /// A question mark: the keys.
    Help,
    /// A bell: messages so far.
    Bell,
    /// Two arrows in turn: swap width and height.
    Swap,
    /// A closed lock.
    Lock,
    /// An open lock.
    Unlock,
    /// A die: chance.
    Dice,
    /// Picture to the window.
    Fit,
    /// Two pictures beside each other.
    Compare,
    /// One picture with a divider.
    Split,
    /// A star's outline.
    Star,
    /// A full star.
    StarFull,
    /// A bin.
    Trash,
    /// A round arrow: again.
    Redo,
    /// A round arrow the other way.
    Undo,
    /// Two sheets.
    Copy,
    /// A folder.
    Folder,
    /// An arrow into a tray.
    Export,
    /// An arrow out of a tray.
    Import,
    /// Two bars.
    Pause,
    /// A triangle.
    Play,
    /// A cross.
    Close,
    /// A plus.
    Plus,
    /// A minus.
    Minus,
    /// Up.
    Up,
    /// Down.
    Down,
    /// A pencil.
    Edit,
    /// A circled i.
    Info,
    /// A brush.
    Brush,
    /// A tick.
    Check,
    /// A triangle with a mark.
    Warning,
}

/// A mark of an icon on a grid of 20 by 20.
enum Mark {
    Line(&'static [(f32, f32)]),
    Loop(&'static [(f32, f32)]),
    Fill(&'static [(f32, f32)]),
    Ring(f32, f32, f32),
    Dot(f32, f32, f32),
}

use Mark::{Dot, Fill, Line, Loop, Ring};

const STAR: &[(f32, f32)] = &[
    (10.0, 2.8),
    (12.2, 7.4),
    (17.2, 8.0),
    (13.5, 11.4),
    (14.5, 16.4),
    (10.0, 13.9),
    (5.5, 16.4),
    (6.5, 11.4),
    (2.8, 8.0),
    (7.8, 7.4),
];

const FRAME: Mark = Loop(&[(2.5, 4.0), (17.5, 4.0), (17.5, 16.0), (2.5, 16.0)]);

impl Icon {
    fn marks(self) -> &'static [Mark] {
        match self {
            Self::PanelLeft => &[FRAME, Line(&[(7.5, 4.0), (7.5, 16.0)])],
            Self::PanelRight => &[FRAME, Line(&[(12.5, 4.0), (12.5, 16.0)])],
            Self::Model => &[
                Loop(&[
                    (10.0, 2.5),
                    (16.5, 6.2),
                    (16.5, 13.8),
                    (10.0, 17.5),
                    (3.5, 13.8),
                    (3.5, 6.2),
                ]),
                Line(&[(3.5, 6.2), (10.0, 10.0), (16.5, 6.2)]),
                Line(&[(10.0, 10.0), (10.0, 17.5)]),
            ],
            Self::Settings => &[
                Loop(&[
                    (8.5, 4.6),
                    (8.7, 2.3),
                    (11.3, 2.3),
                    (11.5, 4.6),
                    (12.8, 5.1),
                    (14.5, 3.6),
                    (16.4, 5.5),
                    (14.9, 7.2),
                    (15.4, 8.5),
                    (17.7, 8.7),
                    (17.7, 11.3),
                    (15.4, 11.5),
                    (14.9, 12.8),
                    (16.4, 14.5),
                    (14.5, 16.4),
                    (12.8, 14.9),
                    (11.5, 15.4),
                    (11.3, 17.7),
                    (8.7, 17.7),
                    (8.5, 15.4),
                    (7.2, 14.9),
                    (5.5, 16.4),
                    (3.6, 14.5),
                    (5.1, 12.8),
                    (4.6, 11.5),
                    (2.3, 11.3),
                    (2.3, 8.7),
                    (4.6, 8.5),
                    (5.1, 7.2),
                    (3.6, 5.5),
                    (5.5, 3.6),
                    (7.2, 5.1),
                ]),
                Ring(10.0, 10.0, 2.5),
            ],
            Self::History => &[
                Ring(10.0, 10.0, 7.2),
                Line(&[(10.0, 5.8), (10.0, 10.0), (13.0, 11.8)]),
            ],
            Self::System => &[
                Loop(&[(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)]),
                Loop(&[(8.0, 8.0), (12.0, 8.0), (12.0, 12.0), (8.0, 12.0)]),
                Line(&[(8.0, 2.5), (8.0, 5.0)]),
                Line(&[(12.0, 2.5), (12.0, 5.0)]),
                Line(&[(8.0, 15.0), (8.0, 17.5)]),
                Line(&[(12.0, 15.0), (12.0, 17.5)]),
                Line(&[(2.5, 8.0), (5.0, 8.0)]),
                Line(&[(2.5, 12.0), (5.0, 12.0)]),
                Line(&[(15.0, 8.0), (17.5, 8.0)]),
                Line(&[(15.0, 12.0), (17.5, 12.0)]),
            ],
            Self::Search => &[Ring(8.8, 8.8, 5.0), Line(&[(12.6, 12.6), (17.0, 17.0)])],
            Self::Filter => &[
                Line(&[(3.5, 6.0), (16.5, 6.0)]),
                Line(&[(6.0, 10.0), (14.0, 10.0)]),
                Line(&[(8.5, 14.0), (11.5, 14.0)]),
            ],
            Self::Help => &[
                Ring(10.0, 10.0, 7.5),
                Line(&[
                    (7.8, 8.0),
                    (8.2, 6.6),
                    (10.0, 5.9),
                    (11.8, 6.7),
                    (12.0, 8.3),
                    (10.2, 9.9),
                    (10.0, 11.6),
                ]),
                Dot(10.0, 14.0, 1.0),
            ],
            Self::Bell => &[
                Line(&[
                    (3.5, 14.5),
                    (5.3, 12.2),
                    (5.3, 8.6),
                    (7.0, 5.4),
                    (10.0, 4.2),
                    (13.0, 5.4),
                    (14.7, 8.6),
                    (14.7, 12.2),
                    (16.5, 14.5),
                    (3.5, 14.5),
                ]),
                Line(&[(8.4, 17.0), (11.6, 17.0)]),
            ],
            Self::Swap => &[
                Line(&[(3.0, 7.0), (16.0, 7.0)]),
                Line(&[(13.0, 3.8), (16.5, 7.0), (13.0, 10.2)]),
                Line(&[(17.0, 13.5), (4.0, 13.5)]),
                Line(&[(7.0, 10.8), (3.5, 13.5), (7.0, 16.7)]),
            ],
            Self::Lock => &[
                Loop(&[(4.5, 9.0), (15.5, 9.0), (15.5, 17.0), (4.5, 17.0)]),
                Line(&[
                    (6.8, 9.0),
                    (6.8, 6.0),
                    (8.2, 3.7),
                    (10.0, 3.0),
                    (11.8, 3.7),
                    (13.2, 6.0),
                    (13.2, 9.0),
                ]),
                Dot(10.0, 13.0, 1.2),
            ],
            Self::Unlock => &[
                Loop(&[(4.5, 9.0), (15.5, 9.0), (15.5, 17.0), (4.5, 17.0)]),
                Line(&[
                    (6.8, 9.0),
                    (6.8, 5.5),
                    (8.2, 3.2),
                    (10.0, 2.5),
                    (11.8, 3.2),
                    (13.0, 5.0),
                ]),
                Dot(10.0, 13.0, 1.2),
            ],
            Self::Dice => &[
                Loop(&[(3.5, 3.5), (16.5, 3.5), (16.5, 16.5), (3.5, 16.5)]),
                Dot(7.0, 7.0, 1.3),
                Dot(13.0, 7.0, 1.3),
                Dot(10.0, 10.0, 1.3),
                Dot(7.0, 13.0, 1.3),
                Dot(13.0, 13.0, 1.3),
            ],
            Self::Fit => &[
                Line(&[(3.0, 7.0), (3.0, 3.0), (7.0, 3.0)]),
                Line(&[(13.0, 3.0), (17.0, 3.0), (17.0, 7.0)]),
                Line(&[(17.0, 13.0), (17.0, 17.0), (13.0, 17.0)]),
                Line(&[(7.0, 17.0), (3.0, 17.0), (3.0, 13.0)]),
            ],
            Self::Compare => &[
                Loop(&[(2.5, 4.5), (8.5, 4.5), (8.5, 15.5), (2.5, 15.5)]),
                Loop(&[(11.5, 4.5), (17.5, 4.5), (17.5, 15.5), (11.5, 15.5)]),
            ],
            Self::Split => &[
                FRAME,
                Line(&[(10.0, 2.0), (10.0, 18.0)]),
                Line(&[(7.5, 8.0), (5.5, 10.0), (7.5, 12.0)]),
                Line(&[(12.5, 8.0), (14.5, 10.0), (12.5, 12.0)]),
            ],
            Self::Star => &[Loop(STAR)],
            Self::StarFull => {
                const {
                    &[
                        // A star is not convex: the five kites between its centre and its points are.
                        Fill(&[(10.0, 10.0), STAR[9], STAR[0], STAR[1]]),
                        Fill(&[(10.0, 10.0), STAR[1], STAR[2], STAR[3]]),
                        Fill(&[(10.0, 10.0), STAR[3], STAR[4], STAR[5]]),
                        Fill(&[(10.0, 10.0), STAR[5], STAR[6], STAR[7]]),
                        Fill(&[(10.0, 10.0), STAR[7], STAR[8], STAR[9]]),
                        Loop(STAR),
                    ]
                }
            }
            Self::Trash => &[
                Line(&[(3.5, 5.5), (16.5, 5.5)]),
                Line(&[(7.5, 5.5), (7.5, 3.0), (12.5, 3.0), (12.5, 5.5)]),
                Line(&[(5.0, 5.5), (5.8, 17.0), (14.2, 17.0), (15.0, 5.5)]),
                Line(&[(8.3, 8.8), (8.5, 13.7)]),
                Line(&[(11.7, 8.8), (11.5, 13.7)]),
            ],
            Self::Redo => &[
                Line(&[
                    (15.8, 8.0),
                    (13.6, 5.3),
                    (10.0, 4.2),
                    (6.4, 5.3),
                    (4.3, 8.4),
                    (4.3, 12.0),
                    (6.6, 15.2),
                    (10.0, 16.2),
                    (13.4, 15.2),
                    (15.2, 13.0),
                ]),
                Line(&[(16.6, 3.8), (16.0, 8.2), (11.8, 7.8)]),
            ],
            Self::Undo => &[
                Line(&[
                    (4.2, 8.0),
                    (6.4, 5.3),
                    (10.0, 4.2),
                    (13.6, 5.3),
                    (15.7, 8.4),
                    (15.7, 12.0),
                    (13.4, 15.2),
                    (10.0, 16.2),
                    (6.6, 15.2),
                    (4.8, 13.0),
                ]),
                Line(&[(3.4, 3.8), (4.0, 8.2), (8.2, 7.8)]),
            ],
            Self::Copy => &[
                Loop(&[(7.0, 7.0), (16.5, 7.0), (16.5, 16.5), (7.0, 16.5)]),
                Line(&[
                    (4.5, 13.0),
                    (3.5, 13.0),
                    (3.5, 3.5),
                    (13.0, 3.5),
                    (13.0, 4.5),
                ]),
            ],
            Self::Folder => &[Loop(&[
                (2.5, 5.0),
                (8.0, 5.0),
                (10.0, 7.0),
                (17.5, 7.0),
                (17.5, 16.0),
                (2.5, 16.0),
            ])],
            Self::Export => &[
                Line(&[(10.0, 12.5), (10.0, 3.0)]),
                Line(&[(6.3, 6.5), (10.0, 3.0), (13.7, 6.5)]),
                Line(&[(3.5, 11.5), (3.5, 16.5), (16.5, 16.5), (16.5, 11.5)]),
            ],
            Self::Import => &[
                Line(&[(10.0, 3.0), (10.0, 12.5)]),
                Line(&[(6.3, 9.0), (10.0, 12.5), (13.7, 9.0)]),
                Line(&[(3.5, 11.5), (3.5, 16.5), (16.5, 16.5), (16.5, 11.5)]),
            ],
            Self::Pause => &[
                Line(&[(7.0, 4.5), (7.0, 15.5)]),
                Line(&[(13.0, 4.5), (13.0, 15.5)]),
            ],
            Self::Play => &[Loop(&[(6.0, 4.0), (15.5, 10.0), (6.0, 16.0)])],
            Self::Close => &[
                Line(&[(5.0, 5.0), (15.0, 15.0)]),
                Line(&[(15.0, 5.0), (5.0, 15.0)]),
            ],
            Self::Plus => &[
                Line(&[(10.0, 4.0), (10.0, 16.0)]),
                Line(&[(4.0, 10.0), (16.0, 10.0)]),
            ],
            Self::Minus => &[Line(&[(4.0, 10.0), (16.0, 10.0)])],
            Self::Up => &[Line(&[(5.0, 12.5), (10.0, 7.5), (15.0, 12.5)])],
            Self::Down => &[Line(&[(5.0, 7.5), (10.0, 12.5), (15.0, 7.5)])],
            Self::Edit => &[
                Loop(&[
                    (3.5, 16.5),
                    (4.5, 12.5),
                    (13.5, 3.5),
                    (16.5, 6.5),
                    (7.5, 15.5),
                ]),
                Line(&[(11.5, 5.5), (14.5, 8.5)]),
            ],
            Self::Info => &[
                Ring(10.0, 10.0, 7.5),
                Line(&[(10.0, 9.2), (10.0, 14.0)]),
                Dot(10.0, 6.3, 1.0),
            ],
            Self::Brush => &[
                Line(&[(16.8, 3.2), (9.3, 10.7)]),
                Loop(&[
                    (9.0, 10.2),
                    (10.4, 11.6),
                    (9.4, 14.8),
                    (6.6, 16.6),
                    (2.8, 16.8),
                    (4.2, 14.8),
                    (5.0, 12.0),
                    (7.0, 10.2),
                ]),
            ],
            Self::Check => &[Line(&[(4.0, 10.5), (8.2, 14.7), (16.0, 5.8)])],
            Self::Warning => &[
                Loop(&[(10.0, 3.0), (17.5, 16.5), (2.5, 16.5)]),
                Line(&[(10.0, 8.0), (10.0, 12.0)]),
                Dot(10.0, 14.2, 0.9),
            ],
        }
    }

    /// Draws the icon into `rect`, which should be a square.
    pub fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let scale = rect.width().min(rect.height()) / 20.0;
        let at = |(x, y): (f32, f32)| -> Pos2 { rect.left_top() + (pos2(x, y) * scale).to_vec2() };
        let points = |list: &[(f32, f32)]| -> Vec<Pos2> { list.iter().copied().map(at).collect() };
        let stroke = Stroke::new((1.5 * scale).max(1.0), color);
        for mark in self.marks() {
            match mark {
                Line(list) => painter.add(PathShape::line(points(list), stroke)),
                Loop(list) => painter.add(PathShape::closed_line(points(list), stroke)),
                Fill(list) => {
                    painter.add(PathShape::convex_polygon(points(list), color, Stroke::NONE))
                }
                Ring(x, y, radius) => painter.circle_stroke(at((*x, *y)), radius * scale, stroke),
                Dot(x, y, radius) => painter.circle_filled(at((*x, *y)), radius * scale, color),
            };
        }
    }
}
