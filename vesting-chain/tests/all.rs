//! Runtimes that are read: what their metadata resolves, and what it switches off.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

use std::path::Path;

use vesting_chain::{Capabilities, Runtime};
use vesting_core::ports::ChainError;

const ALL: Capabilities = Capabilities {
    incentive_event: true,
    auto_stake: true,
    float_shares: true,
    fixed_shares: true,
    epoch_index: true,
    fee_in_alpha: true,
    stake_api: true,
};

fn check(path: &Path, spec_version: u32, expected: Capabilities) {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let runtime = Runtime::new(spec_version, &bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(runtime.capabilities(), expected, "{}", path.display());
}

#[test]
fn what_is_no_metadata_is_refused() {
    for bytes in [&b""[..], b"meta", &[0xff; 64]] {
        assert!(matches!(Runtime::new(1, bytes), Err(ChainError::Malformed(_))));
    }
}

#[test]
#[ignore = "needs VESTING_TEST_METADATA and VESTING_TEST_RECORDINGS; .ci/run sets them where they are"]
fn real_metadata_resolves_every_name_or_switches_the_capability_off() {
    let folder = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} names a folder"));
    let (metadata, recordings) = (folder("VESTING_TEST_METADATA"), folder("VESTING_TEST_RECORDINGS"));
    let (metadata, recordings) = (Path::new(&metadata), Path::new(&recordings));
    // Before spec 401: no float shares, no dynamic schedule. Metadata of version 14 has no runtime APIs.
    let old = Capabilities { float_shares: false, epoch_index: false, ..ALL };
    check(&metadata.join("finney-365.scale"), 365, Capabilities { fee_in_alpha: false, ..old });
    check(&metadata.join("finney-393.scale"), 393, Capabilities { fee_in_alpha: false, ..old });
    for version in [15, 16] {
        check(&recordings.join(format!("S1/metadata_v{version}.scale")), 425, ALL);
        check(&recordings.join(format!("O1/runtime-393/metadata_v{version}.scale")), 393, Capabilities { fee_in_alpha: false, ..old });
        check(&recordings.join(format!("U1/runtime-425/metadata_v{version}.scale")), 425, ALL);
    }
    check(&recordings.join("S1/metadata_v14.scale"), 425, Capabilities { stake_api: false, ..ALL });
}
