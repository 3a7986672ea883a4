/** Whose act it is, by the certificate that the event brings. */
import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { AcceptedKeys } from "../../../client/device/accepted-keys.ts";
import { wasDeviceOf } from "../../../client/device/former-device.ts";
import { ownerOf } from "../../../client/device/owner.ts";
import { acceptAccountKey, rememberAccountKey } from "../../../crypto/device/admit-device.ts";
import { certifiedToFields } from "../../../crypto/device/certified-fields.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { AccountLog } from "../../support/account-log.ts";
import { ed25519 } from "../../support/device.ts";

await ready;

const certified = ({ record, certificate }: KeyEntry) => ({ record, signature: certificate });

/** Enters a device that has a copy of the account key, and that no device of the account approved. */
function enterCopy(log: AccountLog): KeyEntry {
  const { approval, ...entry } = log.add();
  expect(approval).toBeDefined();
  const copy = { ...entry, approval: undefined };
  log.entries.splice(-1, 1, copy);
  return copy;
}

/**
 * @param trusts the account key that this device trusts first; the device's by default
 * @param accepts the one that a person accepts in its place
 */
async function ownerIn(
  log: AccountLog,
  { record, certificate }: KeyEntry,
  of: "act" | "creation",
  trusts = record.accountKey,
  accepts?: Uint8Array,
) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const account = {
    tenant: log.tenant,
    user: newId<UserId>(),
    role: "agent",
    displayName: undefined,
    device: newId<DeviceId>(),
    registered: 1,
  };
  const trust = { device: () => undefined, unaccepted: () => undefined };
  const proof = certifiedToFields({ record, signature: certificate });
  const histories = new Map([[log.user, log.history()]]);
  return store.transact(async (transaction) => {
    await rememberAccountKey(transaction, log.user, trusts);
    if (accepts !== undefined) {
      await acceptAccountKey(transaction, log.user, { shown: trusts, accepted: accepts });
      const known = await AcceptedKeys.load(transaction);
      known.add(transaction, log.user, [trusts, accepts])();
    }
    return ownerOf(
      { trust, account, deviceKey: new Uint8Array(32) },
      transaction,
      { device: record.device, proof, of },
      { devices: [], distrusted: [], histories },
    );
  });
}

test.each(["act", "creation"] as const)(
  "an %s counts only from a device that came rightfully",
  async (of) => {
    const log = new AccountLog();
    const [first, second] = [log.add(), log.add()];
    log.remove(second);
    const copy = enterCopy(log);
    expect(await ownerIn(log, first, of)).toMatchObject({ user: log.user });
    expect(await ownerIn(log, second, of)).toMatchObject({ user: log.user });
    expect(await ownerIn(log, copy, of)).toBeUndefined();
  },
);

test("an act under a key that followed the trusted one waits for a person, and a creation does not count", async () => {
  const log = new AccountLog();
  const { accountKey } = log.add().record;
  log.reset();
  const later = log.add();
  const copy = enterCopy(log);
  log.reset();
  log.add();
  const owner = await ownerIn(log, later, "act", accountKey);
  expect(owner).toMatchObject({ user: log.user, unaccepted: later.record.accountKey });
  expect(await ownerIn(log, later, "creation", accountKey)).toBeUndefined();
  expect(await ownerIn(log, copy, "act", accountKey)).toBeUndefined();
  // A key that the log does not have never led to this one.
  expect(await ownerIn(log, later, "act", ed25519().publicKey)).toBeUndefined();
});

test("a key between two that a person accepted counts for nothing", async () => {
  const log = new AccountLog();
  const first = log.add();
  log.reset();
  const between = log.add();
  log.reset();
  const last = log.add();
  const judged = (entry: KeyEntry, of: "act" | "creation") =>
    ownerIn(log, entry, of, first.record.accountKey, last.record.accountKey);
  for (const entry of [first, last])
    for (const claim of ["act", "creation"] as const) {
      const owner = await judged(entry, claim);
      expect([owner?.user, owner?.unaccepted]).toEqual([log.user, undefined]);
    }
  expect(await judged(between, "creation")).toBeUndefined();
  expect(await judged(between, "act")).toMatchObject({ unaccepted: between.record.accountKey });
});

test("a device under a former account key acted rightfully only if it was approved then", () => {
  const log = new AccountLog();
  const first = log.add();
  const copy = enterCopy(log);
  log.reset();
  const { accountKey } = log.add().record;
  const history = log.history();
  expect(wasDeviceOf(certified(first), [accountKey], history)).toBe(true);
  expect(wasDeviceOf(certified(copy), [accountKey], history)).toBe(false);
  expect(wasDeviceOf(certified(first), [accountKey], undefined)).toBe(false);
});
