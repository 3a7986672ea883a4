import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/** The contents of postmaster.pid about the server that runs on a cluster. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Whether it accepts connections. */
  readonly isReady: boolean;
}

/**
 * Finds the server that runs on the cluster in `directory`. After a power loss or in a restarted
 * container, the process id in postmaster.pid may belong to another program or to a zombie. Then
 * PostgreSQL would refuse to start, so the file is removed.
 * @returns undefined if no server runs
 */
export async function findPostmaster(directory: string): Promise<Postmaster | undefined> {
  const file = join(directory, "postmaster.pid");
  const text = await readFile(file, "utf8").catch(() => "");
  const [pidText = "", , , port = "", , , , status = ""] = text.split("\n");
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const program = await programOf(pid);
  if (program !== undefined && /^postgres|^postmaster/i.test(program))
    return { pid, port: Number(port), isReady: status.trim() === "ready" };
  await rm(file, { force: true });
  return undefined;
}

/**
 * Returns the name of the program with this process id. Returns undefined if there is none or it is
 * a zombie.
 */
async function programOf(pid: number): Promise<string | undefined> {
  if (process.platform === "win32") {
    const { stdout } = await run("tasklist", ["/fo", "csv", "/nh", "/fi", `pid eq ${pid}`]);
    return /^"([^"]+)"/.exec(stdout)?.[1];
  }
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The name is in parentheses before the state; see proc_pid_stat(5).
    return /^\d+ \((.*)\) [^ZX]/s.exec(stat)?.[1];
  }
  const shown = await run("ps", ["-o", "comm=", "-p", String(pid)]).catch(() => undefined);
  return shown && /[^/]*$/.exec(shown.stdout.trim())?.[0];
}
