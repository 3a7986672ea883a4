import pg from "pg";
import { createKeystorePool, createPool } from "../../../db/pool.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing } from "../closing.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { startSealdesk } from "../servers/sealdesk.ts";
import { round } from "../statistics.ts";
import { measureBeside, type Beside } from "./measure-beside.ts";
import { measureDestruction, type Destruction } from "./measure-destruction.ts";
import { measureExport, type Export } from "./measure-export.ts";
import { measurePurge, type Purged } from "./measure-purge.ts";
import { measureRestart, type Restart } from "./measure-restart.ts";

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

interface Figures {
  readonly destruction: { readonly few: Destruction; readonly many: Destruction };
  readonly purge: Purged;
  readonly relay: Beside;
  readonly restart: Restart;
  readonly copy: Export;
}

/**
 * Measures what the rights of people cost: the destruction of the keys of few and of many messages, the purge beside a
 * bare DELETE, the relay beside both, a restart with a long erasure ledger, and the copy of a person's data. Everything runs as the server runs it.
 */
export const runRightsBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const sized = (count: number) => Math.max(50, Math.round(count * scale.share));
    const server = started.add(await startSealdesk());
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    started.add({ close: () => owner.end() });
    const pool = createPool(server.ownerUrl, { max: 4 });
    started.add({ close: () => pool.end() });
    const keystore = createKeystorePool(server.ownerUrl, { max: 2 });
    started.add({ close: () => keystore.end() });
    const open = async () => started.add(await LoadTenant.open(server));
    const deps = { owner, pool, keystore, tenant: await open() };

    const sizes = { few: sized(FEW), many: sized(MANY) };
    const destruction = await measureDestruction(deps, sizes, scale.rounds, progress);
    const bare = { owner, tenant: await open() };
    const purge = await measurePurge(deps, bare, sized(EXPIRED), progress);
    const both = { ...deps, server, talking: await open() };
    const relay = await measureBeside(both, sized(BESIDE), scale, progress);
    const restart = await measureRestart(sized(ENTRIES), scale.rounds, progress);
    const copied = {
      messages: sized(COPIED),
      attachmentBytes: Math.round(COPIED_BYTES * scale.share),
    };
    const copy = await measureExport(copied, progress);
    return report(scale, { destruction, purge, relay, restart, copy });
  });

function report(scale: Scale, figures: Figures): Measured {
  const { destruction, purge, relay, restart, copy } = figures;
  const { few, many } = destruction;
  return {
    figures: { ...scale, ...figures },
    table: [
      ["what", "measured", "beside"],
      [
        "destruction of a person's keys",
        `${many.messages} messages: ${many.destructionMs} ms`,
        `${few.messages} messages: ${few.destructionMs} ms`,
      ],
      [
        `purge of ${purge.messages} messages`,
        `${purge.batchedPerSecond} messages/s`,
        `bare DELETE: ${purge.bareDeletePerSecond}/s; dropping a table: ${purge.dropMs} ms`,
      ],
      [
        "relay while a purge and an erasure run",
        `${relay.beside.messagesPerSecond} msg/s, p99 ${relay.beside.deliver.p99Ms} ms`,
        `alone: ${relay.alone.messagesPerSecond} msg/s, p99 ${relay.alone.deliver.p99Ms} ms`,
      ],
      [
        `restart with ${restart.entries} entries in the ledger`,
        `${restart.longMs} ms`,
        `one entry: ${restart.shortMs} ms; ${restart.lackedEntries} to carry out: ${restart.lackingMs} ms`,
      ],
      [
        `copy of ${copy.messages} messages and ${copy.attachmentMiB} MiB of files`,
        `taken in ${copy.takeSeconds} s with ${copy.deviceMiB} MiB, opened in ${copy.openSeconds} s with ${copy.openMiB} MiB`,
        `bare age: ${copy.bareAgeSeconds} s; received before: ${copy.receivedPerSecond} msg/s; the server grew by ${copy.serverGrewMiB} MiB`,
      ],
    ],
    goals: [
      {
        // A few milliseconds vary by more than the half.
        name: "destruction of many messages' keys, longer than of few messages' (ms)",
        value: round(many.destructionMs - few.destructionMs, 1),
        atMost: Math.max(20, few.destructionMs),
      },
      {
        name: "purge, of the bare DELETE",
        value: round(purge.batchedPerSecond / purge.bareDeletePerSecond, 2),
        atLeast: 0.5,
      },
      {
        name: "relay while a purge and an erasure run, of it alone",
        value: round(relay.beside.messagesPerSecond / relay.alone.messagesPerSecond, 2),
        atLeast: 0.8,
      },
      {
        name: "restart with a long ledger, of one with a short one",
        value: round(restart.longMs / restart.shortMs, 2),
        atMost: 1.5,
      },
      {
        name: "memory of a device that takes a copy (MiB)",
        value: copy.deviceMiB,
        atMost: MOST_DEVICE_MIB,
      },
      { name: "memory of opening a copy (MiB)", value: copy.openMiB, atMost: MOST_DEVICE_MIB },
    ],
  };
}
