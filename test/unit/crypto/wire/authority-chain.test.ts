/** Which keys of a tenant's authority count from the entries of the key log, and which certificates. */
import { expect, test } from "@jest/globals";
import { deviceChecks } from "../../../../client/key-log/checks.ts";
import { generateSigningKey, ready, sign } from "../../../../crypto/device/sodium.ts";
import { followHandovers, openCertificateAt } from "../../../../crypto/wire/authority-chain.ts";
import type { AuthorityEntry } from "../../../../crypto/wire/authority-entry.ts";
import type { TenantId, UserId } from "../../../../crypto/wire/ids.ts";
import {
  encodeStaffCertificate,
  staffCertificateBytes,
} from "../../../../crypto/wire/staff-certificate.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import { handedOver } from "../../../support/handed-over.ts";

await ready;

const { verifyEd25519 } = deviceChecks;
const day = 86_400_000;
const tenant = newId<TenantId>();
const key = () => generateSigningKey();
const [first, second, third, junk] = [key(), key(), key(), key()];
type Key = ReturnType<typeof key>;

interface Otherwise {
  /** Who signs in place of the former key, and of the next one. */
  readonly former?: Key;
  readonly next?: Key;
  readonly atMs?: number;
  /** What the two signed. */
  readonly signedMs?: number;
  readonly signedVersion?: number;
}

const added = (
  next: Key,
  by?: Key,
  { atMs = 0, signedMs = atMs, signedVersion = 1, ...signers }: Otherwise = {},
): AuthorityEntry => ({
  change: "added",
  tenant,
  version: 1,
  authorityKey: next.publicKey,
  atMs,
  handover:
    by &&
    handedOver({ tenant, version: signedVersion, atMs: signedMs }, { former: by, next }, signers),
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

test("handovers lead from the trusted key to the one that signs now (R30)", () => {
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

test("neither a junk key nor a former one hands over, and no handover is of another time or place", () => {
  const intruder = third.publicKey;
  const forged = added(third, first, { former: junk });
  expect(trusted(added(first), forged)).toEqual({ current: first.publicKey, intruder });
  const moved = added(third, first, { atMs: 7, signedMs: 5 });
  expect(trusted(added(first), moved)).toEqual({ current: first.publicKey, intruder });
  const elsewhere = added(third, first, { signedVersion: 2 });
  expect(trusted(added(first), elsewhere)).toEqual({ current: first.publicKey, intruder });
  const unfollowed = added(third, first, { next: junk });
  expect(trusted(added(first), unfollowed)).toEqual({ current: first.publicKey, intruder });
  expect(trusted(added(first), added(second, first), added(third, first))).toEqual({
    current: second.publicKey,
    intruder,
  });
  expect(trusted(added(first), added(junk), added(third, junk))).toEqual({
    current: first.publicKey,
    intruder: junk.publicKey,
  });
});

describe("from a later key, a device follows the handovers back", () => {
  const rotations = [
    added(first),
    added(second, first, { atMs: 5 }),
    retired(first, 5),
    added(third, second, { atMs: 9 }),
    retired(second, 9),
  ];
  const keysFrom = (anchor: Key, ...entries: readonly AuthorityEntry[]) =>
    followHandovers(entries, anchor.publicKey, verifyEd25519).keys.map(
      ({ entry, endedAtMs }) => [entry.authorityKey, endedAtMs] as const,
    );

  test("to the same keys as a device that started from the first one (R31)", () => {
    for (const anchor of [second, third])
      expect(keysFrom(anchor, ...rotations)).toEqual(keysFrom(first, ...rotations));
    expect(keysFrom(first, ...rotations)).toHaveLength(3);
  });

  test.each<[string, Otherwise]>([
    ["that the later key did not sign", { next: junk }],
    ["that the former key did not sign", { former: junk }],
    ["of another entry of the log", { signedVersion: 2 }],
    ["of another time, such as a later end of the former key", { atMs: 9, signedMs: 5 }],
  ])("but over no statement %s", (_, otherwise) => {
    const forged = added(second, first, { atMs: 5, ...otherwise });
    expect(keysFrom(second, added(first), forged)).toEqual([[second.publicKey, undefined]]);
  });

  test("and no key comes between that whoever writes to the log put there", () => {
    const before = added(junk, undefined, { atMs: 4 });
    const handsOver = added(second, junk, { atMs: 5, next: junk });
    expect(keysFrom(second, before, handsOver)).toEqual([[second.publicKey, undefined]]);
    expect(keysFrom(second, added(first), before, added(second, first, { atMs: 5 }))).toEqual([
      [first.publicKey, 5],
      [second.publicKey, undefined],
    ]);
  });

  test("and a handover of a former key after it handed over counts in neither direction", () => {
    const entries = [...rotations, added(junk, first, { atMs: 12 })];
    expect(keysFrom(third, ...entries)).toEqual(keysFrom(first, ...rotations));
    expect(keysFrom(second, ...entries)).toEqual(keysFrom(first, ...rotations));
  });
});

test("a former key counts up to its end and a day, for certificates from before that (R32)", () => {
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
  const opensFrom = (anchor: Key, by: Key, fromMs: number, atMs: number): boolean => {
    const chain = followHandovers(entries, anchor.publicKey, verifyEd25519);
    const opened = openCertificateAt(chain, certificate(by, fromMs), atMs, verifyEd25519);
    return opened?.authority === by.publicKey;
  };
  const opens = (by: Key, fromMs: number, atMs: number) => {
    const isOpened = opensFrom(first, by, fromMs, atMs);
    // It does not matter from which key a device started.
    expect(opensFrom(second, by, fromMs, atMs)).toBe(isOpened);
    return isOpened;
  };
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
