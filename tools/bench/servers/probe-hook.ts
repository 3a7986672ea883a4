/**
 * Loaded into the measured process before its own code. It reports what the process has used when
 * somebody connects to the socket file that BENCH_PROBE names. It costs nothing in between.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Usage } from "./probe.ts";

const path = process.env["BENCH_PROBE"];
delete process.env["BENCH_PROBE"];

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return { cpuMicros: user + system, rssBytes: rss, heapBytes: heapUsed + external, peakRssBytes };
}

if (path !== undefined) {
  process.on("exit", () => rmSync(path, { force: true }));
  createServer((asked) => {
    asked.once("data", (what) => {
      if (what.toString() === "collected") {
        setFlagsFromString("--expose-gc");
        (runInNewContext("gc") as () => void)();
      }
      asked.end(JSON.stringify(usage()));
    });
    asked.on("error", () => undefined);
  })
    .listen(path)
    .unref();
}
