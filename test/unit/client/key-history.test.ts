import { randomBytes } from "node:crypto";
import { expect, jest, test } from "@jest/globals";
import sodium from "libsodium-wrappers-sumo";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { inclusionProof } from "../../../audit/verify/proofs.ts";
import {
  cameRightfully,
  isLogged,
  isRemoved,
  verifyHistory,
  type KeyHistory,
  type ProvenEntries,
  type ProvenEntry,
} from "../../../client/key-log/key-history.ts";
import { encodeKeyEntry, type KeyEntry } from "../../../crypto/wire/key-entry.ts";
import type { TenantId, UserId, DeviceId } from "../../../crypto/wire/ids.ts";
import { AccountLog } from "../../support/account-log.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

const who = { tenant: newId<TenantId>(), user: newId<UserId>() };
const accountKey = new Uint8Array(randomBytes(32));
const random = (length: number) => new Uint8Array(randomBytes(length));
const added = (version: number, changes: Partial<KeyEntry["record"]> = {}): KeyEntry => ({
  change: "device_added",
  version,
  record: {
    ...who,
    device: newId<DeviceId>(),
    accountKey,
    deviceKey: random(32),
    identityKey: random(33),
    receiptKey: random(32),
    ...changes,
  },
  certificate: random(64),
  list: undefined,
});
const certified = ({ record, certificate }: KeyEntry) => ({ record, signature: certificate });

/** The entries in a log, each after an entry of somebody else. */
async function logged(entries: readonly KeyEntry[]) {
  const log = new MemoryLog();
  for (const entry of entries)
    log.append([encodeKeyEntry(added(1, { user: newId<UserId>() })), encodeKeyEntry(entry)]);
  const roots = rangeRoots(nodeChecks.sha256, log, log.head.size);
  const proven: ProvenEntry[] = [];
  for (const [at, entry] of entries.entries()) {
    const index = 2 * at + 1;
    const proof = await inclusionProof(roots, index, log.head.size);
    proven.push({ index, entry: encodeKeyEntry(entry), proof });
  }
  return { proven, head: log.head };
}

/** The history of an account as a device reads it, with its newest list. */
async function read(account: AccountLog, entries: readonly KeyEntry[] = account.entries) {
  const { proven, head } = await logged(entries);
  const { list } = account.history(entries);
  return wholeOf(verifyHistory(proven, head, account), list);
}

/** The history that a device makes of all pages. */
const wholeOf = (proven: ProvenEntries, list: KeyHistory["list"]): KeyHistory => ({
  ...proven,
  arrivals: approvedArrivals(proven.entries),
  list,
});

test("a device is vouched for while it is the last entry in the log, with exactly its keys", async () => {
  const account = new AccountLog();
  const [first, second] = [account.add(), account.add()];
  account.remove(first);
  const history = await read(account);
  expect(isLogged(history, certified(second))).toBe(true);
  expect(isLogged(history, certified(first))).toBe(false);
  expect([
    isRemoved(history, first.record.device),
    isRemoved(history, second.record.device),
  ]).toEqual([true, false]);
  const otherKey = { ...second, record: { ...second.record, deviceKey: random(32) } };
  expect(isLogged(history, certified(otherKey))).toBe(false);
  expect(isLogged(history, { record: second.record, signature: random(64) })).toBe(false);
  expect(isLogged(history, certified(added(9)))).toBe(false);
});

test("a device is vouched for only while the newest list that was seen has it", async () => {
  const account = new AccountLog();
  const [first, second] = [account.add(), account.add()];
  const before = account.list;
  account.remove(first);
  const history = await read(account);
  expect(isLogged({ ...history, list: undefined }, certified(second))).toBe(false);
  const older = account.history(account.entries, before);
  expect(isLogged(older, certified(second))).toBe(false);
  // The removed device is entered again, with its own certificate.
  account.entries.push({ ...first, version: 4, list: before });
  expect(isLogged(await read(account), certified(first))).toBe(false);
});

test("the latest account key wins: devices under the previous one are not vouched for", async () => {
  const account = new AccountLog();
  const before = account.add();
  account.reset();
  const after = { ...account.add(), version: 2 };
  const history = await read(account, [before, after]);
  expect(isLogged(history, certified(before))).toBe(false);
  expect(isLogged(history, certified(after))).toBe(true);
});

test("a replaced account key does not come back", async () => {
  const account = new AccountLog();
  const first = account.add();
  account.reset();
  const next = account.add();
  const { list } = await read(account);
  const { proven, head } = await logged([...account.entries, { ...first, version: 4 }]);
  const returned = wholeOf(verifyHistory(proven, head, account), list);
  expect(isLogged(returned, certified(first))).toBe(false);
  const until = wholeOf(verifyHistory(proven.slice(0, 3), head, account), list);
  expect(isLogged(until, certified(next))).toBe(true);
});

test("only entries under a key or before its first entry, byte for byte, are the account's", async () => {
  const account = new AccountLog();
  const first = account.add();
  account.reset();
  const next = account.add();
  const rogue = { ...new AccountLog(account).add(), version: 4 };
  const history = await read(account, [...account.entries, rogue]);
  const came = (entry: KeyEntry, key: Uint8Array | undefined) =>
    cameRightfully(history, certified(entry), key ? [key] : []);
  const trusted = next.record.accountKey;
  expect([first, next, rogue].map((entry) => came(entry, trusted))).toEqual([true, true, false]);
  // Nothing precedes a key that the log does not know.
  expect(came(first, random(32))).toBe(false);
  expect(came(rogue, undefined)).toBe(true);
  expect(came(added(1), undefined)).toBe(false);
  const otherKey = { ...first, record: { ...first.record, deviceKey: random(32) } };
  expect(came(otherKey, trusted)).toBe(false);
  expect(came({ ...first, certificate: random(64) }, trusted)).toBe(false);
});

test("a device under a replaced key does not come any more, although the key was trusted", async () => {
  const account = new AccountLog();
  const [first, before] = [account.add(), account.add()];
  // The first device approves it. The log enters no removal of that device at the reset.
  const approved = account.add();
  account.reset();
  const next = { ...account.add(), version: 3 };
  const late = { ...approved, version: 4 };
  const history = await read(account, [first, before, next, late]);
  const trusted = [next.record.accountKey, first.record.accountKey];
  const came = (entry: KeyEntry) => cameRightfully(history, certified(entry), trusted);
  expect([before, next, late].map(came)).toEqual([true, true, false]);
});

test("an entry that is missing, exchanged, moved, or of another user is refused", async () => {
  const { proven, head } = await logged([added(1), added(2), added(3)]);
  const refusal = (entries: readonly ProvenEntry[], about = who) => {
    try {
      verifyHistory(entries, head, about);
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "accepted";
  };
  const [one, two, three] = proven as [ProvenEntry, ProvenEntry, ProvenEntry];
  expect(refusal(proven)).toBe("accepted");
  expect(refusal([one, three])).toBe("missing");
  expect(refusal([two, three])).toBe("missing");
  expect(refusal([two, one, three])).toBe("malformed");
  expect(refusal([{ ...one, entry: two.entry }])).toBe("invalid_proof");
  expect(refusal([{ ...one, index: 0 }])).toBe("invalid_proof");
  expect(refusal([{ ...one, proof: one.proof.slice(1) }])).toBe("invalid_proof");
  expect(refusal(proven, { ...who, user: newId<UserId>() })).toBe("malformed");
});

test("a later page must continue the one before it", async () => {
  const { proven, head } = await logged([added(1), added(2), added(3), added(4)]);
  const [first, rest] = [proven.slice(0, 2), proven.slice(2)];
  const before = verifyHistory(first, head, who);
  expect(verifyHistory(rest, head, who, before)).toEqual(verifyHistory(proven, head, who));
  expect(() => verifyHistory(rest.slice(1), head, who, before)).toThrow(/has version 4, not 3/);
  expect(() => verifyHistory(first, head, who, before)).toThrow(/stands before/);
});

test("signatures are verified once, however many pages a history has", async () => {
  const account = new AccountLog();
  const entries = Array.from({ length: 12 }, () => account.add());
  const { proven, head } = await logged(entries);
  const verifications = jest.spyOn(sodium, "crypto_sign_verify_detached");
  let pages: ProvenEntries | undefined;
  for (let at = 0; at < entries.length; at += 2)
    pages = verifyHistory(proven.slice(at, at + 2), head, account, pages);
  expect(verifications).not.toHaveBeenCalled();
  // An approval and a certificate of each device.
  expect(approvedArrivals(pages!.entries)).toEqual(entries);
  expect(verifications).toHaveBeenCalledTimes(24);
  verifications.mockRestore();
});
