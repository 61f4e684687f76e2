ALTER TABLE stake_balance_changes DROP COLUMN corrected;
