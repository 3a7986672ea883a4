/** What a device signs as the list of its account's devices, and when. */
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { publishList, renewOwnList } from "../../../client/device/own-list.ts";
import { noteRemoved } from "../../../client/device/removed-devices.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { confirmedList } from "../../../client/key-log/confirmed-list.ts";
import { noteDevices, noteList } from "../../../client/key-log/seen-lists.ts";
import type { ListSignature } from "../../../crypto/wire/device-list.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { AccountLog } from "../../support/account-log.ts";
import { ed25519 } from "../../support/device.ts";

beforeAll(() => ready);

const dayMs = 86_400_000;

/** A device of an account that has another one. The server shows `shown` of the log. */
async function setUp() {
  const log = new AccountLog();
  const [own, other] = [log.add(), log.add()];
  const store = await DeviceStore.open(
    new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" }),
    randomBytes(32),
  );
  await store.transact(async (transaction) => log.giveKeys(transaction, own.record.device));
  const time = { nowMs: log.issuedAtMs };
  const server = {
    shown: () => ({ entries: [...log.entries] as readonly KeyEntry[], list: log.list }),
    sent: [] as ListSignature[],
    refusal: undefined as SealdeskError | undefined,
  };
  const send = async (list: ListSignature) => {
    server.sent.push(list);
    const { refusal } = server;
    server.refusal = undefined;
    if (refusal !== undefined) throw refusal;
  };
  const deps = {
    store,
    account: { tenant: log.tenant, user: log.user, device: own.record.device },
    localClock: { now: () => time.nowMs },
    keyLog: {
      historyOf: () =>
        store.transact(async (each) => {
          const { entries, list: shown } = server.shown();
          const arrivals = approvedArrivals(entries);
          const said = { entries, arrivals, shown };
          const list = await noteDevices(each, log.user, said, time.nowMs);
          return { entries, arrivals, leaves: [], indexes: [], list };
        }),
    },
    api: {
      renewDeviceList: async (list: ListSignature) => {
        await send(list);
        return undefined;
      },
    },
  };
  return { log, own, other, store, time, server, send, deps };
}

test("a list is renewed when it is ten days old, or when the server shows none that is valid", async () => {
  const { log, time, server, deps } = await setUp();
  time.nowMs += 10 * dayMs - 1;
  await renewOwnList(deps);
  expect(server.sent).toEqual([]);
  time.nowMs += 1;
  await renewOwnList(deps);
  const [renewed] = server.sent;
  expect(renewed).toMatchObject({
    version: 3,
    issuedAtMs: time.nowMs,
    validUntilMs: time.nowMs + 30 * dayMs,
  });
  expect(confirmedList(log.entries, renewed)?.devices.size).toBe(2);

  server.shown = () => ({ entries: log.entries, list: renewed });
  await renewOwnList(deps);
  expect(server.sent).toHaveLength(1);
  server.shown = () => ({ entries: log.entries, list: undefined });
  await renewOwnList(deps);
  expect(server.sent[1]).toMatchObject({ version: 4 });
});

test("if another device signed one meanwhile, the device reads it and signs the next", async () => {
  const { log, other, server, send, deps } = await setUp();
  server.refusal = new SealdeskError("request_refused", "", { problem: "stale_device_list" });
  const list = log.list;
  log.sign();
  const newest = log.list;
  server.shown = () => ({ entries: log.entries, list: server.sent.length === 0 ? list : newest });
  await publishList(
    deps,
    (now) => now.filter(({ device }) => device !== other.record.device),
    send,
  );
  expect(server.sent.map(({ version }) => version)).toEqual([3, 4]);
  log.remove(other);
  expect(confirmedList(log.entries, server.sent[1])?.devices.size).toBe(1);
});

describe("a device signs nothing", () => {
  const refused = { code: "key_log_inconsistent" };

  test("with a device that was removed, whatever the server shows", async () => {
    const { other, store, server, deps } = await setUp();
    await store.transact((each) => noteRemoved(each, [other.record.device]));
    server.shown = ((shown) => () => ({ ...shown(), list: undefined }))(server.shown);
    await expect(renewOwnList(deps)).rejects.toMatchObject(refused);
    expect(server.sent).toEqual([]);
  });

  test.each<[string, (entry: KeyEntry) => Partial<KeyEntry>]>([
    ["no device of the account approved", () => ({ approval: undefined })],
    [
      "has other keys than the approved device certified",
      ({ record }) => ({ record: { ...record, receiptKey: ed25519().publicKey } }),
    ],
  ])("with a device that %s", async (_what, change) => {
    const { log, server, deps } = await setUp();
    const entry = log.add();
    log.entries.splice(-1, 1, { ...entry, ...change(entry) });
    log.list = undefined;
    await expect(renewOwnList(deps)).rejects.toMatchObject(refused);
    expect(server.sent).toEqual([]);
  });

  test("as a new device that is not shown what the approving device had seen", async () => {
    const { log, other, store, server, send, deps } = await setUp();
    const [entries, list] = [[...log.entries], log.list];
    log.remove(other);
    const handedOn = { ...log.list!, accountKey: log.accountKey.publicKey };
    await store.transact((each) => noteList(each, log.user, handedOn, 0));
    const newcomer = { ...deps, isNewcomer: true };
    const register = () => publishList(newcomer, (now) => now, send);
    const whole = server.shown;
    server.shown = () => ({ entries, list });
    await expect(register()).rejects.toMatchObject(refused);
    expect(server.sent).toEqual([]);
    server.shown = whole;
    await register();
    expect(server.sent).toHaveLength(1);
  });
});
