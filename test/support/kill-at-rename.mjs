// Preloaded into a command: ends the process without warning before its nth rename (KILL_AT).
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { rename } = fs;
let left = Number(process.env.KILL_AT);
fs.rename = async (from, to) => {
  if (--left === 0) process.kill(process.pid, "SIGKILL");
  await rename(from, to);
};
syncBuiltinESMExports();
