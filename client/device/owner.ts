import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceProof } from "../../crypto/wire/frame.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import { certifiedFromFields } from "../../crypto/device/certified-fields.ts";
import { loadIdentityKey, type CertifiedDevice } from "../../crypto/device/identity.ts";
import type { ReadTransaction } from "../../crypto/device/store.ts";
import type { KeyHistory } from "../key-log/key-history.ts";
import type { Account } from "./account.ts";
import { cameLater, trustedKeysOf, wasDeviceOf } from "./former-device.ts";
import type { KnownDevice, Trust, UntrustedDevice } from "./trust.ts";

/** The owner of a device, with the keys of the device. */
export interface Owner extends KnownDevice {
  /** The account key that certainly is the account's, and that no person has accepted yet. */
  readonly unaccepted?: Uint8Array;
}

/** A device that has signed something, and what the event says of it. */
export interface Claim {
  readonly device: DeviceId;
  readonly proof: DeviceProof | undefined;
  /**
   * "creation": the conversation exists also if its creator's account has another key now, which this
   * user has not accepted. "act": it waits for the user to accept the key.
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
export function ownersToLookUp(
  { trust, account }: Pick<OwnerDeps, "trust" | "account">,
  claims: readonly Claim[],
  found: readonly CertifiedDevice[],
): ReadonlySet<UserId> {
  const owners = new Set<UserId>();
  for (const claim of claims) {
    const { device, proof } = claim;
    const isFound = found.some(({ record }) => record.device === device);
    const isKnown = device === account.device || knownOwner(trust, device) !== undefined;
    if (proof !== undefined && !isFound && !isKnown) owners.add(proof.user);
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
): Promise<Owner | undefined> {
  const { device, proof } = claim;
  if (device === account.device) {
    const { publicKey: receiptKey } = await loadIdentityKey(transaction, "receipt");
    return { user: account.user, deviceKey, receiptKey };
  }
  const known = knownOwner(trust, device);
  if (known !== undefined) return known;
  const isDistrusted = (user: UserId) =>
    distrusted.some(
      (each) =>
        each.user === user && (user === account.user || each.code !== "account_key_changed"),
    );
  const found = devices.find(({ record }) => record.device === device)?.record;
  const user = found?.user ?? proof?.user;
  if (user === undefined) return undefined;
  const trusted = await trustedKeysOf(transaction, account, user);
  if (found !== undefined)
    return isDistrusted(user) ? undefined : ownerUnder(found, found.accountKey, trusted[0]);
  // Refuses the claim if no earlier account key and no current device of the owner is trusted.
  if (proof === undefined || (trusted.length === 0 && isDistrusted(user))) return undefined;
  const certified = certifiedFromFields(account.tenant, { ...proof, device });
  const history = histories.get(user);
  if (wasDeviceOf(certified, trusted, history)) return proof;
  const mayBeAccepted = claim.of === "act" && user !== account.user;
  return mayBeAccepted && cameLater(certified, trusted, history)
    ? { ...proof, unaccepted: proof.accountKey }
    : undefined;
}

const ownerUnder = (
  device: KnownDevice,
  accountKey: Uint8Array,
  trusted: Uint8Array | undefined,
): Owner =>
  trusted === undefined || equalBytes(trusted, accountKey)
    ? device
    : { ...device, unaccepted: accountKey };

function knownOwner(trust: OwnerDeps["trust"], device: DeviceId): Owner | undefined {
  const known = trust.device(device);
  if (known !== undefined) return known;
  const unaccepted = trust.unaccepted(device);
  return unaccepted && { ...unaccepted, unaccepted: unaccepted.accountKey };
}
