import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Party } from "./party.ts";
import type { Counted } from "./traffic.ts";

/** The instructions for a load process. */
export type Call =
  | { readonly do: "prepare"; readonly parties: readonly Party[] }
  | {
      readonly do: "connect";
      readonly localAddress: string;
      readonly parallel: number;
      /** True limits the devices that are not admitted yet. False limits only open connection attempts. */
      readonly calmly: boolean;
    }
  | { readonly do: "startClosed"; readonly window: number }
  | { readonly do: "startOpen"; readonly perSecond: number }
  | { readonly do: "sendEach"; readonly count: number }
  | { readonly do: "take" }
  | { readonly do: "stop" }
  | { readonly do: "close" };

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface Connected {
  readonly ms: number;
}

interface Answers {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One load process, apart from the server as a client is. */
class LoadProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Answers>();
  #calls = 0;

  constructor() {
    this.#child = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), {
      serialization: "advanced",
    });
    this.#child.on("message", ({ id, value, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    this.#child.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("a load process ended"));
    });
  }

  call(call: Call): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ ...call, id });
    });
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** How many connections are being made at the same time, over all load processes. */
const PARALLEL = 256;

/** One load, spread by party over processes. */
export class Load {
  readonly #processes: readonly LoadProcess[];

  private constructor(processes: readonly LoadProcess[]) {
    this.#processes = processes;
  }

  /** Prepares all parties, so that what follows is only the relay's work. */
  static async prepare(parties: readonly Party[], processes = 1): Promise<Load> {
    const all = Array.from({ length: processes }, () => new LoadProcess());
    await Promise.all(
      all.map((each, index) =>
        each.call({
          do: "prepare",
          parties: parties.filter((_, number) => number % processes === index),
        }),
      ),
    );
    return new Load(all);
  }

  /**
   * Connects everybody.
   * @param calmly each one waits for its turn until others are admitted
   * @returns milliseconds until the last one has everything that waited for it
   */
  async connect(calmly = false): Promise<number> {
    const parallel = Math.ceil(PARALLEL / this.#processes.length);
    const connected = await Promise.all(
      this.#processes.map((each, index) =>
        each.call({ do: "connect", localAddress: `127.0.0.${index + 2}`, parallel, calmly }),
      ),
    );
    return Math.max(...connected.map((each) => (each as Connected).ms));
  }

  startClosed = (window: number): Promise<unknown> => this.#tell({ do: "startClosed", window });
  startOpen = (perSecond: number): Promise<unknown> =>
    this.#tell({ do: "startOpen", perSecond: perSecond / this.#processes.length });
  /** Sends `count` messages in each conversation. It resolves when all have arrived. */
  sendEach = (count: number): Promise<unknown> => this.#tell({ do: "sendEach", count });
  take = (): Promise<readonly Counted[]> => this.#tell({ do: "take" }) as Promise<Counted[]>;
  stop = (): Promise<unknown> => this.#tell({ do: "stop" });

  /** Cuts all connections and ends the processes. */
  async close(): Promise<void> {
    await this.#tell({ do: "close" }).catch(() => undefined); // a process that has ended is closed
    for (const each of this.#processes) each.end();
  }

  #tell(call: Call): Promise<unknown[]> {
    return Promise.all(this.#processes.map((each) => each.call(call)));
  }
}
