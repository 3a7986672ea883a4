import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { latencyOf, type Latency } from "../statistics.ts";

const BLOCK = Buffer.alloc(8192);
const EVERY_MS = 50;

/**
 * Measures how long the disk takes to make a block durable (`fdatasync`), 20 times a second. The file is
 * on the disk of the server's database. A commit cannot be faster than this.
 */
export class DiskProbe {
  readonly #ending = new AbortController();
  readonly #samples: number[] = [];
  readonly #running: Promise<void>;

  constructor() {
    this.#running = this.#run();
  }

  async end(): Promise<Latency> {
    this.#ending.abort();
    await this.#running;
    return latencyOf(this.#samples);
  }

  async #run(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "sealdesk-bench-disk-"));
    const file = await open(join(folder, "probe"), "w");
    while (!this.#ending.signal.aborted) {
      const startedMs = performance.now();
      await file.write(BLOCK, 0, BLOCK.length, 0);
      await file.datasync();
      this.#samples.push(performance.now() - startedMs);
      await sleep(EVERY_MS);
    }
    await file.close();
    await rm(folder, { recursive: true });
  }
}
