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
