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
const peers = ["sealdesk", "bareStorage", "prototype", "bareWs"] as const;
type Peer = (typeof peers)[number];

/**
 * Measures durable messages a second and latency through the whole server, and its limits in the
 * same run: the server without its outer envelope and audit log, the bare prototype on the same
 * database, a relay that stores nothing, and inserts that nobody waits for. Only the ratios mean
 * anything on a shared machine.
 */
export async function runRelayBench(scale: Scale, progress: Progress): Promise<Measured> {
  const pairs = Math.max(2, Math.round(100 * scale.share));
  const server = await startSealdesk();
  const tenant = await LoadTenant.open(server);
  const bareStorage = await startSealdesk({ bareStorage: true });
  const bareTenant = await LoadTenant.open(bareStorage);
  const prototype = await startBareRelay(server.ownerUrl);
  const bareWs = await startBareRelay();
  const loads = new Map<Peer, Loaded>();
  try {
    const parties = {
      sealdesk: await partiesOf(tenant, await tenant.groups(pairs, 2)),
      bareStorage: await partiesOf(bareTenant, await bareTenant.groups(pairs, 2)),
      prototype: bareParties(prototype.url, pairs, 2),
      bareWs: bareParties(bareWs.url, pairs, 2),
    };
    const probes = {
      sealdesk: server.probe,
      bareStorage: bareStorage.probe,
      prototype: prototype.probe,
      bareWs: bareWs.probe,
    };
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
    await bareTenant.close();
    await bareStorage.close();
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
  const ratio = (of: (figures: LoadFigures) => number, shape: string, to: Peer) => {
    const { sealdesk, [to]: peer } = figures[shape] ?? {};
    if (sealdesk === undefined || peer === undefined) return Number.NaN;
    return of(sealdesk) / of(peer);
  };
  const closed = ["window 1", "window 8", "window 32"];
  const throughput = (each: LoadFigures) => each.messagesPerSecond;
  const p99 = (each: LoadFigures) => each.deliver.p99Ms;
  return {
    figures: { pairs, bodyBytes: BODY_BYTES, ...scale, loads: figures, bareInsertsPerSecond },
    table: [
      ...tableOf(figures, {
        sealdesk: "Sealdesk",
        bareStorage: "without envelope and audit",
        prototype: "prototype",
        bareWs: "bare `ws`",
      }),
      ["bare inserts", `${bareInsertsPerSecond} rows/s`],
    ],
    goals: [
      ...closed.map((shape) => ({
        name: `durable throughput of the prototype's, ${shape}`,
        value: round(ratio(throughput, shape, "prototype"), 2),
        atLeast: 0.6,
      })),
      ...closed.map((shape) => ({
        name: `share of throughput that envelope and audit cost, ${shape}`,
        value: round(1 - ratio(throughput, shape, "bareStorage"), 2),
        atMost: 0.2,
      })),
      {
        name: "p99 of the prototype's at 2,000/s",
        value: round(ratio(p99, "2,000/s", "prototype"), 2),
        atMost: 2,
      },
    ],
  };
}
