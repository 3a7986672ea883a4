/** Which devices of another user this device may seal for, as the user's signed lists say. */
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { withheldFrom } from "../../../client/conversation/removals.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { confirmedList, isListSigned } from "../../../client/key-log/confirmed-list.ts";
import { ListFreshness, type ExpiredList } from "../../../client/key-log/list-freshness.ts";
import { noteDevices, noteHeard } from "../../../client/key-log/seen-lists.ts";
import { listValidityMs } from "../../../crypto/wire/device-list.ts";
import { acceptAccountKey, rememberAccountKey } from "../../../crypto/device/admit-device.ts";
import type { ConversationId, DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { AccountLog } from "../../support/account-log.ts";
import { ed25519 } from "../../support/device.ts";
import { signedList } from "../../support/signed-list.ts";

beforeAll(() => ready);

const dayMs = 86_400_000;
const self = { tenant: newId<TenantId>(), user: newId<UserId>(), device: newId<DeviceId>() };
const devicesOf = (log: AccountLog, list = log.list) => {
  const confirmed = confirmedList(log.entries, list);
  return confirmed && [...confirmed.devices];
};

describe("a list is the account's", () => {
  test("if one of its devices signed exactly the devices that the log says it has", () => {
    const log = new AccountLog();
    const [first, second] = [log.add(), log.add()];
    expect(devicesOf(log)).toEqual([first.record.device, second.record.device]);
    const before = log.list;
    log.remove(second);
    expect(devicesOf(log)).toEqual([first.record.device]);
    expect(devicesOf(log, before)).toBeUndefined();
    expect(devicesOf(log, undefined)).toEqual([first.record.device]);
    expect(confirmedList(log.entries, undefined)).toBeUndefined();
    expect(devicesOf(log, { ...log.list!, version: 9 })).toBeUndefined();
    const { device } = first.record;
    for (const key of [ed25519(), log.accountKey]) {
      const forged = signedList(log, { device, key }, [first.record], log.list);
      expect(devicesOf(log, forged)).toBeUndefined();
    }
    expect(devicesOf(log, log.sign())).toEqual([first.record.device]);
  });

  test("unless a removed device signed it, or one that nobody approved", () => {
    const log = new AccountLog();
    const [first, second] = [log.add(), log.add()];
    log.remove(second);
    expect(devicesOf(log, log.sign({}, second.record.device))).toBeUndefined();
    expect(devicesOf(log, log.sign({}, first.record.device))).toEqual([first.record.device]);
    const bogus = log.add();
    log.entries.splice(-1, 1, { ...bogus, approval: undefined });
    expect(devicesOf(log, log.sign({}, bogus.record.device))).toBeUndefined();
  });

  test("if a device that removes itself signed the list without it, and no later one", () => {
    const log = new AccountLog();
    const [first, second] = [log.add(), log.add()];
    const removal = log.remove(second);
    const list = log.sign({}, second.record.device);
    log.entries.splice(-1, 1, { ...removal, list });
    expect(isListSigned(log.history(), 3)).toBe(true);
    expect(devicesOf(log, list)).toEqual([first.record.device]);
    expect(devicesOf(log, log.sign({}, second.record.device))).toBeUndefined();
  });

  test("until somebody else removes a device, who then is in no list", () => {
    const log = new AccountLog();
    const [first, second] = [log.add(), log.add()];
    log.remove(first, false);
    expect(devicesOf(log)).toEqual([second.record.device]);
    log.remove(second, false);
    expect(devicesOf(log)).toEqual([]);
  });

  test("and not if an entry adds a device that the account did not list", () => {
    const log = new AccountLog();
    const [first, gone] = [log.add(), log.add()];
    log.remove(gone);
    const { list } = log;
    log.entries.push({ ...gone, version: 4 });
    expect(devicesOf(log, list)).toEqual([first.record.device]);
    log.entries.push({ ...first, record: { ...first.record, device: newId() }, version: 5 });
    expect(devicesOf(log, list)).toBeUndefined();
  });

  test("of the key that it has after a reset, and of no earlier one", () => {
    const log = new AccountLog();
    log.add();
    const { list } = log;
    log.reset();
    expect(devicesOf(log, list)).toEqual([]);
    const next = log.add();
    expect(devicesOf(log, list)).toBeUndefined();
    expect(devicesOf(log)).toEqual([next.record.device]);
  });
});

test("each entry of the log has the list that the account signed, or does not", () => {
  const log = new AccountLog();
  const [first, second] = [log.add(), log.add()];
  log.remove(second);
  log.remove(first, false);
  log.entries.push({ ...second, version: 5 });
  const signed = log.entries.map(({ version }) => isListSigned(log.history(), version));
  expect(signed).toEqual([true, true, true, false, false]);
});

test("a removal is not signed by an earlier list of the same devices", () => {
  const log = new AccountLog();
  const { list } = log.add();
  const second = log.add();
  log.entries.push({ ...second, change: "device_removed", version: 3, list });
  expect(isListSigned(log.history(), 3)).toBe(false);
});

/** A device that reads what the log says of an account, and what it withholds from then on. */
async function contact(log: AccountLog, role = "agent") {
  const store = await DeviceStore.open(
    new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" }),
    randomBytes(32),
  );
  const read = (nowMs: number, { entries, list }: Pick<AccountLog, "entries" | "list"> = log) =>
    store.transact((each) =>
      noteDevices(
        each,
        log.user,
        { entries: [...entries], arrivals: approvedArrivals(entries), shown: list },
        nowMs,
      ),
    );
  const withheld = (nowMs: number, devices: readonly DeviceId[]) => {
    const members = [
      { user: self.user, role: "agent", devices: [self.device] },
      { user: log.user, role, devices },
    ];
    const state = { members, withheld: [], withheldMembers: [], uncertified: [] };
    return store.read((each) => withheldFrom(each, newId<ConversationId>(), state, self, nowMs));
  };
  return { store, read, withheld };
}

/** An account with a device, and another that was removed. */
function withRemoved() {
  const log = new AccountLog();
  const [kept, stolen] = [log.add(), log.add()].map(({ record }) => record.device);
  const before = { entries: [...log.entries], list: log.list };
  log.remove(log.entries[1]!);
  const after = { entries: [...log.entries], list: log.list };
  return { log, kept: kept!, stolen: stolen!, before, after, startMs: log.issuedAtMs };
}

describe("a device that was removed", () => {
  test("is sealed for no more, whatever the server shows later", async () => {
    const { log, kept, stolen, before, after, startMs } = withRemoved();
    const { read, withheld } = await contact(log);
    await read(startMs, before);
    expect(await withheld(startMs, [kept, stolen])).toEqual([]);
    await read(startMs, after);
    expect(await withheld(startMs, [kept, stolen])).toEqual([stolen]);
    await read(startMs, before);
    await read(startMs, {
      entries: [...after.entries, { ...log.entries[1]!, version: 4 }],
      list: before.list,
    });
    expect(await withheld(startMs, [kept, stolen])).toEqual([stolen]);
  });

  test("stays out of an older list that is still valid", async () => {
    const { log, before, after, startMs } = withRemoved();
    const { read } = await contact(log);
    expect(await read(startMs, after)).toBeDefined();
    expect(await read(startMs, before)).toBeUndefined();
    expect(await read(startMs, after)).toBeDefined();
  });
});

describe("a removal that a server withholds", () => {
  const endMs = (startMs: number) => startMs + listValidityMs + dayMs;

  test("stays unknown no longer than the list is valid, and a day for clocks", async () => {
    const { log, kept, stolen, before, startMs } = withRemoved();
    const { read, withheld } = await contact(log);
    await read(startMs, before);
    expect(await withheld(endMs(startMs) - 1, [kept, stolen])).toEqual([]);
    await read(endMs(startMs), before);
    expect(await withheld(endMs(startMs), [kept, stolen])).toEqual([kept, stolen]);
  });

  test("is not helped by a signer's clock that is ahead", async () => {
    const { log, kept, startMs } = withRemoved();
    const { read, withheld } = await contact(log);
    const issuedAtMs = startMs + 900 * dayMs;
    log.sign({ issuedAtMs, validUntilMs: issuedAtMs + listValidityMs });
    await read(startMs);
    expect(await withheld(endMs(startMs) - 1, [kept])).toEqual([]);
    expect(await withheld(endMs(startMs), [kept])).toEqual([kept]);
  });

  test("is over with the first list that the account signs anew", async () => {
    const { log, kept, stolen, before, after, startMs } = withRemoved();
    const { read, withheld } = await contact(log);
    await read(startMs, before);
    const laterMs = endMs(startMs);
    log.sign({ issuedAtMs: laterMs, validUntilMs: laterMs + listValidityMs });
    await read(laterMs, { entries: after.entries, list: log.list });
    expect(await withheld(laterMs, [kept, stolen])).toEqual([stolen]);
  });

  test("a user of whom no list was ever seen gets nothing", async () => {
    const { log, kept, startMs } = withRemoved();
    const { withheld } = await contact(log);
    expect(await withheld(startMs, [kept])).toEqual([kept]);
  });
});

describe("a list under a key that this device does not trust", () => {
  /** The relay logs a device and a list under a key of its own, when the account's list has expired. */
  async function withOtherKey() {
    const { log, kept, after, startMs } = withRemoved();
    const laterMs = startMs + listValidityMs + dayMs;
    const device = await contact(log);
    const trusted = log.accountKey.publicKey;
    await device.store.transact((each) => rememberAccountKey(each, log.user, trusted));
    await device.read(startMs, after);
    const other = new AccountLog(log);
    other.issuedAtMs = laterMs;
    const added = other.add();
    const entries = [...after.entries, { ...added, version: after.entries.length + 1 }];
    const readOther = () => device.read(laterMs, { entries, list: other.list });
    expect(await readOther()).toBeDefined();
    return { ...device, log, other, added, kept, trusted, startMs, laterMs, readOther };
  }

  test("does not make the account's list last", async () => {
    const { withheld, kept, startMs, laterMs } = await withOtherKey();
    expect(await withheld(startMs, [kept])).toEqual([]);
    expect(await withheld(laterMs, [kept])).toEqual([kept]);
  });

  test("does not bring back an older list of the account", async () => {
    const { log, read, readOther, startMs } = await withOtherKey();
    const { list } = log;
    const newer = log.sign();
    expect(await read(startMs, { entries: log.entries, list: newer })).toBeDefined();
    expect(await readOther()).toBeDefined();
    expect(await read(startMs, { entries: log.entries, list })).toBeUndefined();
  });

  test("counts once a person has accepted the key", async () => {
    const { store, withheld, log, other, added, trusted, laterMs } = await withOtherKey();
    const { device } = added.record;
    expect(await withheld(laterMs, [device])).toEqual([device]);
    const accepted = other.accountKey.publicKey;
    await store.transact((each) => acceptAccountKey(each, log.user, { shown: trusted, accepted }));
    expect(await withheld(laterMs, [device])).toEqual([]);
  });
});

describe("a customer who is away for months", () => {
  const laterMs = (startMs: number) => startMs + 100 * dayMs;

  test("still gets what is written to the devices that were known before", async () => {
    const { log, kept, stolen, after, startMs } = withRemoved();
    const { read, withheld } = await contact(log, "customer");
    await read(startMs, after);
    await read(laterMs(startMs), after);
    expect(await withheld(laterMs(startMs), [kept, stolen])).toEqual([stolen]);
  });

  test("gets nothing from somebody who meets them then", async () => {
    const { log, kept, after, startMs } = withRemoved();
    const { read, withheld } = await contact(log, "customer");
    await read(laterMs(startMs), after);
    expect(await withheld(laterMs(startMs), [kept])).toEqual([kept]);
  });

  test("is not away if they write: then a list that is not renewed is withheld", async () => {
    const { log, kept, after, startMs } = withRemoved();
    const { store, read, withheld } = await contact(log, "customer");
    await read(startMs, after);
    await store.transact((each) => noteHeard(each, log.user, startMs + dayMs));
    expect(await withheld(laterMs(startMs), [kept])).toEqual([]);
    await store.transact((each) => noteHeard(each, log.user, laterMs(startMs)));
    expect(await withheld(laterMs(startMs), [kept])).toEqual([kept]);
  });
});

describe("asking for newer lists", () => {
  async function asking(role: string) {
    const { log, kept, after, startMs } = withRemoved();
    const device = await contact(log, role);
    const time = { nowMs: startMs, setMs: 0 };
    const asked: number[] = [];
    const told: ExpiredList[] = [];
    let answer: () => Promise<unknown> = () => device.read(time.nowMs);
    const lists = new ListFreshness({
      store: device.store,
      self: self.user,
      localClock: { now: () => time.nowMs },
      deviceClock: { now: () => time.nowMs + time.setMs },
      read: () => {
        asked.push(time.nowMs);
        return answer();
      },
      onExpired: (expired) => told.push(expired),
    });
    await device.read(startMs, after);
    const refresh = (nowMs: number) => {
      time.nowMs = nowMs;
      return lists.refresh([
        { user: self.user, role: "agent", devices: [self.device] },
        { user: log.user, role, devices: [kept] },
      ]);
    };
    return {
      log,
      kept,
      startMs,
      asked,
      told,
      refresh,
      withAnswer: (to: typeof answer) => (answer = to),
      time,
      device,
    };
  }

  test("begins ten days before the end, and waits for the answer only after the end", async () => {
    const { startMs, asked, refresh, withAnswer } = await asking("agent");
    withAnswer(() => Promise.reject(new SealdeskError("network", "cut off")));
    await refresh(startMs + 20 * dayMs - 1);
    expect(asked).toEqual([]);
    await refresh(startMs + 20 * dayMs);
    expect(asked).toHaveLength(1);
    await expect(refresh(startMs + 31 * dayMs)).rejects.toMatchObject({ code: "network" });
  });

  test("tells once of a list that has expired, and asks again after a minute", async () => {
    const { log, startMs, asked, told, refresh } = await asking("agent");
    const endMs = startMs + 31 * dayMs;
    await refresh(endMs);
    await refresh(endMs + 59_999);
    expect(asked).toEqual([endMs]);
    await refresh(endMs + 60_000);
    expect(asked).toHaveLength(2);
    expect(told).toEqual([
      { user: log.user, validUntilMs: startMs + listValidityMs, withheld: true },
    ]);
  });

  test("goes by the device's own clock, if the local clock is ahead of it", async () => {
    const { startMs, asked, told, refresh, time } = await asking("agent");
    time.setMs = -60 * dayMs;
    await refresh(startMs + 61 * dayMs);
    expect([asked, told]).toEqual([[], []]);
    await refresh(startMs + 91 * dayMs);
    expect(told).toHaveLength(1);
  });

  test("says that a customer who is away still gets what is written", async () => {
    const { log, startMs, told, refresh } = await asking("customer");
    await refresh(startMs + 31 * dayMs);
    expect(told).toMatchObject([{ user: log.user, withheld: false }]);
  });

  test("finds the renewed list", async () => {
    const { log, kept, startMs, told, refresh, device } = await asking("agent");
    const endMs = startMs + 31 * dayMs;
    log.sign({ issuedAtMs: endMs, validUntilMs: endMs + listValidityMs });
    await refresh(endMs);
    expect(told).toEqual([]);
    expect(await device.withheld(endMs, [kept])).toEqual([]);
  });
});
