import { execFile, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const everyMs = 250;

/** Measures a process's resident memory repeatedly. */
export class ServerMemory {
  readonly beforeMiB: number;
  #atMostMiB: number;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(pid: number, beforeMiB: number) {
    this.beforeMiB = beforeMiB;
    this.#atMostMiB = beforeMiB;
    this.#schedule(pid);
  }

  static async watch({ pid }: ChildProcess): Promise<ServerMemory> {
    if (pid === undefined) throw new Error("The server was not started.");
    return new ServerMemory(pid, await residentMiB(pid));
  }

  get atMostMiB(): number {
    return this.#atMostMiB;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #schedule(pid: number): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look(pid);
    }, everyMs);
  }

  async #look(pid: number): Promise<void> {
    const nowMs = await residentMiB(pid).catch(() => 0);
    this.#atMostMiB = Math.max(this.#atMostMiB, nowMs);
    if (!this.#closed) this.#schedule(pid);
  }
}

async function residentMiB(pid: number): Promise<number> {
  // Without /proc it uses ps. A bare Debian has no ps.
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => undefined);
  const kiB =
    status === undefined
      ? (await run("ps", ["-o", "rss=", "-p", String(pid)])).stdout
      : /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
  return Math.round(Number(kiB ?? 0) / 1024);
}
