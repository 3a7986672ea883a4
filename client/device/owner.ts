import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceProof } from "../../crypto/wire/frame.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import { certifiedFromFields } from "../../crypto/device/certified-fields.ts";
import { loadIdentityKey, type CertifiedDevice } from "../../crypto/device/identity.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import type { KeyHistory } from "../key-log/key-history.ts";
import type { Account } from "./account.ts";
import { accountKeyOf, wasDeviceOf, wasLoggedDeviceOf } from "./former-device.ts";
import type { KnownDevice, Trust, UntrustedDevice } from "./trust.ts";

/** A device that has signed something, and what the event says of it. */
export interface Claim {
  readonly device: DeviceId;
  readonly proof: DeviceProof | undefined;
  /**
   * "creation": the conversation exists also if its creator's account has another key now, which this
   * user has not accepted. "act": the device must have come to the account rightfully, as the key
   * log has it.
   */
  readonly of: "creation" | "act";
}

/** What an event brings to judge who signed it. */
export interface Arrived {
  /** The devices that were looked up, and were compared with the key log. */
  readonly devices: readonly CertifiedDevice[];
  /** The problems of those devices. */
  readonly distrusted: readonly UntrustedDevice[];
  /** The key histories of the users whom `ownersToLookUp` named. */
  readonly histories: ReadonlyMap<UserId, KeyHistory | undefined>;
}

interface OwnerDeps {
  readonly trust: Pick<Trust, "device" | "unaccepted">;
  readonly account: Account;
  /** Ed25519 public key of this device. */
  readonly deviceKey: Uint8Array;
}

/**
 * Returns the users whose key histories are needed to judge the claims: whose device is neither known nor
 * among `found`.
 */
export async function ownersToLookUp(
  { store, trust, account }: Pick<OwnerDeps, "trust" | "account"> & { readonly store: DeviceStore },
  claims: readonly Claim[],
  found: readonly CertifiedDevice[],
): Promise<ReadonlySet<UserId>> {
  const owners = new Set<UserId>();
  for (const claim of claims) {
    const { device, proof } = claim;
    const isFound = found.some(({ record }) => record.device === device);
    if (proof === undefined || device === account.device || isFound) continue;
    if (knownDevice(trust, claim) !== undefined) continue;
    const known = await store.read((each) => accountKeyOf(each, account, proof.user));
    const isTrusted = known !== undefined && equalBytes(known, proof.accountKey);
    if (claim.of === "act" || !isTrusted) owners.add(proof.user);
  }
  return owners;
}

/**
 * Returns the user and the keys of a device that has signed something, by its certificate. Returns
 * undefined if the device is not proved to be somebody's.
 */
export async function ownerOf(
  { trust, account, deviceKey }: OwnerDeps,
  transaction: ReadTransaction,
  claim: Claim,
  { devices, distrusted, histories }: Arrived,
): Promise<KnownDevice | undefined> {
  const { device, proof } = claim;
  if (device === account.device) {
    const { publicKey: receiptKey } = await loadIdentityKey(transaction, "receipt");
    return { user: account.user, deviceKey, receiptKey };
  }
  const known = knownDevice(trust, claim);
  if (known !== undefined) return known;
  const mayBeReset = (user: UserId) => claim.of === "creation" && user !== account.user;
  const isDistrusted = (user: UserId) =>
    distrusted.some(
      (each) => each.user === user && !(mayBeReset(user) && each.code === "account_key_changed"),
    );
  const found = devices.find(({ record }) => record.device === device)?.record;
  if (found !== undefined) return isDistrusted(found.user) ? undefined : found;
  if (proof === undefined) return undefined;
  const accountKey = await accountKeyOf(transaction, account, proof.user);
  // Refuses the claim if no earlier account key and no current device of the owner is trusted.
  if (accountKey === undefined && isDistrusted(proof.user)) return undefined;
  const certified = certifiedFromFields(account.tenant, { ...proof, device });
  const history = histories.get(proof.user);
  const wasOf = claim.of === "act" ? wasLoggedDeviceOf : wasDeviceOf;
  return wasOf(certified, accountKey, history) ? proof : undefined;
}

/**
 * Returns the known device. A creation counts even if the account key has changed: the user is told of
 * the key, and nothing is sent until they accept it, but the conversation exists.
 */
const knownDevice = (trust: OwnerDeps["trust"], { device, of }: Claim): KnownDevice | undefined =>
  trust.device(device) ?? (of === "creation" ? trust.unaccepted(device) : undefined);
