//! Looks for a PostgreSQL server to test with. Where there is none, the tests that need one are listed as
//! ignored.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=VESTING_TEST_POSTGRES_URL");
    println!("cargo::rerun-if-env-changed=PATH");
    // Packages install it there. The folder changes when the first version is installed.
    println!("cargo::rerun-if-changed=/usr/lib");
    println!("cargo::rustc-check-cfg=cfg(postgres_server)");
    println!("cargo::rustc-check-cfg=cfg(postgres_programs)");
    let programs = programs();
    if let Some(folder) = &programs {
        println!("cargo::rustc-cfg=postgres_programs");
        println!("cargo::rustc-env=VESTING_POSTGRES_PROGRAMS={}", folder.display());
    }
    if programs.is_some() || env::var_os("VESTING_TEST_POSTGRES_URL").is_some() {
        println!("cargo::rustc-cfg=postgres_server");
    }
}

/// The folder with `initdb` and `postgres`: the newest that a package installed, or one in the PATH.
fn programs() -> Option<PathBuf> {
    let has_both =
        |folder: &Path| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file());
    let in_path =
        env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut packaged: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| {
            Some((
                version.as_ref().ok()?.file_name().to_str()?.parse().ok()?,
                version.ok()?.path().join("bin"),
            ))
        })
        .collect();
    packaged.sort();
    packaged.into_iter().rev().map(|(_, folder)| folder).chain(in_path).find(|folder| has_both(folder))
}
