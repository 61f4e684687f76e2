//! What the state says about the daemon, and when it changes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use vesting_core::ports::{ChainError, StoreError, Watermark};
use vesting_core::{
    BlockNumber, Coldkey, ConservationError, Hotkey, MonitorError, NetUid, PositionKey, Progress, Rao,
    RaoDelta,
};

use super::{Role, State};
use crate::config::{ConfigArgs, load};

fn state() -> Arc<State> {
    let mut args = ConfigArgs::default();
    args.keys.set("netuids", "2,3");
    State::new(&load(&args, std::iter::empty()).unwrap(), None)
}

#[test]
fn nothing_is_ready_while_a_subnet_was_not_looked_at() {
    let state = State::new(&load(&ConfigArgs::default(), std::iter::empty()).unwrap(), None);
    let readiness = || state.readiness(SystemTime::now());
    assert!(!readiness().ready);
    state.expect(&[NetUid(2), NetUid(3)]);
    let netuids: Vec<u16> = readiness().subnets.iter().map(|subnet| subnet.netuid).collect();
    assert!(!readiness().ready && netuids == [2, 3]);
    assert!(readiness().subnets.iter().all(|subnet| !subnet.ready));
}

#[test]
fn a_ledger_that_does_not_agree_with_the_chain_is_counted_and_not_ready_until_it_does() {
    let state = state();
    let key = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
    let error = ConservationError::Position {
        netuid: NetUid(3),
        block: BlockNumber(9),
        key,
        ledger: RaoDelta(1),
        chain: Rao(2),
    };
    state.failed(Some(NetUid(3)), &anyhow::Error::new(MonitorError::Conservation(error)));
    let counts = |netuid| state.subnets()[&NetUid(netuid)].counts.conservation_failures;
    assert_eq!((counts(2), counts(3)), (0, 1));
    let reasons = |netuid: usize| state.readiness(SystemTime::now()).subnets[netuid - 2].reasons.join("; ");
    assert!(reasons(3).contains("does not agree") && !reasons(2).contains("does not agree"));
    let progress =
        Progress { block: BlockNumber(9), to: BlockNumber(9), epochs: 0, operations: 0, entries: 0 };
    // Another one that gets on is no reason to be content with this one.
    state.progressed(NetUid(2), progress);
    assert!(reasons(3).contains("does not agree") && state.last_error().unwrap().holds);
    state.progressed(NetUid(3), progress);
    assert!(!reasons(3).contains("does not agree"));
    let last = state.last_error().unwrap();
    assert!(!last.holds && last.message.contains("conservation broken on subnet 3"));

    let owed = ChainError::Contradicted {
        netuid: NetUid(2),
        spec_version: 475,
        block: BlockNumber(9),
        agreed: None,
    };
    state.failed(Some(NetUid(2)), &anyhow::Error::new(MonitorError::Chain(owed)));
    assert!(reasons(2).contains("does not agree") && !reasons(3).contains("does not agree"));
    assert_eq!((counts(2), counts(3)), (0, 1));

    state.failed(Some(NetUid(3)), &anyhow::Error::new(StoreError::Busy("locked".into())));
    let last_error = |netuid: usize| {
        state.readiness(SystemTime::now()).subnets[netuid - 2].last_error.as_ref().unwrap().error.clone()
    };
    assert!(
        last_error(3).contains("locked")
            && last_error(2).contains("contradicts")
            && reasons(2).contains("does not agree")
    );
    assert!(state.last_error().is_some_and(|error| error.holds && error.message.contains("locked")));
    state.standing_by(NetUid(3));
    assert!(state.last_error().is_some_and(|error| error.holds && error.message.contains("contradicts")));
    assert_eq!(counts(3), 1);
}

#[test]
fn a_runtime_that_cannot_be_read_is_told_as_that() {
    let state = state();
    let error = ChainError::Unreadable { spec_version: 900, why: "it has no pallet".into() };
    let errors = [
        anyhow::Error::new(MonitorError::Chain(error.clone())),
        anyhow::Error::new(error).context("while it began"),
    ];
    for (netuid, error) in [Some(NetUid(2)), None].into_iter().zip(errors) {
        state.failed(netuid, &error);
        let readiness = state.readiness(SystemTime::now());
        assert!(
            !readiness.ready
                && readiness.reasons.iter().any(|why| why.contains("runtime (spec 900) cannot be read"))
        );
        assert!(readiness.last_error.unwrap().error.contains("it has no pallet"));
    }
    state.following_began(NetUid(2));
    state.standing_by(NetUid(2));
    assert!(!state.readiness(SystemTime::now()).reasons.iter().any(|why| why.contains("spec 900")));
}

#[test]
fn a_clock_behind_the_chain_is_said_and_far_behind_nothing_is_ready() {
    let since =
        u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
    let at = |seconds: u64| {
        let state = state();
        let block =
            vesting_core::BlockRef { number: BlockNumber(9), hash: vesting_core::BlockHash::default() };
        let time = vesting_core::Millis(since + seconds * 1_000);
        let mark = Watermark {
            block,
            time,
            first_block: BlockNumber(1),
            first_time: time,
            observed: block.number,
            spec_version: 1,
        };
        state.record_found(NetUid(2), mark, 0);
        let readiness = state.readiness(now);
        (
            readiness.clock_behind_seconds,
            readiness.reasons.iter().any(|why| why.contains("clock")),
            state.is_clock_warned(),
        )
    };
    assert_eq!(at(60), (None, false, false));
    assert_eq!(at(120), (Some(120), false, true));
    assert_eq!(at(600), (Some(600), false, true));
    assert_eq!(at(601), (Some(601), true, true));
}

#[test]
fn news_are_told_once_something_is_new() {
    let state = state();
    let mut news = state.news();
    let mut is_new = || {
        let new = news.has_changed().unwrap();
        news.mark_unchanged();
        new
    };
    assert!(!is_new() && !state.is_begun());
    state.following_began(NetUid(2));
    assert!(is_new() && state.is_begun());
    state.following_began(NetUid(3));
    state.standing_by(NetUid(2));
    assert!(!is_new());
    state.set_role(NetUid(3), Some("process 7"));
    assert!(is_new());
    state.set_role(NetUid(3), Some("process 7"));
    assert!(!is_new());
    assert_eq!(state.subnets()[&NetUid(3)].role, Role::Standby { by: "process 7".into() });
}
