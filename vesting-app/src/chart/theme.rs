//! Colours and fonts. People with other colour vision can tell the colours apart too.

use std::str::FromStr;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A light or a dark background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl FromStr for Scheme {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(()),
        }
    }
}

/// The font size, in pixels.
pub const LETTERS: i32 = 12;

impl Scheme {
    /// What is kept, or what is the case now.
    pub const fn kept(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x1f, 0x6f, 0xb4),
            Self::Dark => RGBColor(0x6c, 0xb2, 0xee),
        }
    }

    /// What is sold, or what would be the case under another policy.
    pub const fn left(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0xc2, 0x55, 0x0a),
            Self::Dark => RGBColor(0xf2, 0xa1, 0x54),
        }
    }

    /// Grid lines and axes.
    pub const fn line(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0xe2, 0xe6, 0xeb),
            Self::Dark => RGBColor(0x2c, 0x34, 0x3f),
        }
    }

    const fn letters(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x59, 0x63, 0x70),
            Self::Dark => RGBColor(0x9d, 0xa9, 0xb8),
        }
    }

    const fn strong(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x1a, 0x20, 0x28),
            Self::Dark => RGBColor(0xe8, 0xed, 0xf3),
        }
    }

    /// The labels of an axis.
    pub fn small(self) -> TextStyle<'static> {
        ("sans-serif", LETTERS).into_font().color(&self.letters())
    }

    /// The name of a panel.
    pub fn title(self) -> TextStyle<'static> {
        ("sans-serif", 13).into_font().color(&self.strong()).pos(Pos::new(HPos::Left, VPos::Top))
    }

    /// The text to the right of a panel's name.
    pub fn aside(self) -> TextStyle<'static> {
        self.small().pos(Pos::new(HPos::Right, VPos::Top))
    }
}
