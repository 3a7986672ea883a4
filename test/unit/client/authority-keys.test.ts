/** Which key of the tenant's authority a device trusts, from the entries of the key log. */
import { expect, test } from "@jest/globals";
import { followHandovers } from "../../../client/key-log/authority-keys.ts";
import { generateSigningKey, ready, sign } from "../../../crypto/device/sodium.ts";
import { handoverBytes, type AuthorityEntry } from "../../../crypto/wire/authority-entry.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

const tenant = newId<TenantId>();
const [first, second, third, junk] = [1, 2, 3, 4].map(() => generateSigningKey()) as [
  Key,
  Key,
  Key,
  Key,
];
type Key = ReturnType<typeof generateSigningKey>;

const added = ({ publicKey }: Key, from?: Key, signer = from): AuthorityEntry => ({
  change: "added",
  tenant,
  version: 1,
  authorityKey: publicKey,
  handover:
    from &&
    signer &&
    sign(handoverBytes(tenant, { from: from.publicKey, to: publicKey }), signer.privateKey),
});
const retired = ({ publicKey: authorityKey }: Key): AuthorityEntry => ({
  change: "retired",
  tenant,
  version: 1,
  authorityKey,
  handover: undefined,
});
const trusted = (...entries: readonly AuthorityEntry[]) =>
  followHandovers(entries, first.publicKey);

test("handovers lead from the trusted key to the one that signs now", () => {
  expect(
    trusted(
      added(first),
      added(second, first),
      retired(first),
      added(third, second),
      retired(second),
    ),
  ).toEqual({ current: third.publicKey, intruder: undefined });
});

test("a key without a handover is reported, and stops no later handover and no retirement", () => {
  const intruder = junk.publicKey;
  expect(trusted(added(first), added(junk))).toEqual({ current: first.publicKey, intruder });
  expect(trusted(added(first), added(junk), added(second, first), retired(first))).toEqual({
    current: second.publicKey,
    intruder,
  });
  expect(trusted(added(first), added(junk), retired(first))).toEqual({
    current: undefined,
    intruder,
  });
});

test("neither a junk key nor a former one hands over", () => {
  const intruder = third.publicKey;
  const forged = added(third, first, junk);
  expect(trusted(added(first), forged)).toEqual({ current: first.publicKey, intruder });
  expect(trusted(added(first), added(second, first), added(third, first))).toEqual({
    current: second.publicKey,
    intruder,
  });
  expect(trusted(added(first), added(junk), added(third, junk))).toEqual({
    current: first.publicKey,
    intruder: junk.publicKey,
  });
});
