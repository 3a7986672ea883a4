/**
 * Every history of an account that was reset twice, as a dishonest server may log it. A contact trusted the first
 * key, and accepted the third. Nobody compared the second, which a thief made.
 */
import { approvedArrivals } from "../../client/key-log/approved-arrivals.ts";
import { cameRightfully, type KeyHistory } from "../../client/key-log/key-history.ts";
import { ready, signingKeyFromSeed, sign } from "../../crypto/device/sodium.ts";
import { parseId, type DeviceId } from "../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  type DeviceRecord,
} from "../../crypto/wire/signed-records.ts";
import { ben, tenant } from "./cast.ts";

await ready;

/** The functions of the SDK that decide whose device counts. A test replaces one to plant a fault. */
export const accountRules = { approvedArrivals, cameRightfully };
export type AccountRules = typeof accountRules;

const keyPair = (number: number) => signingKeyFromSeed(new Uint8Array(32).fill(number));
const accountKeys = [keyPair(1), keyPair(2), keyPair(3)] as const;
const [firstKey, , thirdKey] = accountKeys;
/** The keys that the contact trusts, before and after a person accepted the third one. */
export const trustedBefore = [firstKey.publicKey];
export const trustedNow = [thirdKey.publicKey, firstKey.publicKey];

/** A device of the cast, and who approves it. */
interface Cast {
  readonly name: string;
  readonly entry: Omit<KeyEntry, "version">;
  /** 1 to 3: the account key under which it is entered. */
  readonly key: 1 | 2 | 3;
}

function device(
  name: string,
  key: Cast["key"],
  number: number,
  by: "the account key" | "nobody" | number,
): Cast {
  const own = keyPair(10 + number);
  const idOf = (each: number) => parseId<DeviceId>(`00000000-0000-7000-8000-0000000000f${each}`);
  const { publicKey: accountKey, privateKey } = accountKeys[key - 1]!;
  const record: DeviceRecord = {
    tenant,
    user: ben.user,
    device: idOf(number),
    accountKey,
    deviceKey: own.publicKey,
    identityKey: new Uint8Array(33).fill(number),
    receiptKey: own.publicKey,
  };
  const certificate = sign(deviceRecordBytes(record), own.privateKey);
  const approvedBy = typeof by === "number" ? idOf(by) : undefined;
  const signer = typeof by === "number" ? keyPair(10 + by).privateKey : privateKey;
  const signature = sign(deviceApprovalBytes({ ...record, approvedBy }), signer);
  const approval = by === "nobody" ? {} : { approval: { device: approvedBy, signature } };
  return {
    name,
    key,
    entry: { change: "device_added", record, certificate, list: undefined, ...approval },
  };
}

const first = device("the first device", 1, 1, "the account key");
const removal = { change: "device_removed", list: undefined } as const;

/** Everything that the server can log, each once. The thief has the first device, too. */
const cast: readonly Cast[] = [
  first,
  device("a device that the first one approved", 1, 2, 1),
  device("the thief's first device", 2, 3, "the account key"),
  device("the thief's second device", 2, 4, 3),
  device("the device after the second reset", 3, 5, "the account key"),
  device("a device that nobody approved", 3, 6, "nobody"),
  { name: "the removal of the first device", key: 1, entry: { ...first.entry, ...removal } },
];

/** Yields every order of at least one and at most `most` of the cast. */
export function* histories(
  most: number,
  before: readonly Cast[] = [],
): Generator<readonly Cast[], void, undefined> {
  if (before.length > 0) yield before;
  if (before.length === most) return;
  for (const next of cast) if (!before.includes(next)) yield* histories(most, [...before, next]);
}

/**
 * Returns which promise a contact breaks after this history.
 * 1. Nobody is a device of the account whom no device and no key of the account approved.
 * 2. What came under the key that nobody compared is not the account's, unless the contact did not know an earlier key.
 * 3. After the account has its third key, nobody comes under the first one.
 * 4. Whoever came under the first key before that is the account's.
 */
export function accountFault(rules: AccountRules, logged: readonly Cast[]): string | undefined {
  const entries = logged.map(({ entry }, at) => ({ ...entry, version: at + 1 }));
  const arrivals = rules.approvedArrivals(entries);
  const history: KeyHistory = { entries, arrivals, leaves: [], indexes: [], list: undefined };
  const beginOf = (key: Cast["key"]) => logged.findIndex((each) => each.key === key);
  for (const [at, { name, key, entry }] of logged.entries()) {
    if (entry.change === "device_removed") continue;
    const certified = { record: entry.record, signature: entry.certificate };
    const counts = rules.cameRightfully(history, certified, trustedNow);
    if (counts && entry.approval === undefined) return `${name} counts, which nobody approved.`;
    const begins = [1, 3].map((each) => beginOf(each as Cast["key"])).filter((each) => each >= 0);
    if (counts && key === 2 && begins.some((begin) => begin < at))
      return `${name} counts, under a key that nobody compared.`;
    const third = beginOf(3);
    if (counts && key === 1 && beginOf(1) < third && third < at)
      return `${name} counts, under a key that was replaced.`;
    const isEarly = entry === first.entry && at === beginOf(1) && (third < 0 || at < third);
    if (isEarly && !counts) return `${name} does not count.`;
  }
  return undefined;
}
