/** Whose act it is, by the certificate that the event brings. */
import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { wasDeviceOf, wasLoggedDeviceOf } from "../../../client/device/former-device.ts";
import { ownerOf } from "../../../client/device/owner.ts";
import { rememberAccountKey } from "../../../crypto/device/admit-device.ts";
import { certifiedToFields } from "../../../crypto/device/certified-fields.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { AccountLog } from "../../support/account-log.ts";

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

async function ownerIn(log: AccountLog, { record, certificate }: KeyEntry, of: "act" | "creation") {
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
    await rememberAccountKey(transaction, log.user, record.accountKey);
    return ownerOf(
      { trust, account, deviceKey: new Uint8Array(32) },
      transaction,
      { device: record.device, proof, of },
      { devices: [], distrusted: [], histories },
    );
  });
}

test("an act counts only from a device that came to the account rightfully", async () => {
  const log = new AccountLog();
  const [first, second] = [log.add(), log.add()];
  log.remove(second);
  const copy = enterCopy(log);
  expect(await ownerIn(log, first, "act")).toMatchObject({ user: log.user });
  expect(await ownerIn(log, second, "act")).toMatchObject({ user: log.user });
  expect(await ownerIn(log, copy, "act")).toBeUndefined();
});

test("a device under a former account key acted rightfully only if it was approved then", () => {
  const log = new AccountLog();
  const first = log.add();
  const copy = enterCopy(log);
  log.reset();
  const { accountKey } = log.add().record;
  const history = log.history();
  expect(wasLoggedDeviceOf(certified(first), accountKey, history)).toBe(true);
  expect(wasLoggedDeviceOf(certified(copy), accountKey, history)).toBe(false);
  expect(wasLoggedDeviceOf(certified(first), accountKey, undefined)).toBe(false);
  // A creation asks less.
  expect(wasDeviceOf(certified(copy), copy.record.accountKey, undefined)).toBe(true);
});
