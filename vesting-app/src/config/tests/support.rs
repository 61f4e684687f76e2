//! Settings loaded for a test.

use crate::config::{Config, ConfigArgs, load};
use crate::exit::UsageError;

pub fn load_with(
    set: impl FnOnce(&mut ConfigArgs),
    environment: &[(&str, &str)],
) -> Result<Config, UsageError> {
    let mut args = ConfigArgs::default();
    set(&mut args);
    load(&args, environment.iter().map(|(k, v)| (k.into(), v.into())))
}

pub fn load_file(text: &str, set: impl FnOnce(&mut ConfigArgs)) -> Result<Config, UsageError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vesting.toml");
    std::fs::write(&path, text).unwrap();
    load_with(
        |args| {
            args.config = Some(path);
            set(args);
        },
        &[],
    )
}
