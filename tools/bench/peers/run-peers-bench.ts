import { bareParties, partiesOf } from "../arrange/parties.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing, type Closing } from "../closing.ts";
import { Load } from "../load/load-process.ts";
import { measureInTurns, tableOf, type Compared, type Loaded } from "../load/measure-in-turns.ts";
import type { Shape } from "../load/measure-load.ts";
import { BODY_BYTES, type Party } from "../load/party.ts";
import type { Progress, Scale } from "../options.ts";
import type { Goal, Measured } from "../report.ts";
import { startBareRelay } from "../servers/bare-relay.ts";
import { createEjabberdDatabase } from "../servers/ejabberd/database.ts";
import { findEjabberd, type EjabberdInstallation } from "../servers/ejabberd/installation.ts";
import { startEjabberd } from "../servers/ejabberd/start.ts";
import type { CpuProbe } from "../servers/probe.ts";
import { startSealdesk, type SealdeskServer } from "../servers/sealdesk.ts";
import { startSocketIo } from "../servers/socket-io.ts";
import { round } from "../statistics.ts";
import { socketIoPairs, xmppAccounts, xmppPairs } from "./parties.ts";

const shapes: Readonly<Record<string, Shape>> = {
  "window 8": { window: 8 },
  "500/s": { perSecond: 500 },
};
const titles = {
  sealdesk: "Sealdesk",
  prototype: "prototype",
  socketIo: "socket.io, an INSERT a message",
  ejabberd: "ejabberd, mod_mam",
};
type Relay = keyof typeof titles;

/** The peers that you may leave out. */
export const OPTIONAL_PEERS = ["ejabberd"] as const;
export type OptionalPeer = (typeof OPTIONAL_PEERS)[number];

interface Arranged {
  readonly parties: readonly Party[];
  readonly probe: CpuProbe;
}

/**
 * Compares Sealdesk with relays that others run instead. Each stores every message in the same
 * PostgreSQL before its receiver has it. The bare prototype shows what this machine allows today.
 * @throws PeerError before anything is started, if one is not installed
 */
export async function runPeersBench(
  scale: Scale,
  progress: Progress,
  without: readonly OptionalPeer[],
): Promise<Measured> {
  const ejabberd = without.includes("ejabberd") ? undefined : await findEjabberd();
  const pairs = Math.max(2, Math.round(100 * scale.share));
  return closing(async (started) => {
    const server = started.add(await startSealdesk());
    const arranged = await arrange(started, server, pairs, ejabberd);
    const relays = new Map<Relay, Loaded>();
    for (const [name, { parties, probe }] of arranged) {
      const load = started.add(await Load.prepare(parties, scale.processes));
      await load.connect();
      relays.set(name, { load, probe });
    }
    const figures = await measureInTurns(relays, shapes, scale, progress);
    return report(figures, { pairs, bodyBytes: BODY_BYTES, ...scale }, ejabberd);
  });
}

async function arrange(
  started: Closing,
  server: SealdeskServer,
  pairs: number,
  ejabberd: EjabberdInstallation | undefined,
): Promise<ReadonlyMap<Relay, Arranged>> {
  const { ownerUrl } = server;
  const tenant = started.add(await LoadTenant.open(server));
  const prototype = started.add(await startBareRelay(ownerUrl));
  const socketIo = started.add(await startSocketIo(ownerUrl));
  const arranged = new Map<Relay, Arranged>([
    [
      "sealdesk",
      { parties: await partiesOf(tenant, await tenant.groups(pairs, 2)), probe: server.probe },
    ],
    ["prototype", { parties: bareParties(prototype.url, pairs, 2), probe: prototype.probe }],
    ["socketIo", { parties: socketIoPairs(socketIo.url, pairs), probe: socketIo.probe }],
  ]);
  if (ejabberd === undefined) return arranged;
  const accounts = xmppAccounts(pairs);
  const database = await createEjabberdDatabase(ownerUrl, ejabberd.schema, accounts);
  const { url, probe } = started.add(await startEjabberd(ejabberd, database));
  return arranged.set("ejabberd", { parties: xmppPairs(url, accounts), probe });
}

function report(
  loads: Compared<Relay>,
  how: Readonly<Record<string, unknown>>,
  ejabberd: EjabberdInstallation | undefined,
): Measured {
  const times = (peer: Relay): number => {
    const each = loads["window 8"];
    if (each === undefined) return Number.NaN;
    return round(each.sealdesk.messagesPerSecond / each[peer].messagesPerSecond, 2);
  };
  const goals: Goal[] = [
    {
      name: "durable throughput, times socket.io with an INSERT a message, window 8",
      value: times("socketIo"),
      atLeast: 6,
    },
  ];
  if (ejabberd !== undefined)
    goals.push({
      name: "durable throughput, times ejabberd with mod_mam on PostgreSQL, window 8",
      value: times("ejabberd"),
      atLeast: 15,
    });
  const { ejabberd: _, ...others } = titles;
  return {
    figures: { ...how, loads, ...(ejabberd && { ejabberdVersion: ejabberd.version }) },
    table: tableOf(loads, ejabberd === undefined ? others : titles),
    goals,
  };
}
