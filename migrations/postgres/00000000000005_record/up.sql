-- The tables of schema 5, the first one for PostgreSQL; the same as SQLite's after its migration 5.
-- Amounts are rao, times milliseconds of block time, keys and hashes 32 bytes.
-- An event_index of -1 means that there is no event, so that unique keys hold for those rows too.
-- A phase of -1 means none, -2 initialization, -3 finalization; others are the extrinsic's index.

CREATE TABLE chain (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    genesis BYTEA NOT NULL
);

-- The watermark of each subnet.
CREATE TABLE blockchain_state (
    netuid INTEGER PRIMARY KEY NOT NULL,
    block BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    time BIGINT NOT NULL,
    first_block BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    observed BIGINT NOT NULL,
    spec_version BIGINT NOT NULL,
    runtime_changed BOOLEAN NOT NULL,
    -- Where the open interval begins; NULL before the first epoch.
    interval_from BIGINT,
    -- Operations of the open interval of which no event says on which hotkeys they were.
    anywhere BIGINT NOT NULL
);

-- Stake operations by anyone on each hotkey since the last epoch: the bound of its rounding.
CREATE TABLE open_interval (
    netuid INTEGER NOT NULL,
    hotkey BYTEA NOT NULL,
    operations BIGINT NOT NULL,
    PRIMARY KEY (netuid, hotkey)
);

CREATE TABLE holders (
    netuid INTEGER NOT NULL,
    coldkey BYTEA NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (netuid, coldkey)
);

-- The ledger's entries.
CREATE TABLE stake_transactions (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    hotkey BYTEA NOT NULL,
    coldkey BYTEA NOT NULL,
    phase BIGINT NOT NULL,
    alpha BIGINT NOT NULL,
    PRIMARY KEY (netuid, block, event_index, kind, hotkey, coldkey)
);

CREATE TABLE epoch_boundaries (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    pre_hash BYTEA NOT NULL,
    time BIGINT NOT NULL,
    epoch_index BIGINT,
    tempo INTEGER NOT NULL,
    registered_at BIGINT NOT NULL,
    -- How it was found: storage, runtime_api, catch_up.
    detected TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (netuid, block)
);

-- Per epoch and position, about the epoch's block alone.
CREATE TABLE stake_changes (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    hotkey BYTEA NOT NULL,
    coldkey BYTEA NOT NULL,
    uid INTEGER,
    stake_before BIGINT NOT NULL,
    stake_after BIGINT NOT NULL,
    manual_add_stake BIGINT NOT NULL,
    manual_remove_stake BIGINT NOT NULL,
    neutral BIGINT NOT NULL,
    true_emission BIGINT NOT NULL,
    incentive BIGINT NOT NULL,
    rounding BIGINT NOT NULL,
    unattributed BIGINT NOT NULL,
    PRIMARY KEY (netuid, block, hotkey, coldkey)
);

-- Per interval and position, from after one epoch to before the next, by flow; NULL where the
-- interval has no entry of that flow, which is not the same as entries that sum to 0.
CREATE TABLE stake_balance_changes (
    netuid INTEGER NOT NULL,
    to_block BIGINT NOT NULL,
    hotkey BYTEA NOT NULL,
    coldkey BYTEA NOT NULL,
    from_block BIGINT NOT NULL,
    stake_start BIGINT NOT NULL,
    stake_end BIGINT NOT NULL,
    opening BIGINT,
    emission BIGINT,
    inflow BIGINT,
    outflow BIGINT,
    neutral BIGINT,
    rounding BIGINT,
    unattributed BIGINT,
    PRIMARY KEY (netuid, to_block, hotkey, coldkey)
);

-- Positions that changed: the newest row at or before a block is the alpha there.
CREATE TABLE stake_snapshots (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    hotkey BYTEA NOT NULL,
    coldkey BYTEA NOT NULL,
    alpha BIGINT NOT NULL,
    PRIMARY KEY (netuid, hotkey, coldkey, block)
);

-- Who holds a uid from a block on; no keys mean nobody.
CREATE TABLE neurons (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    uid INTEGER NOT NULL,
    hotkey BYTEA,
    coldkey BYTEA,
    PRIMARY KEY (netuid, block, uid)
);

CREATE TABLE stake_tranches (
    netuid INTEGER NOT NULL,
    coldkey BYTEA NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    hotkey BYTEA NOT NULL,
    time BIGINT NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    initial BIGINT NOT NULL,
    remaining BIGINT NOT NULL CHECK (remaining >= 0),
    PRIMARY KEY (netuid, block, event_index, kind, hotkey, coldkey)
);

CREATE INDEX stake_tranches_open ON stake_tranches (netuid) WHERE remaining > 0;

CREATE TABLE tranche_exits (
    netuid INTEGER NOT NULL,
    coldkey BYTEA NOT NULL,
    tranche_block BIGINT NOT NULL,
    tranche_event_index BIGINT NOT NULL,
    tranche_kind TEXT COLLATE "C" NOT NULL,
    tranche_hotkey BYTEA NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    hotkey BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (netuid, coldkey, tranche_block, tranche_event_index, tranche_kind, tranche_hotkey, block, event_index, kind, hotkey)
);

CREATE TABLE multipliers (
    netuid INTEGER NOT NULL,
    as_of BIGINT NOT NULL,
    policy TEXT COLLATE "C" NOT NULL,
    uid INTEGER NOT NULL,
    hotkey BYTEA NOT NULL,
    coldkey BYTEA NOT NULL,
    multiplier BIGINT NOT NULL,
    PRIMARY KEY (netuid, as_of, policy, uid)
);

-- Slots whose epoch was due and skipped.
CREATE TABLE skipped_slots (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (netuid, block)
);

-- Coldkeys that took over from a holder that swapped its key.
CREATE TABLE successions (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    old_coldkey BYTEA NOT NULL,
    new_coldkey BYTEA NOT NULL,
    PRIMARY KEY (netuid, block, event_index)
);

-- The part of a holder's stake that is locked: the newest row at or before an epoch is what it was there.
CREATE TABLE stake_locks (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    coldkey BYTEA NOT NULL,
    locked BIGINT NOT NULL,
    PRIMARY KEY (netuid, coldkey, block)
);

-- The times of the blocks with entries.
CREATE TABLE block_times (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (netuid, block)
);
