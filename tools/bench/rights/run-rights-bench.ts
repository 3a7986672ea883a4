import pg from "pg";
import { createKeystorePool, createPool } from "../../../db/pool.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing, type Closing } from "../closing.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startSealdesk } from "../servers/sealdesk.ts";
import { round } from "../statistics.ts";
import { measureBeside } from "./measure-beside.ts";
import { measureDestruction } from "./measure-destruction.ts";
import { measureExport } from "./measure-export.ts";
import { expireRecords, measurePurge } from "./measure-purge.ts";
import { measureRestart } from "./measure-restart.ts";

const FEW = 1_000;
const MANY = 1_000_000;
const EXPIRED = 1_000_000;
/** They are purged and erased while the relay is measured, so it must take longer than that. */
const BESIDE = 100_000;
const ENTRIES = 100_000;
const COPIED = 100_000;
const COPIED_BYTES = 1024 * 1024 * 1024;
/** A copy is made of one page after the other, so its memory does not follow its size. */
const MOST_DEVICE_MIB = 512;

export const RIGHTS_PARTS = ["destruction", "purge", "relay", "restart", "copy"] as const;
export type RightsPart = (typeof RIGHTS_PARTS)[number];

/** What one part measured: its figures, its row of the table and its goals. */
interface Part {
  readonly figures: object;
  readonly row: readonly [what: string, measured: string, beside: string];
  readonly goals: Measured["goals"];
}

interface Context {
  readonly started: Closing;
  readonly scale: Scale;
  readonly progress: Progress;
  readonly sized: (count: number) => number;
}

/**
 * Measures what the rights of people cost: the destruction of the keys of few and of many messages, the purge beside a
 * bare DELETE, the relay beside both, a restart with a long erasure ledger, and the copy of a person's data. Everything runs as the server runs it.
 * @param only the parts to measure; all by default
 */
export async function runRightsBench(
  scale: Scale,
  progress: Progress,
  only: readonly RightsPart[] = RIGHTS_PARTS,
): Promise<Measured> {
  const sized = (count: number) => Math.max(50, Math.round(count * scale.share));
  const measured = new Map<RightsPart, Part>();
  for (const name of RIGHTS_PARTS.filter((each) => only.includes(each)))
    measured.set(
      name,
      await closing((started) => parts[name]({ started, scale, progress, sized })),
    );
  const all = [...measured.values()];
  return {
    figures: {
      ...scale,
      ...Object.fromEntries(Array.from(measured, ([name, { figures }]) => [name, figures])),
    },
    table: [["what", "measured", "beside"], ...all.map(({ row }) => row)],
    goals: all.flatMap(({ goals }) => goals),
  };
}

const parts: Readonly<Record<RightsPart, (context: Context) => Promise<Part>>> = {
  destruction: async ({ started, scale, progress, sized }) => {
    const sizes = { few: sized(FEW), many: sized(MANY) };
    const figures = await measureDestruction(await open(started), sizes, scale.rounds, progress);
    const { few, many } = figures;
    return {
      figures,
      row: [
        "destruction of a person's keys",
        `${many.messages} messages: ${many.destructionMs} ms`,
        `${few.messages} messages: ${few.destructionMs} ms`,
      ],
      goals: [
        {
          // A few milliseconds vary by more than the half.
          name: "destruction of many messages' keys, longer than of few messages' (ms)",
          value: round(many.destructionMs - few.destructionMs, 1),
          atMost: Math.max(20, few.destructionMs),
        },
      ],
    };
  },
  purge: async ({ started, progress, sized }) => {
    const deps = await open(started);
    const bare = { owner: deps.owner, tenant: await deps.openTenant() };
    const purge = await measurePurge(deps, bare, sized(EXPIRED), progress);
    return {
      figures: purge,
      row: [
        `purge of ${purge.messages} messages`,
        `${purge.batchedPerSecond} messages/s`,
        `bare DELETE: ${purge.bareDeletePerSecond}/s; dropping a table: ${purge.dropMs} ms`,
      ],
      goals: [
        {
          name: "purge, of the bare DELETE",
          value: round(purge.batchedPerSecond / purge.bareDeletePerSecond, 2),
          atLeast: 0.5,
        },
      ],
    };
  },
  relay: async ({ started, scale, progress, sized }) => {
    const deps = await open(started);
    await expireRecords(deps);
    const both = { ...deps, talking: await deps.openTenant() };
    const relay = await measureBeside(both, sized(BESIDE), scale, progress);
    return {
      figures: relay,
      row: [
        "relay while a purge and an erasure run",
        `${relay.beside.messagesPerSecond} msg/s, p99 ${relay.beside.deliver.p99Ms} ms`,
        `alone: ${relay.alone.messagesPerSecond} msg/s, p99 ${relay.alone.deliver.p99Ms} ms`,
      ],
      goals: [
        {
          name: "relay while a purge and an erasure run, of it alone",
          value: round(relay.beside.messagesPerSecond / relay.alone.messagesPerSecond, 2),
          atLeast: 0.8,
        },
      ],
    };
  },
  restart: async ({ scale, progress, sized }) => {
    const restart = await measureRestart(sized(ENTRIES), scale.rounds, progress);
    return {
      figures: restart,
      row: [
        `restart with ${restart.entries} entries in the ledger`,
        `${restart.longMs} ms`,
        `one entry: ${restart.shortMs} ms; ${restart.lackedEntries} to carry out: ${restart.lackingMs} ms`,
      ],
      goals: [
        {
          name: "restart with a long ledger, of one with a short one",
          value: round(restart.longMs / restart.shortMs, 2),
          atMost: 1.5,
        },
      ],
    };
  },
  copy: async ({ scale, progress, sized }) => {
    const attachmentBytes = Math.round(COPIED_BYTES * scale.share);
    const copy = await measureExport({ messages: sized(COPIED), attachmentBytes }, progress);
    return {
      figures: copy,
      row: [
        `copy of ${copy.messages} messages and ${copy.attachmentMiB} MiB of files`,
        `taken in ${copy.takeSeconds} s with ${copy.deviceMiB} MiB, opened in ${copy.openSeconds} s with ${copy.openMiB} MiB`,
        `bare age: ${copy.bareAgeSeconds} s; received before: ${copy.receivedPerSecond} msg/s; the server grew by ${copy.serverGrewMiB} MiB`,
      ],
      goals: [
        {
          name: "memory of a device that takes a copy (MiB)",
          value: copy.deviceMiB,
          atMost: MOST_DEVICE_MIB,
        },
        { name: "memory of opening a copy (MiB)", value: copy.openMiB, atMost: MOST_DEVICE_MIB },
      ],
    };
  },
};

/** Starts a server with a tenant, and opens its database. */
async function open(started: Closing) {
  const server = started.add(await startSealdesk());
  const owner = new pg.Client({ connectionString: server.ownerUrl });
  await owner.connect();
  started.add({ close: () => owner.end() });
  const pool = createPool(server.ownerUrl, { max: 4 });
  started.add({ close: () => pool.end() });
  const keystore = createKeystorePool(server.ownerUrl, { max: 2 });
  started.add({ close: () => keystore.end() });
  const openTenant = async () => started.add(await LoadTenant.open(server));
  return { server, owner, pool, keystore, tenant: await openTenant(), openTenant };
}
