import { latencyOf, round, type Latency } from "../statistics.ts";
import type { Pair } from "./pair.ts";

export interface LoadFigures {
  readonly messagesPerSecond: number;
  readonly accept: Latency;
  readonly deliver: Latency;
}

/** Every pair keeps `window` messages on their way: what the path can carry. */
export async function closedLoop(
  pairs: readonly Pair[],
  window: number,
  seconds: number,
): Promise<LoadFigures> {
  const meter = new Meter();
  const stop = new AbortController();
  const chains = pairs.flatMap((pair) =>
    Array.from({ length: window }, async () => {
      while (!stop.signal.aborted) await meter.send(pair);
    }),
  );
  await sleep(seconds * 200); // the first fifth warms up
  meter.start();
  await sleep(seconds * 1000);
  const figures = meter.figures();
  stop.abort();
  await Promise.all(chains);
  return figures;
}

/** A fixed rate over all pairs, whether or not earlier messages have arrived: what users feel. */
export async function openLoop(
  pairs: readonly Pair[],
  perSecond: number,
  seconds: number,
): Promise<LoadFigures> {
  const meter = new Meter();
  const waiting = new Set<Promise<void>>();
  let sent = 0;
  meter.start();
  const begin = performance.now();
  for (;;) {
    const elapsed = performance.now() - begin;
    if (elapsed >= seconds * 1000) break;
    for (const due = (elapsed / 1000) * perSecond; sent < due; sent++) {
      const pair = pairs[sent % pairs.length];
      if (pair === undefined) throw new Error("a load needs pairs");
      const one = meter.send(pair).finally(() => waiting.delete(one));
      waiting.add(one);
    }
    await sleep(1);
  }
  await Promise.all(waiting);
  return meter.figures();
}

class Meter {
  #accept: number[] = [];
  #deliver: number[] = [];
  #startedAt = performance.now();

  start(): void {
    this.#accept = [];
    this.#deliver = [];
    this.#startedAt = performance.now();
  }

  send(pair: Pair): Promise<void> {
    const at = performance.now();
    return new Promise((resolve) => {
      let open = 2;
      const done = (samples: "accept" | "deliver") => () => {
        const took = performance.now() - at;
        if (samples === "accept") this.#accept.push(took);
        else this.#deliver.push(took);
        if (--open === 0) resolve();
      };
      pair.send(done("accept"), done("deliver"));
    });
  }

  figures(): LoadFigures {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return {
      messagesPerSecond: round(this.#deliver.length / seconds),
      accept: latencyOf(this.#accept),
      deliver: latencyOf(this.#deliver),
    };
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
