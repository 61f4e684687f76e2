DROP TABLE successions;
DROP TABLE skipped_slots;
ALTER TABLE epoch_boundaries DROP COLUMN detected;
ALTER TABLE blockchain_state DROP COLUMN anywhere;
ALTER TABLE blockchain_state DROP COLUMN interval_from;
