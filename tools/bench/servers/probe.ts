import { once } from "node:events";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { randomUUID } from "node:crypto";

/** The resources that a process has used. */
export interface Usage {
  /** User and system time since the process began. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly peakRssBytes: number;
}

/** Reports how much CPU a relay's process has used. */
export interface CpuProbe {
  usage(): Promise<Pick<Usage, "cpuMicros">>;
}

const hook = new URL("./probe-hook.js", import.meta.url).href;

/** Asks a measured process for the resources that it has used. */
export class Probe {
  readonly #path = join(tmpdir(), `sealdesk-bench-${randomUUID()}.sock`);
  readonly #imports: readonly string[];

  /** @param imports other modules that the process loads before its own */
  constructor(imports: readonly string[] = []) {
    this.#imports = [hook, ...imports];
  }

  /** Returns the environment with which the process can be asked. */
  get environment(): Readonly<Record<string, string>> {
    const extra = process.env["BENCH_NODE_OPTIONS"] ?? "";
    const imports = this.#imports.map((module) => `--import=${module}`).join(" ");
    return { BENCH_PROBE: this.#path, NODE_OPTIONS: `${imports} ${extra}` };
  }

  usage = (): Promise<Usage> => this.#ask("now");

  /** Usage after a garbage collection. */
  collected = (): Promise<Usage> => this.#ask("collected");

  async #ask(what: string): Promise<Usage> {
    const socket = createConnection(this.#path);
    await once(socket, "connect");
    socket.write(what);
    return JSON.parse(await text(socket)) as Usage;
  }
}
