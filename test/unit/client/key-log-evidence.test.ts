import { randomBytes } from "node:crypto";
import type { LogErrorCode } from "../../../audit/verify/log-error.ts";
import { parseNote } from "../../../audit/verify/note.ts";
import { keepEvidence, loadEvidence } from "../../../client/key-log/evidence.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { newId } from "../../../tools/testkit/ids.ts";

import { entries, setUp, user } from "./key-log-device.ts";

describe("evidence", () => {
  const made = (size: number) => ({
    size,
    root: randomBytes(32),
    signature: randomBytes(64),
    restores: 0,
  });

  test("is not what a member makes up, and none of it keeps a conviction from being stored", async () => {
    const { log, show, store, alarms, keyLog } = await setUp();
    expect(await show(log.head)).toBe("accepted");
    const member = newId<UserId>();
    for (let size = 1; size <= 40; size++)
      expect(await store.transact((each) => keyLog.hear(each, made(size), member))).toBe(false);
    await keyLog.retryHeard();
    expect([alarms, await store.read(loadEvidence)]).toEqual([[], []]);
    const other = log.again(entries(100, 160));
    expect(await show(other.head, other)).toBe("forked");
    expect(await store.read(loadEvidence)).toMatchObject([{ reason: "forked" }]);
  });

  test("is a head that the log signed, whoever's message carried it", async () => {
    const { log, show, store, keyLog } = await setUp();
    expect(await show(log.head)).toBe("accepted");
    const other = log.again(entries(100, 160));
    const { head, note } = { head: other.head, note: parseNote(log.signed(other.head)) };
    const signature = note.signatures[0]!.signature;
    const member = newId<UserId>();
    const told = { size: head.size, root: head.root, signature, restores: 0 };
    expect(await store.transact((each) => keyLog.hear(each, told, member))).toBe(true);
    await keyLog.retryHeard();
    expect(await store.read(loadEvidence)).toMatchObject([{ from: member }]);
  });

  test("for one reason leaves room for another", async () => {
    const { store } = await setUp();
    const found = (reason: LogErrorCode, shown: string) => ({
      reason,
      shown,
      atMs: 0,
      kept: "kept",
      from: undefined,
    });
    for (let at = 0; at < 40; at++) await keepEvidence(store, found("invalid_proof", `${at}`));
    await keepEvidence(store, found("forked", "the other log"));
    const reasons = (await store.read(loadEvidence)).map(({ reason }) => reason);
    expect(reasons).toHaveLength(9);
    expect(reasons).toContain("forked");
  });

  test("is no note of the server without the log's signature: it is reported once", async () => {
    const { shown, store, alarms, keyLog, log } = await setUp();
    const stranger = new MemoryLog(log.key.name);
    for (let size = 1; size <= 5; size++) {
      stranger.append(entries(size, size + 1));
      shown.checkpoint = stranger.signed(stranger.head);
      await expect(keyLog.historyOf(user)).rejects.toMatchObject({ code: "key_log_inconsistent" });
    }
    expect(alarms).toHaveLength(1);
    expect(await store.read(loadEvidence)).toEqual([]);
  });
});
