//! The tables, as the migrations make them.

#![allow(missing_docs)] // the migrations document the columns

/// The tables from which pruning removes rows.
pub const PRUNED_TABLES: [&str; 8] = [
    "stake_transactions",
    "stake_changes",
    "stake_balance_changes",
    "stake_snapshots",
    "stake_locks",
    "stake_tranches",
    "tranche_exits",
    "block_times",
];

diesel::table! {
    chain (id) {
        id -> Integer,
        genesis -> Binary,
    }
}

diesel::table! {
    blockchain_state (netuid) {
        netuid -> Integer,
        block -> BigInt,
        hash -> Binary,
        time -> BigInt,
        first_block -> BigInt,
        first_time -> BigInt,
        observed -> BigInt,
        spec_version -> BigInt,
        runtime_changed -> Bool,
        interval_from -> Nullable<BigInt>,
        anywhere -> BigInt,
    }
}

diesel::table! {
    open_interval (netuid, hotkey) {
        netuid -> Integer,
        hotkey -> Binary,
        operations -> BigInt,
    }
}

diesel::table! {
    holders (netuid, coldkey) {
        netuid -> Integer,
        coldkey -> Binary,
        since -> BigInt,
    }
}

diesel::table! {
    stake_transactions (netuid, block, event_index, kind, hotkey, coldkey) {
        netuid -> Integer,
        block -> BigInt,
        event_index -> BigInt,
        kind -> Text,
        hotkey -> Binary,
        coldkey -> Binary,
        phase -> BigInt,
        alpha -> BigInt,
    }
}

diesel::table! {
    epoch_boundaries (netuid, block) {
        netuid -> Integer,
        block -> BigInt,
        hash -> Binary,
        pre_hash -> Binary,
        time -> BigInt,
        epoch_index -> Nullable<BigInt>,
        tempo -> Integer,
        registered_at -> BigInt,
        detected -> Text,
    }
}

diesel::table! {
    stake_changes (netuid, block, hotkey, coldkey) {
        netuid -> Integer,
        block -> BigInt,
        hotkey -> Binary,
        coldkey -> Binary,
        uid -> Nullable<Integer>,
        stake_before -> BigInt,
        stake_after -> BigInt,
        manual_add_stake -> BigInt,
        manual_remove_stake -> BigInt,
        neutral -> BigInt,
        true_emission -> BigInt,
        incentive -> BigInt,
        rounding -> BigInt,
        unattributed -> BigInt,
    }
}

diesel::table! {
    stake_balance_changes (netuid, to_block, hotkey, coldkey) {
        netuid -> Integer,
        to_block -> BigInt,
        hotkey -> Binary,
        coldkey -> Binary,
        from_block -> BigInt,
        stake_start -> BigInt,
        stake_end -> BigInt,
        opening -> Nullable<BigInt>,
        emission -> Nullable<BigInt>,
        inflow -> Nullable<BigInt>,
        outflow -> Nullable<BigInt>,
        neutral -> Nullable<BigInt>,
        rounding -> Nullable<BigInt>,
        unattributed -> Nullable<BigInt>,
        corrected -> Nullable<BigInt>,
    }
}

diesel::table! {
    stake_snapshots (netuid, hotkey, coldkey, block) {
        netuid -> Integer,
        block -> BigInt,
        hotkey -> Binary,
        coldkey -> Binary,
        alpha -> BigInt,
    }
}

diesel::table! {
    stake_locks (netuid, coldkey, block) {
        netuid -> Integer,
        block -> BigInt,
        coldkey -> Binary,
        locked -> BigInt,
    }
}

diesel::table! {
    neurons (netuid, block, uid) {
        netuid -> Integer,
        block -> BigInt,
        uid -> Integer,
        hotkey -> Nullable<Binary>,
        coldkey -> Nullable<Binary>,
    }
}

diesel::table! {
    skipped_slots (netuid, block) {
        netuid -> Integer,
        block -> BigInt,
        time -> BigInt,
    }
}

diesel::table! {
    successions (netuid, block, event_index) {
        netuid -> Integer,
        block -> BigInt,
        event_index -> BigInt,
        old_coldkey -> Binary,
        new_coldkey -> Binary,
    }
}

diesel::table! {
    stake_tranches (netuid, block, event_index, kind, hotkey, coldkey) {
        netuid -> Integer,
        coldkey -> Binary,
        block -> BigInt,
        event_index -> BigInt,
        kind -> Text,
        hotkey -> Binary,
        time -> BigInt,
        origin -> Text,
        initial -> BigInt,
        remaining -> BigInt,
    }
}

diesel::table! {
    tranche_exits (
        netuid, coldkey, tranche_block, tranche_event_index, tranche_kind, tranche_hotkey,
        block, event_index, kind, hotkey
    ) {
        netuid -> Integer,
        coldkey -> Binary,
        tranche_block -> BigInt,
        tranche_event_index -> BigInt,
        tranche_kind -> Text,
        tranche_hotkey -> Binary,
        block -> BigInt,
        event_index -> BigInt,
        kind -> Text,
        hotkey -> Binary,
        amount -> BigInt,
    }
}

diesel::table! {
    block_times (netuid, block) {
        netuid -> Integer,
        block -> BigInt,
        time -> BigInt,
    }
}
