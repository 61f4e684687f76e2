DROP INDEX open_tranches_by_block;
CREATE INDEX open_tranches_by_coldkey ON stake_tranches (netuid, coldkey) WHERE remaining > 0;
