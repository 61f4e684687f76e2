DROP INDEX open_tranches_by_coldkey;
CREATE INDEX stake_tranches_open ON stake_tranches (netuid) WHERE remaining > 0;
