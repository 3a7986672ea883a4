/** Which keys of a tenant's authority count from the entries of the key log, and which certificates. */
import { expect, test } from "@jest/globals";
import { deviceChecks } from "../../../../client/key-log/checks.ts";
import { generateSigningKey, ready, sign } from "../../../../crypto/device/sodium.ts";
import { followHandovers, openCertificateAt } from "../../../../crypto/wire/authority-chain.ts";
import { handoverBytes, type AuthorityEntry } from "../../../../crypto/wire/authority-entry.ts";
import type { TenantId, UserId } from "../../../../crypto/wire/ids.ts";
import {
  encodeStaffCertificate,
  staffCertificateBytes,
} from "../../../../crypto/wire/staff-certificate.ts";
import { newId } from "../../../../tools/testkit/ids.ts";

await ready;

const { verifyEd25519 } = deviceChecks;
const day = 86_400_000;
const tenant = newId<TenantId>();
const key = () => generateSigningKey();
const [first, second, third, junk] = [key(), key(), key(), key()];
type Key = ReturnType<typeof key>;

const added = (
  { publicKey: to }: Key,
  by?: Key,
  {
    signer = by,
    atMs = 0,
    signedMs = atMs,
  }: { readonly signer?: Key | undefined; readonly atMs?: number; readonly signedMs?: number } = {},
): AuthorityEntry => ({
  change: "added",
  tenant,
  version: 1,
  authorityKey: to,
  atMs,
  handover:
    by &&
    signer &&
    sign(handoverBytes(tenant, { from: by.publicKey, to, atMs: signedMs }), signer.privateKey),
});
const retired = ({ publicKey: authorityKey }: Key, atMs = 0): AuthorityEntry => ({
  change: "retired",
  tenant,
  version: 1,
  authorityKey,
  atMs,
  handover: undefined,
});
const chainOf = (...entries: readonly AuthorityEntry[]) =>
  followHandovers(entries, first.publicKey, verifyEd25519);
const trusted = (...entries: readonly AuthorityEntry[]) => {
  const { current, intruder } = chainOf(...entries);
  return { current: current?.authorityKey, intruder: intruder?.authorityKey };
};

test("handovers lead from the trusted key to the one that signs now", () => {
  const entries = [
    added(first),
    added(second, first, { atMs: 5 }),
    retired(first, 5),
    added(third, second, { atMs: 9 }),
    retired(second, 9),
  ];
  expect(trusted(...entries)).toEqual({ current: third.publicKey, intruder: undefined });
  const { keys } = chainOf(...entries);
  expect(keys.map(({ entry, endedAtMs }) => [entry.authorityKey, endedAtMs])).toEqual([
    [first.publicKey, 5],
    [second.publicKey, 9],
    [third.publicKey, undefined],
  ]);
});

test("a key without a handover is reported, and stops no later handover", () => {
  const intruder = junk.publicKey;
  expect(trusted(added(first), added(junk))).toEqual({ current: first.publicKey, intruder });
  expect(trusted(added(first), added(junk), added(second, first), retired(first))).toEqual({
    current: second.publicKey,
    intruder,
  });
});

test("a retirement before a handover is reported, ends nothing, and stops no later handover", () => {
  const intruder = first.publicKey;
  expect(trusted(added(first), retired(first))).toEqual({ current: first.publicKey, intruder });
  const later = [
    added(first),
    retired(first, 3),
    added(second, first, { atMs: 5 }),
    retired(first),
  ];
  expect(trusted(...later)).toEqual({ current: second.publicKey, intruder });
  expect(chainOf(...later).keys.map(({ endedAtMs }) => endedAtMs)).toEqual([5, undefined]);
});

test("neither a junk key nor a former one hands over, and no handover is of another time", () => {
  const intruder = third.publicKey;
  const forged = added(third, first, { signer: junk });
  expect(trusted(added(first), forged)).toEqual({ current: first.publicKey, intruder });
  const moved = added(third, first, { atMs: 7, signedMs: 5 });
  expect(trusted(added(first), moved)).toEqual({ current: first.publicKey, intruder });
  expect(trusted(added(first), added(second, first), added(third, first))).toEqual({
    current: second.publicKey,
    intruder,
  });
  expect(trusted(added(first), added(junk), added(third, junk))).toEqual({
    current: first.publicKey,
    intruder: junk.publicKey,
  });
});

test("a former key counts up to its end and a day, for certificates from before that", () => {
  const handedOverMs = 100 * day;
  const entries = [
    added(first, undefined, { atMs: 0 }),
    added(second, first, { atMs: handedOverMs }),
    retired(first, handedOverMs),
  ];
  const certificate = (by: Key, fromMs: number) => {
    const text = encodeStaffCertificate({
      tenant,
      user: newId<UserId>(),
      accountKey: junk.publicKey,
      role: "agent",
      teams: [],
      fromMs,
      untilMs: fromMs + 7 * day,
    });
    return { text, signature: sign(staffCertificateBytes(text), by.privateKey) };
  };
  const opens = (by: Key, fromMs: number, atMs: number) =>
    openCertificateAt(chainOf(...entries), certificate(by, fromMs), atMs, verifyEd25519)
      ?.authority === by.publicKey;
  const issued = handedOverMs - 3 * day;
  expect(opens(first, issued, issued)).toBe(true);
  expect(opens(first, issued, handedOverMs + day)).toBe(true);
  expect(opens(first, issued, handedOverMs + day + 1)).toBe(false);
  expect(opens(first, handedOverMs + 1, handedOverMs + 1)).toBe(false);
  expect(opens(second, handedOverMs + 1, handedOverMs + 7 * day)).toBe(true);
  // The certificate's own days, with a day of tolerance.
  expect(opens(second, handedOverMs, handedOverMs + 8 * day)).toBe(true);
  expect(opens(second, handedOverMs, handedOverMs + 8 * day + 1)).toBe(false);
  expect(opens(first, issued, issued - day - 1)).toBe(false);
  expect(opens(junk, issued, issued)).toBe(false);
});
