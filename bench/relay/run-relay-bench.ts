import { bareParties, partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { Load } from "../load/load-process.ts";
import { measureInTurns, tableOf, type Compared, type Loaded } from "../load/measure-in-turns.ts";
import type { LoadFigures, Shape } from "../load/measure-load.ts";
import { BODY_BYTES } from "../load/party.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startBareRelay } from "../servers/bare-relay.ts";
import { startSealdesk } from "../servers/sealdesk.ts";
import { round } from "../statistics.ts";
import { bareInserts } from "./bare-inserts.ts";

const shapes: Readonly<Record<string, Shape>> = {
  "window 1": { window: 1 },
  "window 8": { window: 8 },
  "window 32": { window: 32 },
  "500/s": { perSecond: 500 },
  "2,000/s": { perSecond: 2_000 },
};
const peers = ["sealdesk", "prototype", "bareWs"] as const;
type Peer = (typeof peers)[number];

/**
 * Durable messages a second and latency through the whole server, with what bounds them in the same
 * run: the bare prototype on the same database, a relay that stores nothing, and inserts that nobody
 * waits for. Only the ratios mean anything on a shared machine.
 */
export async function runRelayBench(scale: Scale, progress: Progress): Promise<Measured> {
  const pairs = Math.max(2, Math.round(100 * scale.share));
  const server = await startSealdesk();
  const tenant = await LoadTenant.open(server);
  const prototype = await startBareRelay(server.ownerUrl);
  const bareWs = await startBareRelay();
  const loads = new Map<Peer, Loaded>();
  try {
    const parties = {
      sealdesk: await partiesOf(tenant, await tenant.groups(pairs, 2)),
      prototype: bareParties(prototype.url, pairs, 2),
      bareWs: bareParties(bareWs.url, pairs, 2),
    };
    const probes = { sealdesk: server.probe, prototype: prototype.probe, bareWs: bareWs.probe };
    for (const peer of peers) {
      const load = await Load.prepare(parties[peer], scale.processes);
      loads.set(peer, { load, probe: probes[peer] });
      await load.connect();
    }
    const figures = await measureInTurns(loads, shapes, scale, progress);
    const insertsPerSecond = await bareInserts(server.ownerUrl, scale.seconds);
    return report(pairs, scale, figures, insertsPerSecond);
  } finally {
    for (const { load } of loads.values()) await load.close();
    await bareWs.close();
    await prototype.close();
    await tenant.close();
    await server.close();
  }
}

function report(
  pairs: number,
  scale: Scale,
  figures: Compared<Peer>,
  bareInsertsPerSecond: number,
): Measured {
  const ratio = (of: (figures: LoadFigures) => number, shape: string) => {
    const { sealdesk, prototype } = figures[shape] ?? {};
    if (sealdesk === undefined || prototype === undefined) return Number.NaN;
    return round(of(sealdesk) / of(prototype), 2);
  };
  const throughput = (each: LoadFigures) => each.messagesPerSecond;
  const p99 = (each: LoadFigures) => each.deliver.p99Ms;
  return {
    figures: { pairs, bodyBytes: BODY_BYTES, ...scale, loads: figures, bareInsertsPerSecond },
    table: [
      ...tableOf(figures, { sealdesk: "sealdesk", prototype: "prototype", bareWs: "bareWs" }),
      ["bare inserts", `${bareInsertsPerSecond} rows/s`],
    ],
    goals: [
      ...["window 1", "window 8", "window 32"].map((shape) => ({
        name: `durable throughput of the prototype's, ${shape}`,
        value: ratio(throughput, shape),
        atLeast: 0.6,
      })),
      { name: "p99 of the prototype's at 2,000/s", value: ratio(p99, "2,000/s"), atMost: 2 },
    ],
  };
}
