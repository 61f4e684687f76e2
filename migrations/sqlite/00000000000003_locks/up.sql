-- The part of a holder's stake that is locked: the newest row at or before an epoch is what it was there.
CREATE TABLE stake_locks (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    coldkey BLOB NOT NULL,
    locked BIGINT NOT NULL,
    PRIMARY KEY (netuid, coldkey, block)
) WITHOUT ROWID;
