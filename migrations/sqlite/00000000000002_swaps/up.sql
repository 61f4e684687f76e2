-- Where the open interval begins is no longer always the last epoch: a dissolved subnet ends one too.
ALTER TABLE blockchain_state ADD COLUMN interval_from BIGINT;
UPDATE blockchain_state SET interval_from =
    (SELECT MAX(block) FROM epoch_boundaries WHERE epoch_boundaries.netuid = blockchain_state.netuid);

-- Operations of the open interval of which no event says on which hotkeys they were.
ALTER TABLE blockchain_state ADD COLUMN anywhere BIGINT NOT NULL DEFAULT 0;

-- How an epoch was found: storage, runtime_api, catch_up.
ALTER TABLE epoch_boundaries ADD COLUMN detected TEXT NOT NULL DEFAULT 'storage';

-- Slots whose epoch was due and skipped.
CREATE TABLE skipped_slots (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (netuid, block)
) WITHOUT ROWID;

-- Coldkeys that took over from a holder that swapped its key.
CREATE TABLE successions (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    event_index BIGINT NOT NULL,
    old_coldkey BLOB NOT NULL,
    new_coldkey BLOB NOT NULL,
    PRIMARY KEY (netuid, block, event_index)
) WITHOUT ROWID;
