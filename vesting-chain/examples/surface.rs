//! Brings the lists of known items up to date with runtimes at hand: every pallet, and every storage item,
//! event and call of those that bear on stake, with its shape and the versions that had it so.
//!
//! ```sh
//! cargo run -p vesting-chain --example surface -- vesting-chain/src/surface 425=capture/runtime-425/metadata_v15.scale
//! ```
//!
//! The folder is that of the lists; then each version with a file of its metadata, version 14 or later. What
//! the lists have already stays.

#![allow(clippy::print_stdout)] // it is a program

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use vesting_chain::Runtime;
use vesting_chain::surface::{ItemKind, SurfaceItem};

/// The versions that have an item, by name and shape.
type List = BTreeMap<(String, String), BTreeSet<u32>>;

/// What stands for any shape: where such a line is, it stays, and no other is added.
const ANY: &str = "?";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder has the lists?")?;
    let mut items: Vec<(u32, SurfaceItem)> = Vec::new();
    for argument in arguments {
        let (spec_version, file) = argument.split_once('=').ok_or("each runtime is VERSION=FILE")?;
        let spec_version: u32 = spec_version.parse()?;
        let runtime = Runtime::new(spec_version, &std::fs::read(file)?)?;
        items.extend(runtime.surface().into_iter().map(|item| (spec_version, item)));
    }
    for kind in ItemKind::ALL {
        let path = Path::new(&folder).join(kind.file());
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let mut list = read(&text)?;
        for (spec_version, item) in items.iter().filter(|(_, item)| item.kind == kind) {
            let any = (item.to_string(), ANY.to_owned());
            let key = if list.contains_key(&any) { any } else { (any.0, item.shape.clone()) };
            list.entry(key).or_default().insert(*spec_version);
        }
        std::fs::write(&path, written(&text, &list))?;
        println!("{}: {} lines", path.display(), list.len());
    }
    Ok(())
}

fn read(text: &str) -> Result<List, Box<dyn Error>> {
    let mut list = List::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, shape, versions] = parts.as_slice() else {
            return Err(format!("no line of a list: {line}").into());
        };
        let versions = versions.split_whitespace().map(str::parse).collect::<Result<BTreeSet<u32>, _>>()?;
        list.entry(((*name).to_owned(), (*shape).to_owned())).or_default().extend(versions);
    }
    Ok(list)
}

/// The list under the comment that it has.
fn written(before: &str, list: &List) -> String {
    let mut text: String =
        before.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    for ((name, shape), versions) in list {
        let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
        text += &format!("{name} | {shape} | {}\n", versions.join(" "));
    }
    text
}
