import { randomBytes, sign } from "node:crypto";
import { ready } from "../../../crypto/device/sodium.ts";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { sortOwnEntries } from "../../../client/key-log/sort-own-entries.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import { deviceApprovalBytes } from "../../../crypto/wire/signed-records.ts";
import type { TenantId, UserId, DeviceId } from "../../../crypto/wire/ids.ts";
import { certificateBy, firstApproval } from "../../support/certified.ts";
import { ed25519, type KeyPair } from "../../support/device.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

const who = { tenant: newId<TenantId>(), user: newId<UserId>() };
const [former, own] = [ed25519(), ed25519()];
const mine = newId<DeviceId>();
const deviceKey = ed25519();
type Change = Omit<KeyEntry, "version">;

/** A device that the account key approved, as it does for the first one. */
function added(account: KeyPair, device: DeviceId = newId<DeviceId>()): Change {
  const key = device === mine ? deviceKey : ed25519();
  const record = {
    ...who,
    device,
    accountKey: account.publicKey,
    deviceKey: key.publicKey,
    identityKey: new Uint8Array(randomBytes(33)),
    receiptKey: ed25519().publicKey,
  };
  const certificate = certificateBy(record, key);
  const approval = firstApproval(record, account);
  return { change: "device_added", record, certificate, list: undefined, approval };
}

/** The same entry with the approval of this device. */
function approved(change: Change): Change {
  const bytes = deviceApprovalBytes({ ...change.record, approvedBy: mine });
  return {
    ...change,
    approval: { device: mine, signature: sign(null, bytes, deviceKey.privateKey) },
  };
}
const removal = (of: Change): Change => ({ ...of, change: "device_removed" });

/** @returns the former devices, if reported, and the versions of unknown entries */
function sorted(changes: readonly Change[], seen = 0, unsigned: readonly number[] = []) {
  const entries = changes.map((change, at) => ({ ...change, version: at + 1 }));
  const isSigned = ({ version }: KeyEntry) => !unsigned.includes(version);
  const arrivals = approvedArrivals(entries);
  const account = { device: mine, accountKey: own.publicKey, isSigned, arrivals };
  const found = sortOwnEntries(entries.slice(seen), account);
  return { former: found.former, unknown: found.unknown.map(({ version }) => version) };
}

const [one, two, first] = [added(former), added(former), added(own, mine)];
const rogue = added(ed25519());
const nothing = { former: undefined, unknown: [] };
const devices = [one.record.device, two.record.device];

test("an account that was never reset reports nothing", () => {
  const sibling = approved(added(own));
  expect(sorted([first, sibling, removal(sibling)])).toEqual(nothing);
});

test("a change whose list the account did not sign is reported", () => {
  const sibling = approved(added(own));
  expect(sorted([first, sibling, removal(sibling)], 0, [3]).unknown).toEqual([3]);
  expect(sorted([first, sibling], 0, [2]).unknown).toEqual([2]);
});

test("devices from before a reset are reported once as such", () => {
  const history = [one, two, removal(one), removal(two), first];
  expect(sorted(history)).toEqual({
    former: { devices, keys: 1, version: 4 },
    unknown: [],
  });
  expect(sorted([...history, approved(added(own))], 5)).toEqual(nothing);
});

test("a device that came between a reset and the rightful device, and is gone, counts as one more key", () => {
  const history = [one, removal(one), rogue, removal(rogue), first];
  const gone = [one.record.device, rogue.record.device];
  expect(sorted(history)).toEqual({
    former: { devices: gone, keys: 2, version: 4 },
    unknown: [],
  });
});

test("a device left from before the reset is unknown, and so is one that came back", () => {
  expect(sorted([one, rogue, removal(one), first])).toEqual({
    former: { devices: [one.record.device], keys: 2, version: 3 },
    unknown: [2],
  });
  expect(sorted([one, removal(one), one, first])).toEqual({
    former: undefined,
    unknown: [1, 2, 3],
  });
});

test("no entry under another key hides after the account key's first entry", () => {
  expect(sorted([first, rogue, removal(rogue)]).unknown).toEqual([2, 3]);
  expect(sorted([one, removal(one), first, one]).unknown).toEqual([4]);
  // A later look finds it too, wherever the server lets that look begin.
  expect(sorted([first, rogue, removal(rogue), approved(added(own))], 1)).toEqual({
    former: undefined,
    unknown: [2, 3],
  });
});

test("a history without any entry of the account key is entirely unknown", () => {
  expect(sorted([one, removal(one)])).toEqual({
    former: undefined,
    unknown: [1, 2],
  });
});

test("a certificate by another key does not make an entry the account's", () => {
  const claimed = { ...rogue, record: { ...rogue.record, accountKey: own.publicKey } };
  expect(sorted([claimed, first])).toEqual({ former: undefined, unknown: [1] });
});

test("the removal of this device is reported, whichever device logged it", () => {
  expect(sorted([first, removal(first)]).unknown).toEqual([2]);
});

test("a device that only the account key brought is reported, and so are those that it approves", () => {
  const thief = added(own);
  const again = added(own);
  const bytes = deviceApprovalBytes({ ...again.record, approvedBy: thief.record.device });
  const byThief = {
    ...again,
    approval: { device: thief.record.device, signature: sign(null, bytes, own.privateKey) },
  };
  expect(sorted([first, thief, approved(added(own)), byThief]).unknown).toEqual([2, 4]);
});
