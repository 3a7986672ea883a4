import type { Control, Deliver } from "../../crypto/wire/frame.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { knownAccountKey } from "../../crypto/device/admit-device.ts";
import {
  loadIdentityKey,
  verifyDevice,
  type CertifiedDevice,
} from "../../crypto/device/identity.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Account } from "../device/account.ts";
import type { Distrust, Trust } from "../device/trust.ts";
import { codeOf } from "../errors.ts";
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
 * Whether the creating device signed this conversation with this suite.
 * @param arrived devices that the event brings, and what is wrong with them
 */
export async function isCreationValid(
  deps: CreationDeps,
  transaction: StoreTransaction,
  { event, control }: { readonly event: Deliver; readonly control: Control },
  arrived: {
    readonly devices: readonly CertifiedDevice[];
    readonly distrusted: readonly Distrust[];
  },
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
  { devices, distrusted }: Parameters<typeof isCreationValid>[3],
): Promise<Signer | undefined> {
  if (creation.device === account.device) return { user: account.user, deviceKey };
  const known = trust.device(creation.device);
  if (known !== undefined) return known;
  const found = devices.find(({ record }) => record.device === creation.device)?.record;
  if (found === undefined) return certifiedCreator(transaction, account, creation);
  return distrusted.some(({ user }) => user === found.user) ? undefined : found;
}

/** A creating device that no directory shows any more, by the certificate that the event brings. */
async function certifiedCreator(
  transaction: StoreTransaction,
  { tenant, user: self }: Account,
  { device, creator }: Creation,
): Promise<Signer | undefined> {
  if (creator === undefined) return undefined;
  const { certificate: signature, ...record } = creator;
  const accountKey =
    creator.user === self
      ? (await loadIdentityKey(transaction, "account")).publicKey
      : ((await knownAccountKey(transaction, creator.user)) ?? creator.accountKey);
  try {
    verifyDevice({ record: { ...record, tenant, device }, signature }, accountKey);
    return creator;
  } catch (error) {
    if (codeOf(error, "DeviceError") === undefined) throw error;
    return undefined;
  }
}
