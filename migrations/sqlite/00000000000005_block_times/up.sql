-- The times of the blocks with entries. Of those recorded before there was this table, as far as other
-- rows tell.
CREATE TABLE block_times (
    netuid INTEGER NOT NULL,
    block BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (netuid, block)
) WITHOUT ROWID;
INSERT OR IGNORE INTO block_times SELECT netuid, block, time FROM epoch_boundaries;
INSERT OR IGNORE INTO block_times SELECT netuid, block, time FROM stake_tranches WHERE kind <> 'unattributed';
