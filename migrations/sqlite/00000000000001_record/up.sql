-- Amounts are rao, times milliseconds of block time, keys and hashes 32 bytes.
-- An event_index of -1 means that there is no event, so that unique keys hold for those rows too.
-- A phase of -1 means none, -2 initialization, -3 finalization; others are the extrinsic's index.

CREATE TABLE chain (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    genesis BLOB NOT NULL
);

-- The watermark of each subnet.
CREATE TABLE blockchain_state (
    netuid INTEGER PRIMARY KEY NOT NULL,
    block BIGINT NOT NULL,
    hash BLOB NOT NULL,
    time BIGINT NOT NULL,
    first_block BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    observed BIGINT NOT NULL,
    spec_version BIGINT NOT NULL,
    runtime_changed BOOLEAN NOT NULL
);

-- Stake operations by anyone on each hotkey since the last epoch: the bound of its rounding.
CREATE TABLE open_interval (
    netuid INTEGER NOT NULL,
    hotkey BLOB NOT NULL,
    operations BIGINT NOT NULL,
    PRIMARY KEY (netuid, hotkey)
) WITHOUT ROWID;

CREATE TABLE holders (
    netuid INTEGER NOT NULL,
    coldkey BLOB NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (netuid, coldkey)
) WITHOUT ROWID;

-- The ledger's entries.
CREATE TABLE stake_transactions (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    kind TEXT NOT NULL,
    hotkey BLOB NOT NULL,
    coldkey BLOB NOT NULL,
    phase BIGINT NOT NULL,
    alpha BIGINT NOT NULL,
    PRIMARY KEY (netuid, block, event_index, kind, hotkey, coldkey)
) WITHOUT ROWID;

CREATE TABLE epoch_boundaries (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    hash BLOB NOT NULL,
    pre_hash BLOB NOT NULL,
    time BIGINT NOT NULL,
    epoch_index BIGINT,
    tempo INTEGER NOT NULL,
    registered_at BIGINT NOT NULL,
    PRIMARY KEY (netuid, block)
) WITHOUT ROWID;

-- Per epoch and position, about the epoch's block alone.
CREATE TABLE stake_changes (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    hotkey BLOB NOT NULL,
    coldkey BLOB NOT NULL,
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
) WITHOUT ROWID;

-- Per interval and position, from after one epoch to before the next, by flow; NULL where the
-- interval has no entry of that flow, which is not the same as entries that sum to 0.
CREATE TABLE stake_balance_changes (
    netuid INTEGER NOT NULL,
    to_block BIGINT NOT NULL,
    hotkey BLOB NOT NULL,
    coldkey BLOB NOT NULL,
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
) WITHOUT ROWID;

-- Positions that changed: the newest row at or before a block is the alpha there.
CREATE TABLE stake_snapshots (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    hotkey BLOB NOT NULL,
    coldkey BLOB NOT NULL,
    alpha BIGINT NOT NULL,
    PRIMARY KEY (netuid, hotkey, coldkey, block)
) WITHOUT ROWID;

-- Who holds a uid from a block on; no keys mean nobody.
CREATE TABLE neurons (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    uid INTEGER NOT NULL,
    hotkey BLOB,
    coldkey BLOB,
    PRIMARY KEY (netuid, block, uid)
) WITHOUT ROWID;

CREATE TABLE stake_tranches (
    netuid INTEGER NOT NULL,
    coldkey BLOB NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    kind TEXT NOT NULL,
    hotkey BLOB NOT NULL,
    time BIGINT NOT NULL,
    origin TEXT NOT NULL,
    initial BIGINT NOT NULL,
    remaining BIGINT NOT NULL CHECK (remaining >= 0),
    PRIMARY KEY (netuid, coldkey, block, event_index, kind, hotkey)
) WITHOUT ROWID;

CREATE INDEX stake_tranches_open ON stake_tranches (netuid) WHERE remaining > 0;

CREATE TABLE tranche_exits (
    netuid INTEGER NOT NULL,
    coldkey BLOB NOT NULL,
    tranche_block BIGINT NOT NULL,
    tranche_event_index BIGINT NOT NULL,
    tranche_kind TEXT NOT NULL,
    tranche_hotkey BLOB NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    kind TEXT NOT NULL,
    hotkey BLOB NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (netuid, coldkey, tranche_block, tranche_event_index, tranche_kind, tranche_hotkey, block, event_index, kind, hotkey)
) WITHOUT ROWID;

CREATE TABLE multipliers (
    netuid INTEGER NOT NULL,
    as_of BIGINT NOT NULL,
    policy TEXT NOT NULL,
    uid INTEGER NOT NULL,
    hotkey BLOB NOT NULL,
    coldkey BLOB NOT NULL,
    multiplier BIGINT NOT NULL,
    PRIMARY KEY (netuid, as_of, policy, uid)
) WITHOUT ROWID;
