import { setTimeout as sleep } from "node:timers/promises";
import type { CpuProbe } from "../servers/probe.ts";
import { latencyOf, round, type Latency } from "../statistics.ts";
import type { Load } from "./load-process.ts";
import type { Counted } from "./traffic.ts";

/** Unanswered messages of each sender, or messages a second in total. */
export type Shape = { readonly window: number } | { readonly perSecond: number };

export interface LoadFigures {
  readonly messagesPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** The CPU time of the relay's process only, without its database. */
  readonly cpuMicrosPerMessage: number;
  readonly accept: Latency;
  readonly deliver: Latency;
}

/** A load of a trial is so short that nothing may be delivered meanwhile. Then it is counted for longer, until this time. */
const MOST_SECONDS = 60;

/** Puts a load on a relay. It counts after a warm-up of a fifth of the time. */
export async function measureLoad(
  load: Load,
  probe: CpuProbe,
  shape: Shape,
  seconds: number,
): Promise<LoadFigures> {
  await ("window" in shape ? load.startClosed(shape.window) : load.startOpen(shape.perSecond));
  await sleep(seconds * 200);
  await load.take();
  const before = await probe.usage();
  const counted: Counted[] = [];
  const total = (of: "accepted" | "deliveries") => counted.reduce((sum, each) => sum + each[of], 0);
  let elapsed = 0;
  do {
    await sleep(seconds * 1000);
    const more = await load.take();
    counted.push(...more);
    elapsed += Math.max(...more.map((each) => each.seconds));
  } while (total("deliveries") === 0 && elapsed < MOST_SECONDS);
  const after = await probe.usage();
  await load.stop();
  const samples = (of: "acceptMs" | "deliverMs") => counted.flatMap((each) => [...each[of]]);
  return {
    messagesPerSecond: round(total("accepted") / elapsed),
    deliveriesPerSecond: round(total("deliveries") / elapsed),
    cpuMicrosPerMessage: round((after.cpuMicros - before.cpuMicros) / total("accepted"), 1),
    accept: latencyOf(samples("acceptMs")),
    deliver: latencyOf(samples("deliverMs")),
  };
}
