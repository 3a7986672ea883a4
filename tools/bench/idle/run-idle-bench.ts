import { readFile } from "node:fs/promises";
import { bareParties, partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing } from "../closing.ts";
import { Load } from "../load/load-process.ts";
import type { Party } from "../load/party.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startBareRelay } from "../servers/bare-relay.ts";
import type { Probe } from "../servers/probe.ts";
import { startSealdesk } from "../servers/sealdesk.ts";
import { round } from "../statistics.ts";

interface IdleFigures {
  readonly connections: number;
  /** The growth of the process, measured after a garbage collection. */
  readonly rssKiBEach: number;
  readonly heapKiBEach: number;
}

/** Connections of one load process, in parties of two. */
const PER_PROCESS = 5_000;
/** File descriptors that the server needs for other things. */
const SPARE = 500;

/**
 * Measures memory for each connection that is authenticated, follows a conversation of two, and is
 * idle.
 */
export async function runIdleBench(scale: Scale, progress: Progress): Promise<Measured> {
  const most = (await openFiles()) - SPARE;
  const counts = [5_000, 20_000].map((count) => Math.min(most, Math.round(count * scale.share)));
  const figures: { sealdesk: IdleFigures; bareWs: IdleFigures }[] = [];
  for (const count of counts) {
    const connections = count - (count % 2);
    const bareWs = await measureBare(connections);
    const sealdesk = await measureSealdesk(connections);
    figures.push({ sealdesk, bareWs });
    progress(
      `${connections} connections: ${sealdesk.rssKiBEach} KiB each, bare ws ${bareWs.rssKiBEach}`,
    );
  }
  return {
    figures: { idle: figures },
    table: [
      ["connections", "Sealdesk, KiB each", "of it heap", "bare `ws`, KiB each", "of it heap"],
      ...figures.map(({ sealdesk, bareWs }) => [
        sealdesk.connections,
        sealdesk.rssKiBEach,
        sealdesk.heapKiBEach,
        bareWs.rssKiBEach,
        bareWs.heapKiBEach,
      ]),
    ],
    goals: figures.map(({ sealdesk }) => ({
      name: `KiB per idle connection, ${sealdesk.connections} connections`,
      value: sealdesk.rssKiBEach,
      atMost: 16,
    })),
  };
}

const measureSealdesk = (connections: number): Promise<IdleFigures> =>
  closing(async (started) => {
    const server = started.add(await startSealdesk());
    const tenant = started.add(await LoadTenant.open(server));
    // One connection that is not counted, because the first connection loads code.
    const [first, ...counted] = await partiesOf(
      tenant,
      await tenant.groups(connections / 2 + 1, 2),
    );
    return measure(server.probe, first, counted);
  });

const measureBare = (connections: number): Promise<IdleFigures> =>
  closing(async (started) => {
    const relay = started.add(await startBareRelay());
    const [first, ...counted] = bareParties(relay.url, connections / 2 + 1, 2);
    return measure(relay.probe, first, counted);
  });

async function measure(
  probe: Probe,
  first: Party | undefined,
  parties: readonly Party[],
): Promise<IdleFigures> {
  if (first === undefined) throw new Error("nobody to connect");
  const connections = parties.length * 2;
  const warm = await Load.prepare([first]);
  await warm.connect();
  const before = await probe.collected();
  const loads = [warm];
  // One after another, because a proof that was signed too long ago is refused.
  for (let from = 0; from < parties.length; from += PER_PROCESS / 2) {
    const load = await Load.prepare(parties.slice(from, from + PER_PROCESS / 2));
    loads.push(load);
    await load.connect(true);
  }
  const after = await probe.collected();
  for (const load of loads) await load.close();
  return {
    connections,
    rssKiBEach: round((after.rssBytes - before.rssBytes) / connections / 1024, 1),
    heapKiBEach: round((after.heapBytes - before.heapBytes) / connections / 1024, 1),
  };
}

/**
 * Returns how many files a process may open, or a number that never limits if there is no /proc.
 */
async function openFiles(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 1_000_000);
}
