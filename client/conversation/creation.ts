import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { certifiedFromFields } from "../../crypto/device/certified-fields.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import type { UntrustedDevice, KnownDevice, Trust } from "../device/trust.ts";
import { accountKeyOf, wasDeviceOf } from "../device/former-device.ts";
import type { KeyHistory } from "../key-log/key-history.ts";

type Creation = NonNullable<Control["creation"]>;

interface Signer {
  readonly user: UserId;
  readonly deviceKey: Uint8Array;
}

interface CreationDeps {
  readonly suite: Suite;
  readonly trust: Trust;
  readonly account: Account;
  /** Ed25519 public key of this device. */
  readonly deviceKey: Uint8Array;
}

/**
 * Returns the user whose key history is needed to judge the creation record: its creator. Returns
 * undefined if the signing device is known already, or if the account key that this device trusts
 * certified it.
 */
export async function creatorToLookUp(
  {
    store,
    trust,
    account,
  }: Pick<CreationDeps, "trust" | "account"> & { readonly store: DeviceStore },
  { device, creator }: Creation,
): Promise<UserId | undefined> {
  if (creator === undefined) return undefined;
  if (device === account.device || lookedAt(trust, device) !== undefined) return undefined;
  const known = await store.read((each) => accountKeyOf(each, account, creator.user));
  return known !== undefined && equalBytes(known, creator.accountKey) ? undefined : creator.user;
}

/**
 * Returns the known device, even if its account key has changed. A changed key does not undo a
 * creation. The user is told of the key, and nothing is sent until they accept it, but the
 * conversation exists.
 */
const lookedAt = (trust: Trust, device: DeviceId): KnownDevice | undefined =>
  trust.device(device) ?? trust.unaccepted(device);

/** The parts of an event that serve to judge a creation record. */
interface Arrived {
  readonly devices: readonly CertifiedDevice[];
  /** The problems of those devices. */
  readonly distrusted: readonly UntrustedDevice[];
  /** The key history of the user that `creatorToLookUp` named. */
  readonly creatorHistory: KeyHistory | undefined;
}

/** Returns whether the creating device signed this conversation with this suite and these users (R12). */
export async function isCreationValid(
  deps: CreationDeps,
  transaction: StoreTransaction,
  { event, control }: { readonly event: Deliver; readonly control: Control },
  arrived: Arrived,
): Promise<boolean> {
  const { suite, account } = deps;
  const { creation } = control;
  if (creation === undefined || creation.suite !== suite.name) return false;
  const signer = await signerOf(deps, transaction, creation, arrived);
  const creator = event.kind === "created" ? control.actor : creation.creator?.user;
  if (signer === undefined || signer.user !== creator) return false;
  const { device, signature, users } = creation;
  const { conversation } = event;
  const { tenant } = account;
  const bytes = creationBytes({ tenant, conversation, suite: suite.name, device, users });
  return verifySignature(bytes, signature, signer.deviceKey);
}

async function signerOf(
  { trust, account, deviceKey }: CreationDeps,
  transaction: StoreTransaction,
  creation: Creation,
  { devices, distrusted, creatorHistory }: Arrived,
): Promise<Signer | undefined> {
  if (creation.device === account.device) return { user: account.user, deviceKey };
  const known = lookedAt(trust, creation.device);
  if (known !== undefined) return known;
  const found = devices.find(({ record }) => record.device === creation.device)?.record;
  const isDistrusted = (user: UserId) =>
    distrusted.some(
      (each) =>
        each.user === user && (user === account.user || each.code !== "account_key_changed"),
    );
  if (found !== undefined) return isDistrusted(found.user) ? undefined : found;
  const { creator } = creation;
  if (creator === undefined) return undefined;
  const accountKey = await accountKeyOf(transaction, account, creator.user);
  // Refuses the record if no earlier account key and no current device of the creator is trusted.
  if (accountKey === undefined && isDistrusted(creator.user)) return undefined;
  const certified = certifiedFromFields(account.tenant, { ...creator, device: creation.device });
  return wasDeviceOf(certified, accountKey, creatorHistory) ? creator : undefined;
}
