// Preloaded into a command: ends the process without warning before its nth rename (KILL_AT), or after it
// (KILL_AFTER).
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { rename } = fs;
let left = Number(process.env.KILL_AT);
let done = Number(process.env.KILL_AFTER);
fs.rename = async (from, to) => {
  if (--left === 0) process.kill(process.pid, "SIGKILL");
  await rename(from, to);
  if (--done === 0) process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
