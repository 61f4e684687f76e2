-- What an interval did to a position by corrections of the chain's own.
ALTER TABLE stake_balance_changes ADD COLUMN corrected BIGINT;
