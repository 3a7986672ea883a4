import { randomBytes, randomUUID } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { nodeChecks } from "../../../audit/node-checks.ts";
import type { Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { formatVkey, type NoteKey } from "../../../audit/verify/note.ts";
import { consistencyProof } from "../../../audit/verify/proofs.ts";
import { KeyLog, type KeyLogDeps } from "../../../client/key-log/key-log.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import type { LogRestored } from "../../../client/index.ts";
import { loadKeptRestores } from "../../../client/key-log/kept-restores.ts";
import { approver, approvers, people } from "../../support/approvers.ts";
import { newSigner } from "../../support/audit-log.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { signedStatement } from "../../support/signed-statement.ts";

const user = randomUUID();
const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`entry ${from + at}`));

/** A device, and a server that shows it any head that the log's key signed. */
async function setUp(trusted: readonly NoteKey[] = approvers) {
  const log = new MemoryLog("desk.example/keys/t/demo");
  log.append(entries(0, 60));
  const vkey = formatVkey(nodeChecks.sha256, log.key);
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const shown = { checkpoint: log.signed(log.head), from: log, restores: [] as string[] };
  const alarms: string[] = [];
  const events: LogRestored[] = [];
  let isHeard = true;
  const deps: KeyLogDeps = {
    store,
    tenant: randomUUID(),
    approvers: trusted,
    clock: { now: () => 0 },
    api: {
      keyHistory: () =>
        Promise.resolve({ vkey, checkpoint: shown.checkpoint, entries: [], more: false }),
      keyLogCheckpoint: () => Promise.resolve({ vkey, checkpoint: shown.checkpoint }),
      keyLogRestores: () => Promise.resolve(shown.restores),
      async keyLogConsistency(old, size) {
        return consistencyProof(rangeRoots(nodeChecks.sha256, shown.from, size), old, size);
      },
    },
    onInconsistent: ({ reason }) => alarms.push(reason),
    onRestored: (event) => {
      if (isHeard) events.push(event);
      return isHeard;
    },
    onLost: () => undefined,
  };
  const keyLog = await KeyLog.load(deps, vkey);
  return {
    log,
    store,
    alarms,
    events,
    shown,
    keyLog,
    hear: (heard: boolean) => (isHeard = heard),
    /** Shows the device a head. @returns the code with which it is refused */
    show: async (head: Omit<Checkpoint, "origin">, from = log) => {
      Object.assign(shown, { checkpoint: log.signed(head), from });
      return keyLog.historyOf(user).then(
        () => "accepted",
        (error: { readonly problem?: string }) => error.problem,
      );
    },
  };
}

test("a head that says that the log was restored rewinds no device without a statement", async () => {
  const { log, show, alarms } = await setUp();
  const at60 = log.head;
  log.append(entries(60, 85));
  expect(await show(log.head)).toBe("accepted");
  expect(await show({ ...at60, restores: 7 })).not.toBe("accepted");
  expect(alarms).toHaveLength(1);
  // The device still has the longer head, and only that one may grow.
  const other = log.again([...entries(0, 60), ...entries(100, 150)]);
  expect(await show(other.head, other)).not.toBe("accepted");
  log.append(entries(85, 90));
  expect(await show(log.head)).toBe("accepted");
});

/** The device has a head of 85 entries. The log was restored at 60, and has 70 entries now. */
async function restored(trusted?: readonly NoteKey[]) {
  const device = await setUp(trusted);
  const at60 = device.log.head;
  const after = device.log.again([...entries(0, 60), ...entries(200, 210)]);
  device.log.append(entries(60, 85));
  expect(await device.show(device.log.head)).toBe("accepted");
  const lost = { restores: 1, published: device.log.head, continues: at60 };
  return { ...device, at60, after, lost, now: { ...after.head, restores: 1 } };
}

test("a declared restore is accepted, told once, and kept with the head that it replaced", async () => {
  const { log, after, shown, show, alarms, events, store, lost, now, hear, keyLog } =
    await restored();
  const before = shown.checkpoint;
  shown.restores = [await signedStatement(log, lost)];
  hear(false);
  expect(await show(now, after)).toBe("accepted");
  await keyLog.tellRestored();
  hear(true);
  await Promise.all([keyLog.tellRestored(), keyLog.tellRestored()]);
  const names = ["alice", "bob"].map((name) => expect.stringContaining(`${name}+`) as string);
  expect(events).toEqual([
    {
      backupOf: 1_000,
      declaredAt: 2_000,
      reason: "fire",
      approvedBy: names,
      publishedSize: 85,
      continuesSize: 60,
    },
  ]);
  expect(await store.read(loadKeptRestores)).toEqual([
    { at: 0, kept: before, statement: shown.restores[0] },
  ]);
  expect(alarms).toEqual([]);
  // It grows from there, and the lost head does not come back.
  expect(await show(log.head)).not.toBe("accepted");
  after.append(entries(300, 301));
  expect(await show({ ...after.head, restores: 1 }, after)).toBe("accepted");
});

test("a device is told of a restore that its key log lost nothing by", async () => {
  const { log, shown, show, events, keyLog } = await setUp();
  expect(await show(log.head)).toBe("accepted");
  shown.restores = [
    await signedStatement(log, { restores: 1, published: log.head, continues: log.head }),
  ];
  log.append(entries(60, 61));
  expect(await show({ ...log.head, restores: 1 })).toBe("accepted");
  await keyLog.tellRestored();
  expect(events).toMatchObject([{ publishedSize: 60, continuesSize: 60 }]);
});

test("without known approvers a device accepts no restore, and a log that grew as before", async () => {
  const { log, after, shown, show, events, alarms, lost, now } = await restored([]);
  shown.restores = [await signedStatement(log, lost)];
  expect(await show(now, after)).toBe("rolled_back");
  expect(alarms).toHaveLength(1);
  log.append(entries(85, 90));
  expect(await show({ ...log.head, restores: 1 })).toBe("accepted");
  expect(events).toEqual([]);
});

describe("a restore is refused", () => {
  type Restored = Awaited<ReturnType<typeof restored>>;
  const stranger = approver("mallory");
  test.each<[string, (device: Restored) => Promise<readonly string[]>]>([
    ["without a statement", async () => []],
    [
      "signed by another key",
      async ({ log, lost }) => [await signedStatement(log, lost, { signer: newSigner() })],
    ],
    [
      "of another log",
      async ({ log, lost }) => [
        await signedStatement(log, lost, { origin: "desk.example/keys/t/else" }),
      ],
    ],
    [
      "with another number",
      async ({ log, lost }) => [await signedStatement(log, { ...lost, restores: 2 })],
    ],
    [
      "that somebody unknown approved",
      async ({ log, lost }) => {
        const signers = [people[0] ?? stranger, stranger];
        return [
          await signedStatement(log, lost, { signers, named: signers.map(({ key }) => key) }),
        ];
      },
    ],
    [
      "that continues above the head that is shown",
      async ({ log, lost }) => {
        const continues = log.again(entries(0, 84)).head;
        return [await signedStatement(log, { ...lost, continues })];
      },
    ],
    [
      "that continues from another history",
      async ({ log, lost }) => {
        const continues = log.again(entries(500, 560)).head;
        return [await signedStatement(log, { ...lost, continues })];
      },
    ],
    ["that is no note", async () => ["nothing"]],
  ])("%s", async (_, make) => {
    const device = await restored();
    const { show, shown, now, after, log, alarms, events, keyLog } = device;
    shown.restores = [...(await make(device))];
    expect(await show(now, after)).not.toBe("accepted");
    await keyLog.tellRestored();
    expect([alarms.length, events.length]).toEqual([1, 0]);
    // The device still has its head.
    log.append(entries(85, 90));
    expect(await show(log.head)).toBe("accepted");
  });

  test("below the head from which the log continues", async () => {
    const { log, shown, show, lost, at60, alarms } = await restored();
    shown.restores = [await signedStatement(log, lost)];
    const below = log.again(entries(0, 50));
    expect(await show({ ...below.head, restores: 1 }, below)).toBe("rolled_back");
    expect(alarms).toHaveLength(1);
    expect(await show({ ...at60, restores: 1 })).toBe("accepted");
  });
});
