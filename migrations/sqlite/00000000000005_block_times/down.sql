DROP TABLE block_times;
