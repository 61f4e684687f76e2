DROP TABLE stake_locks;
