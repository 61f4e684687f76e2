//! Draws the pictures of `docs/owners.md` from the formulas themselves: `cargo run -p pictures` writes
//! `docs/pictures/*.svg`, and a test fails while they are not what the formulas give.

mod chart;
mod formulas;
mod life;
mod weights;

use std::path::{Path, PathBuf};

/// Why there is no picture.
type Error = Box<dyn std::error::Error>;

/// Every picture by its file's name.
fn pictures() -> Result<Vec<(&'static str, String)>, Error> {
    Ok(vec![
        ("share.svg", formulas::by_share()?),
        ("duration.svg", formulas::by_duration()?),
        ("formulas.svg", formulas::others()?),
        ("life.svg", life::picture()?),
        ("weights.svg", weights::picture()?),
    ])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures")
}

fn main() -> Result<(), Error> {
    std::fs::create_dir_all(folder())?;
    for (name, svg) in pictures()? {
        std::fs::write(folder().join(name), svg)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // tests

    use super::*;

    #[test]
    fn the_pictures_of_the_docs_are_those_of_the_formulas() {
        for (name, svg) in pictures().unwrap() {
            let there = std::fs::read_to_string(folder().join(name)).unwrap();
            assert!(there == svg, "docs/pictures/{name} is out of date: cargo run -p pictures");
        }
    }

    #[test]
    fn the_docs_show_every_picture() {
        let page = std::fs::read_to_string(folder().join("../owners.md")).unwrap();
        for (name, _) in pictures().unwrap() {
            assert!(page.contains(&format!("(pictures/{name})")), "{name}");
        }
    }
}
