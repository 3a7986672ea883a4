import { round } from "../statistics.ts";
import { bareInserts } from "./bare-inserts.ts";
import { startBareRelay } from "./bare-relay.ts";
import { closedLoop, openLoop, type LoadFigures } from "./load.ts";
import type { Pair } from "./pair.ts";
import { sealdeskPairs } from "./sealdesk-pairs.ts";
import { startServerProcess } from "./server-process.ts";

const WINDOWS = [1, 8, 32];
const RATES = [500, 2_000];

type Figures = Record<string, LoadFigures>;

/**
 * Durable messages a second and latency through the whole server, with what bounds them measured
 * in the same run: a relay that stores nothing, and inserts that nobody waits for or decides on.
 * Only the ratios mean anything on a shared machine.
 */
export async function runRelayBench(
  options: { readonly seconds: number; readonly pairs: number },
  progress: (line: string) => void,
): Promise<Record<string, unknown>> {
  const { seconds } = options;
  progress("starting the server");
  const server = await startServerProcess();
  const bare = await startBareRelay(options.pairs);
  let pairs: readonly Pair[] = [];
  try {
    pairs = await sealdeskPairs(server, options.pairs);
    const bareRelay: Figures = {};
    const sealdesk: Figures = {};
    for (const window of WINDOWS) {
      const name = `window ${window}`;
      bareRelay[name] = await closedLoop(bare.pairs, window, seconds);
      sealdesk[name] = await closedLoop(pairs, window, seconds);
      progress(
        `${name}: ${sealdesk[name].messagesPerSecond} durable messages/s, bare relay ${bareRelay[name].messagesPerSecond}`,
      );
    }
    for (const rate of RATES) {
      const name = `${rate}/s`;
      bareRelay[name] = await openLoop(bare.pairs, rate, seconds);
      sealdesk[name] = await openLoop(pairs, rate, seconds);
      progress(
        `${name}: delivered p50 ${sealdesk[name].deliver.p50Ms} ms, p99 ${sealdesk[name].deliver.p99Ms} ms`,
      );
    }
    const insertsPerSecond = await bareInserts(server.ownerUrl, seconds);
    progress(`bare inserts: ${insertsPerSecond} rows/s`);
    const share = (window: number, limit: number) =>
      round((sealdesk[`window ${window}`]?.messagesPerSecond ?? 0) / limit, 3);
    return {
      pairs: options.pairs,
      bodyBytes: 300,
      secondsPerLoad: seconds,
      sealdesk,
      bareRelay,
      bareInsertsPerSecond: insertsPerSecond,
      ratios: {
        ofBareRelayAtWindow1: share(1, bareRelay["window 1"]?.messagesPerSecond ?? 1),
        ofBareRelayAtWindow8: share(8, bareRelay["window 8"]?.messagesPerSecond ?? 1),
        ofBareInsertsAtWindow8: share(8, insertsPerSecond),
      },
    };
  } finally {
    for (const pair of pairs) pair.close();
    bare.close();
    await server.close();
  }
}
