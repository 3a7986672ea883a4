import { setTimeout as sleep } from "node:timers/promises";
import type { CpuProbe } from "../servers/probe.ts";
import { latencyOf, round, type Latency } from "../statistics.ts";
import type { Load } from "./load-process.ts";

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
  await sleep(seconds * 1000);
  const after = await probe.usage();
  const counted = await load.take();
  await load.stop();
  const total = (of: "accepted" | "deliveries") => counted.reduce((sum, each) => sum + each[of], 0);
  const elapsed = Math.max(...counted.map((each) => each.seconds));
  const samples = (of: "acceptMs" | "deliverMs") => counted.flatMap((each) => [...each[of]]);
  return {
    messagesPerSecond: round(total("accepted") / elapsed),
    deliveriesPerSecond: round(total("deliveries") / elapsed),
    cpuMicrosPerMessage: round((after.cpuMicros - before.cpuMicros) / total("accepted"), 1),
    accept: latencyOf(samples("acceptMs")),
    deliver: latencyOf(samples("deliverMs")),
  };
}
