-- The open tranches of a coldkey are read when something leaves it, not all of a subnet's at every start.
DROP INDEX stake_tranches_open;
CREATE INDEX open_tranches_by_coldkey ON stake_tranches (netuid, coldkey) WHERE remaining > 0;
