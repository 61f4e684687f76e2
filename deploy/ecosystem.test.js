// `node deploy/ecosystem.test.js`: what pm2 would be told.
const assert = require("node:assert/strict");
const path = require("node:path");

process.env.VESTING_NETUIDS = "2";
process.env.VESTING_HOME = "somewhere";
process.env.PGPASSWORD = "hidden";
process.env.UNRELATED = "1";

const { apps } = require("./ecosystem.config.js");
assert.equal(apps.length, 1);
const [app] = apps;
assert.equal(app.cwd, path.resolve("somewhere"));
assert.deepEqual([app.script, app.args, app.interpreter], ["vesting", ["run"], "none"]);
// VESTING_HOME is no setting, and `vesting` refuses what it does not know.
assert.deepEqual(
  Object.keys(app.env).filter((name) => /^(VESTING_|PG|UNRELATED)/.test(name)).sort(),
  ["PGPASSWORD", "VESTING_NETUIDS"],
);
