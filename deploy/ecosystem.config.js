// The sidecar under pm2, for validators whose other programs are there:
//   VESTING_NETUIDS=2 pm2 start deploy/ecosystem.config.js && pm2 save
// Every VESTING_<KEY> of the shell that starts it is taken along, and so is PGPASSWORD. The record and vesting.toml
// are in the folder that it is started from, unless VESTING_HOME names another.
const path = require("node:path");

const home = path.resolve(process.env.VESTING_HOME || process.cwd());
const taken = ([name]) => /^(VESTING_(?!HOME$)|BT_|PG)/.test(name);

module.exports = {
  apps: [
    {
      name: "vesting",
      // As found on PATH, or the whole path where it is elsewhere.
      script: process.env.VESTING_BIN || "vesting",
      args: ["run"],
      interpreter: "none",
      cwd: home,
      env: Object.fromEntries(Object.entries(process.env).filter(taken)),
      // One process writes a record.
      exec_mode: "fork",
      instances: 1,
      // 0: told to end. 2: configured wrongly, which another try does not mend; pm2 says `waiting restart` then, but
      // does not start it again.
      stop_exit_codes: [0, 2],
      exp_backoff_restart_delay: 1000,
      // It ends within five seconds of answering its last requests.
      kill_timeout: 15000,
      time: false,
    },
  ],
};
