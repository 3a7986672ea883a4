import { ChildCalls, type Priority } from "./child-calls.ts";
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

export interface Connected {
  readonly ms: number;
}

/** The number of connections that are being made at the same time, over all load processes. */
const PARALLEL = 256;

/** One load, spread by party over processes. */
export class Load {
  readonly #processes: readonly ChildCalls<Call>[];

  private constructor(processes: readonly ChildCalls<Call>[]) {
    this.#processes = processes;
  }

  /** Prepares all parties, so that what follows is only the relay's work. */
  static async prepare(
    parties: readonly Party[],
    processes = 1,
    priority: Priority = "normal",
  ): Promise<Load> {
    const script = new URL("./worker.js", import.meta.url);
    const all = Array.from({ length: processes }, () => new ChildCalls<Call>(script, priority));
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
