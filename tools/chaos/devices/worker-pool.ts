import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Stage } from "../worker/stages.ts";

/** After this many unintended ends, a worker is not restarted. */
const mostCrashes = 5;
const endMs = 60_000;

/**
 * The processes that run the devices. A process that ends before the last stage is started again.
 */
export class WorkerPool {
  readonly #workers: Worker[];
  #stage: Stage = "enrol";

  /** @param files one assignment for each worker */
  constructor(files: readonly string[]) {
    this.#workers = files.map((file) => new Worker(file, () => this.#stage));
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Unintended ends. */
  get crashes(): readonly string[] {
    return this.#workers.flatMap(({ crashes }) => crashes);
  }

  start(): void {
    for (const worker of this.#workers) worker.start();
  }

  enter(stage: Stage): void {
    this.#stage = stage;
    for (const worker of this.#workers) worker.enter(stage);
  }

  /** Kills a process with all its devices, like an empty battery, then starts it again. */
  async kill(number: number): Promise<void> {
    await this.#workers[number]?.kill();
  }

  /**
   * Lets all devices close.
   * @returns false if some did not close in time
   */
  async end(): Promise<boolean> {
    this.enter("end");
    const ended = await Promise.all(this.#workers.map((worker) => worker.ended(endMs)));
    return ended.every(Boolean);
  }

  /** Ends all processes at once. */
  async dismiss(): Promise<void> {
    this.#stage = "end";
    await Promise.all(this.#workers.map((worker) => worker.dismiss()));
  }
}

/** One process after another with the same devices. */
class Worker {
  readonly crashes: string[] = [];
  readonly #file: string;
  readonly #stage: () => Stage;
  #life = 0;
  #present: ChildProcess | undefined;

  constructor(file: string, stage: () => Stage) {
    this.#file = file;
    this.#stage = stage;
  }

  start(): void {
    const log = openSync(this.#logFile, "a");
    const program = fileURLToPath(new URL("../worker/main.js", import.meta.url));
    const present = fork(program, [this.#file, this.#stage(), String(++this.#life)], {
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.#present = present;
    present.once("exit", (code, signal) => void this.#onExit(present, code, signal));
  }

  enter(stage: Stage): void {
    if (this.#present?.connected === true) this.#present.send(stage);
  }

  async kill(): Promise<void> {
    await this.dismiss();
    this.start();
  }

  async dismiss(): Promise<void> {
    const killed = this.#present;
    if (killed === undefined) return;
    this.#present = undefined;
    const ended = once(killed, "exit");
    killed.kill("SIGKILL");
    await ended;
  }

  async ended(limitMs: number): Promise<boolean> {
    const present = this.#present;
    if (present === undefined) return true;
    return once(present, "exit", { signal: AbortSignal.timeout(limitMs) }).then(
      () => true,
      () => false,
    );
  }

  get #logFile(): string {
    return `${this.#file}.log`;
  }

  async #onExit(
    ended: ChildProcess,
    code: number | null,
    signal: NodeJS.Signals | null,
  ): Promise<void> {
    if (ended !== this.#present) return;
    this.#present = undefined;
    if (code === 0) return;
    const said = (await readFile(this.#logFile, "utf8")).split("\n").slice(-20).join("\n");
    this.crashes.push(`devices ended by themselves (${signal ?? code}): ${said}`);
    if (this.crashes.length < mostCrashes) this.start();
  }
}
