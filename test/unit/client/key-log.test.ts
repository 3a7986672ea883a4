import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatNote, keyIdOf, type NoteKey } from "../../../audit/verify/note.ts";
import { loadEvidence } from "../../../client/key-log/evidence.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { loadKeptRestores } from "../../../client/key-log/kept-restores.ts";
import { approver, people } from "../../support/approvers.ts";
import { newSigner } from "../../support/audit-log.ts";
import { signedStatement } from "../../support/signed-statement.ts";

import { entries, setUp, user } from "./key-log-device.ts";

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
      backupOfMs: 1_000,
      declaredAtMs: 2_000,
      reason: "fire",
      approvedBy: names,
      publishedSize: 85,
      continuesSize: 60,
      seenSize: 85,
    },
  ]);
  expect(await store.read(loadKeptRestores)).toEqual([
    { atMs: 0, kept: before, statement: shown.restores[0] },
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
  expect(events).toMatchObject([{ publishedSize: 60, continuesSize: 60, seenSize: 60 }]);
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

describe("a device that has less than what is left", () => {
  /** The device has a head of 60 entries. The log was restored at 80, and has 90 entries now. */
  async function below() {
    const device = await setUp();
    const { log, show, shown } = device;
    expect(await show(log.head)).toBe("accepted");
    log.append(entries(60, 80));
    const continues = log.head;
    const after = log.again([...entries(0, 80), ...entries(200, 210)]);
    log.append(entries(80, 100));
    const lost = { restores: 1, published: log.head, continues };
    shown.restores = [await signedStatement(log, lost)];
    return { ...device, after };
  }

  test("accepts the log that continues from there", async () => {
    const { show, after, alarms } = await below();
    expect(await show({ ...after.head, restores: 1 }, after)).toBe("accepted");
    expect(alarms).toEqual([]);
  });

  test("refuses a log that differs above its own head", async () => {
    const { log, show, alarms } = await below();
    const forged = log.again([...entries(0, 60), ...entries(900, 930)]);
    expect(await show({ ...forged.head, restores: 1 }, forged)).not.toBe("accepted");
    expect(alarms).toHaveLength(1);
  });
});

describe("a declaration that was not used for a day", () => {
  const DAY_MS = 86_400_000;

  test("takes away nothing that the device saw since", async () => {
    const { log, after, shown, show, now, lost, alarms, time } = await restored();
    log.append(entries(85, 500));
    time.nowMs = DAY_MS + 3_000;
    expect(await show(log.head)).toBe("accepted");
    shown.restores = [await signedStatement(log, lost)];
    expect(await show(now, after)).toBe("rolled_back");
    expect(alarms).toHaveLength(1);
  });

  test("takes away nothing after a restart of the device either", async () => {
    const { log, after, shown, show, now, lost, alarms, time, restarted } = await restored();
    log.append(entries(85, 500));
    time.nowMs = DAY_MS + 3_000;
    expect(await show(log.head)).toBe("accepted");
    shown.restores = [await signedStatement(log, lost)];
    Object.assign(shown, { checkpoint: log.signed(now), from: after });
    await expect((await restarted()).historyOf(user)).rejects.toMatchObject({
      problem: "rolled_back",
    });
    expect(alarms).toHaveLength(1);
  });

  test("is accepted by a device that was away", async () => {
    const { log, after, shown, show, now, lost, alarms, time } = await restored();
    time.nowMs = 9 * DAY_MS;
    // The device is shown the same head again. It kept it before.
    expect(await show(log.head)).toBe("accepted");
    shown.restores = [await signedStatement(log, lost)];
    expect(await show(now, after)).toBe("accepted");
    expect(alarms).toEqual([]);
  });
});

describe("statements that say nothing to this device", () => {
  test("approvers of restores before its installation need not be known", async () => {
    const newPeople = ["carol", "dan"].map(approver);
    const named = newPeople.map(({ key }) => key);
    const { log, shown, show, alarms, events, keyLog } = await setUp(named);
    const at60 = log.head;
    expect(await show({ ...at60, restores: 1 })).toBe("accepted");
    const whole = { published: at60, continues: at60 };
    shown.restores = [
      await signedStatement(log, { restores: 1, ...whole }),
      await signedStatement(log, { restores: 2, ...whole }, { signers: newPeople, named }),
    ];
    log.append(entries(60, 62));
    expect(await show({ ...log.head, restores: 2 })).toBe("accepted");
    await keyLog.tellRestored();
    expect([alarms, events.length]).toEqual([[], 1]);
  });

  test("junk beside the statement raises no alarm", async () => {
    const { log, after, shown, show, now, lost, alarms } = await restored();
    const good = await signedStatement(log, lost);
    const forged = await signedStatement(log, lost, { signer: newSigner() });
    const later = await signedStatement(log, { ...lost, restores: 2 }, { signer: newSigner() });
    shown.restores = ["junk", forged, good, later];
    expect(await show(now, after)).toBe("accepted");
    expect(alarms).toEqual([]);
  });
});

describe("a note with signatures of nobody", () => {
  const padding = `\u2014 x ${"AAAA".repeat(9_000)}\n`;

  test("does not keep a device from a later restore", async () => {
    const { log, after, shown, show, now, lost, alarms, store } = await restored();
    const one = await signedStatement(log, lost);
    shown.restores = [one + padding];
    expect(await show(now, after)).toBe("accepted");
    expect(await store.read(loadKeptRestores)).toMatchObject([{ statement: one }]);
    const whole = { restores: 2, published: after.head, continues: after.head };
    shown.restores = [one, await signedStatement(log, whole)];
    after.append(entries(300, 301));
    expect(await show({ ...after.head, restores: 2 }, after)).toBe("accepted");
    expect(alarms).toEqual([]);
  });

  test("is kept without them, also as evidence", async () => {
    const { log, shown, store, alarms, keyLog, restarted } = await setUp();
    const good = log.signed(log.head);
    Object.assign(shown, { checkpoint: good + padding });
    await keyLog.historyOf(user);
    const again = await restarted();
    const forged = log.signed(log.again(entries(500, 560)).head);
    Object.assign(shown, { checkpoint: forged + padding });
    await expect(again.historyOf(user)).rejects.toMatchObject({ problem: "forked" });
    expect(await store.read(loadEvidence)).toMatchObject([{ kept: good, shown: forged }]);
    expect(alarms).toEqual(["forked"]);
  });

  test("that is too long even so is an alarm", async () => {
    const { log, show, shown, store, alarms, keyLog } = await setUp();
    expect(await show(log.head)).toBe("accepted");
    // Whoever has the key can sign extension lines of any length.
    const text = `${log.key.name}\n61\n${"A".repeat(43)}=\n${"x".repeat(40_000)}\n`;
    const signature = await log.signer.sign(utf8(text));
    const own = { name: log.key.name, keyId: keyIdOf(nodeChecks.sha256, log.key), signature };
    Object.assign(shown, { checkpoint: formatNote(text, [own]) });
    await expect(keyLog.historyOf(user)).rejects.toMatchObject({ problem: "malformed" });
    expect(alarms).toHaveLength(1);
    // Its beginning alone would prove nothing.
    expect(await store.read(loadEvidence)).toEqual([]);
  });
});
