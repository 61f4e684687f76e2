-- Nothing reads multipliers from a database: they follow from the record and a policy.
DROP TABLE multipliers;
