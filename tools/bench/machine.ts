import { execFile } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The facts that every report contains, so that you can compare its figures. */
export interface Machine {
  readonly at: string;
  readonly commit: string;
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Processes that wanted a core over the last minute. Other work shows here. */
  readonly load: number;
}

export async function describeMachine(): Promise<Machine> {
  const commit = await run("git", ["describe", "--always", "--dirty"]).then(
    ({ stdout }) => stdout.trim(),
    () => "unknown",
  );
  return {
    at: new Date().toISOString(),
    commit,
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0] ?? 0,
  };
}
