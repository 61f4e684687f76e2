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
