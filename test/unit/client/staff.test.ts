/** Whom the tenant's authority certifies, as a device that goes on for days sees it. */
import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { TenantAuthority } from "../../../client/device/authority.ts";
import { Staff } from "../../../client/device/staff.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { rememberAccountKey } from "../../../crypto/device/admit-device.ts";
import { generateSigningKey, ready, sign } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { AuthorityEntry } from "../../../crypto/wire/authority-entry.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import {
  encodeStaffCertificate,
  staffCertificateBytes,
  type SignedStaffCertificate,
} from "../../../crypto/wire/staff-certificate.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { handedOver } from "../../support/handed-over.ts";
import { ManualClock } from "./manual-clock.ts";

await ready;

const minute = 60_000;
const day = 86_400_000;
const tenant = newId<TenantId>();
const user = newId<UserId>();
const accountKey = generateSigningKey().publicKey;
const [first, second] = [generateSigningKey(), generateSigningKey()];
type Key = typeof first;

/** A device, the key log that it is shown, and the certificate that the server shows of the user. */
async function setUp({ pinned }: { readonly pinned?: Uint8Array } = {}) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await store.transact((transaction) => rememberAccountKey(transaction, user, accountKey));
  const clock = new ManualClock();
  const shown = {
    entries: [] as AuthorityEntry[],
    certificate: undefined as SignedStaffCertificate | undefined,
    isRefused: false,
    asked: 0,
  };
  const keyLog = {
    authorityEntries: () =>
      shown.isRefused
        ? Promise.reject(new SealdeskError("key_log_inconsistent", "The key log is another one."))
        : Promise.resolve(shown.entries),
  };
  const deps = { store, keyLog, localClock: clock, onChanged: () => undefined };
  const authority = await TenantAuthority.load(deps, pinned);
  const staff = new Staff({ store, authority, tenant, localClock: clock });
  const log = (key: Key, by?: Key) => {
    const place = { tenant, version: shown.entries.length + 1, atMs: clock.now() };
    const handover = by && handedOver(place, { former: by, next: key });
    shown.entries.push({ change: "added", ...place, authorityKey: key.publicKey, handover });
  };
  const certified = (by: Key, role = "agent", days = 7): SignedStaffCertificate => {
    const fromMs = clock.now();
    const validity = { fromMs, untilMs: fromMs + days * day };
    const text = encodeStaffCertificate({ tenant, user, accountKey, role, teams: [], ...validity });
    return { text, signature: sign(staffCertificateBytes(text), by.privateKey) };
  };
  const accounts = {
    accountOf: () => {
      shown.asked++;
      return Promise.resolve({
        accountKey,
        devices: [],
        anonymous: false,
        staffCertificate: shown.certificate,
      });
    },
  };
  /** Whether the user is certified in a role, as an event that brings them finds out. */
  const isCertified = async (role = "agent") => {
    const found = await staff.lookUp([{ user, role }], accounts);
    return store.transact(async (each) => (await staff.admit(each, found)).has(user));
  };
  return { authority, clock, shown, log, certified, isCertified };
}

test("a device that goes on notices within ten minutes that the authority has another key", async () => {
  const { clock, shown, log, certified, isCertified } = await setUp();
  log(first);
  shown.certificate = certified(first);
  expect(await isCertified()).toBe(true);
  expect(shown.asked).toBe(1);
  expect(await isCertified()).toBe(true);
  // The certificate is in the store.
  expect(shown.asked).toBe(1);
  log(second, first);
  await clock.pass(10 * minute);
  // Neither the certificate in the store counts, nor one that the former key signs now.
  expect(await isCertified()).toBe(false);
  shown.certificate = certified(first);
  expect(await isCertified()).toBe(false);
  shown.certificate = certified(second);
  expect(await isCertified()).toBe(true);
});

test("a key log that contradicts itself certifies nobody", async () => {
  const { clock, shown, log, certified, isCertified } = await setUp();
  log(first);
  shown.certificate = certified(first);
  expect(await isCertified()).toBe(true);
  shown.isRefused = true;
  await clock.pass(10 * minute);
  expect(await isCertified()).toBe(false);
});

test("a former key counts for what was done before it handed over, and a day longer", async () => {
  const { authority, clock, log, certified } = await setUp();
  log(first);
  const certificate = certified(first);
  const issuedMs = clock.now();
  await clock.pass(day);
  log(second, first);
  const counts = async (atMs: number) => (await authority.openAt(certificate, atMs)) !== undefined;
  await clock.pass(7 * day);
  expect(await counts(issuedMs)).toBe(true);
  expect(await counts(issuedMs + 2 * day)).toBe(true);
  expect(await counts(issuedMs + 2 * day + 1)).toBe(false);
  expect(await authority.open(certificate)).toBeUndefined();
});

test("a supervisor is certified as the agent whom older conversations list, and no agent as a supervisor", async () => {
  const { shown, log, certified, isCertified } = await setUp();
  log(first);
  shown.certificate = certified(first, "supervisor");
  expect(await isCertified("agent")).toBe(true);
  expect(await isCertified("supervisor")).toBe(true);
  expect(await isCertified("bot")).toBe(false);
  const other = await setUp();
  other.log(first);
  other.shown.certificate = other.certified(first, "agent");
  expect(await other.isCertified("supervisor")).toBe(false);
});
