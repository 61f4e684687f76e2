-- An epoch opens a tranche for nearly every holder: by block they stand together, by holder each would be
-- in a page of its own.
CREATE TABLE tranches_anew (
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
    PRIMARY KEY (netuid, block, event_index, kind, hotkey, coldkey)
) WITHOUT ROWID;

INSERT INTO tranches_anew (netuid, coldkey, block, event_index, kind, hotkey, time, origin, initial, remaining)
    SELECT netuid, coldkey, block, event_index, kind, hotkey, time, origin, initial, remaining FROM stake_tranches;

DROP TABLE stake_tranches;
ALTER TABLE tranches_anew RENAME TO stake_tranches;

CREATE INDEX stake_tranches_open ON stake_tranches (netuid) WHERE remaining > 0;
