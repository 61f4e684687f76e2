-- The open tranches of a coldkey are read from either end, a page at a time.
DROP INDEX open_tranches_by_coldkey;
CREATE INDEX open_tranches_by_block ON stake_tranches (netuid, coldkey, block) WHERE remaining > 0;
