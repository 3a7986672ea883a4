import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import { loadIdentityKey, type CertifiedDevice } from "../../crypto/device/identity.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import type { UntrustedDevice, KnownDevice, Trust } from "../device/trust.ts";
import { isCertified } from "../device/is-certified.ts";
import { wasLoggedBefore, type KeyHistory } from "../key-log/key-history.ts";
import { hasDevice, type ConversationState } from "./state.ts";

type Creation = NonNullable<Control["creation"]>;

interface Signer {
  readonly user: Uuid;
  readonly deviceKey: Uint8Array;
}

interface CreationDeps {
  readonly suite: Suite;
  readonly trust: Trust;
  readonly account: Account;
  /** Ed25519 public key of this device. */
  readonly deviceKey: Uint8Array;
}

/** Whether the event must carry the creation record: it is the first that this device sees. */
export const carriesCreation = (
  before: ConversationState | undefined,
  { kind }: Pick<Deliver, "kind">,
  { members }: Control,
  ownDevice: Uuid,
): boolean =>
  kind === "created" ||
  ((kind === "member_added" || kind === "device_added") &&
    before?.joined !== true &&
    hasDevice(members, ownDevice));

/**
 * The user whose key history the creation record is judged by: its creator, unless the device that
 * signed it is known, or was certified by the account key that this device goes by.
 */
export async function creatorToLookUp(
  {
    store,
    trust,
    account,
  }: Pick<CreationDeps, "trust" | "account"> & { readonly store: DeviceStore },
  { device, creator }: Creation,
): Promise<Uuid | undefined> {
  if (creator === undefined) return undefined;
  if (device === account.device || lookedAt(trust, device) !== undefined) return undefined;
  const known = await store.read((each) => accountKeyOf(each, account, creator.user));
  return known !== undefined && equalBytes(known, creator.accountKey) ? undefined : creator.user;
}

/**
 * Under a changed account key, too, a device has begun what it has begun: a person is told of the key,
 * and nothing is sent before it is accepted, but then the conversation is there.
 */
const lookedAt = (trust: Trust, device: Uuid): KnownDevice | undefined =>
  trust.device(device) ?? trust.unaccepted(device);

/** What an event brings that a creation record is judged by. */
interface Arrived {
  readonly devices: readonly CertifiedDevice[];
  /** What is wrong with them. */
  readonly distrusted: readonly UntrustedDevice[];
  /** Of the user that `creatorToLookUp` named. */
  readonly creatorHistory: KeyHistory | undefined;
}

/** Whether the creating device signed this conversation with this suite. */
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
  const { device, signature } = creation;
  const { conversation } = event;
  const { tenant } = account;
  const bytes = creationBytes({ tenant, conversation, suite: suite.name, device });
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
  const isDistrusted = (user: Uuid) =>
    distrusted.some(
      (each) =>
        each.user === user && (user === account.user || each.code !== "account_key_changed"),
    );
  if (found !== undefined) return isDistrusted(found.user) ? undefined : found;
  const { creator } = creation;
  if (creator === undefined) return undefined;
  const accountKey = await accountKeyOf(transaction, account, creator.user);
  // Nothing of theirs holds: no key that was seen before, and no device that is there now.
  if (accountKey === undefined && isDistrusted(creator.user)) return undefined;
  return isCreators(account.tenant, creation.device, creator, accountKey, creatorHistory)
    ? creator
    : undefined;
}

/**
 * Whether a creating device that no directory shows any more was the creator's, by the certificate
 * that the event brings. The account may have begun anew since, with another key: then the device must
 * have been in the key log before that key was. The event's word alone is not enough, nor is what was
 * logged later.
 * @param accountKey the one this device goes by for the creator
 */
function isCreators(
  tenant: Uuid,
  device: Uuid,
  { certificate: signature, ...record }: NonNullable<Creation["creator"]>,
  accountKey: Uint8Array | undefined,
  history: KeyHistory | undefined,
): boolean {
  const certified = { record: { ...record, tenant, device }, signature };
  if (!isCertified(certified, record.accountKey)) return false;
  if (accountKey !== undefined && equalBytes(accountKey, record.accountKey)) return true;
  return history !== undefined && wasLoggedBefore(history, certified, accountKey);
}

/** The account key this device goes by for a user. */
const accountKeyOf = async (
  transaction: ReadTransaction,
  { user: self }: Account,
  user: Uuid,
): Promise<Uint8Array | undefined> =>
  user === self
    ? (await loadIdentityKey(transaction, "account")).publicKey
    : knownAccountKey(transaction, user);
