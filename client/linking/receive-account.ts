import type { DeviceId } from "../../crypto/wire/ids.ts";
import { rememberAccountKey } from "../../crypto/device/admit-device.ts";
import { adoptAccountKey } from "../../crypto/device/account-key.ts";
import { verifyDevice } from "../../crypto/device/identity.ts";
import type { AccountSecrets } from "../../crypto/device/linking/account-secrets.ts";
import { openAccount } from "../../crypto/device/linking/open-account.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { loadAuthorityKey, saveAuthorityKey } from "../device/authority.ts";
import type { SignedInDevice } from "../device/sign-in.ts";
import { loadKeptHead, saveKeptHead } from "../key-log/kept-head.ts";
import { noteList } from "../key-log/seen-lists.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import { saveOwnApproval } from "./approvals.ts";
import { forgetPending, type PendingLink } from "./pending-link.ts";

/** The answer of a device of the account to this device's request. */
export interface LinkAnswer {
  readonly sibling: DeviceId;
  readonly sealed: Uint8Array;
}

interface Taking {
  readonly store: DeviceStore;
  readonly me: SignedInDevice;
  readonly pending: PendingLink;
  /** The account key as the server showed it to this device. The approving device must have sealed for it. */
  readonly accountKey: Uint8Array;
  readonly answer: LinkAnswer;
}

/**
 * Stores the account key, the approval, the other users' keys that the approving device trusts, its head of the key
 * log, which a server must extend for this device too, the key of the tenant's authority, and the list of the
 * account's devices. From then on this device can register.
 * @throws SealdeskError link_not_authentic
 */
export async function receiveAccount(taking: Taking): Promise<void> {
  const { store, me, answer } = taking;
  const user = me.signedIn.user.id;
  const devices = await me.api.devicesOf(user);
  const sibling = devices.find(({ record }) => record.device === answer.sibling);
  const { accountKey } = taking;
  const { contacts, keyLog, list, approval, authority } = refusedUnless(() => {
    if (sibling === undefined) throw notAuthentic();
    verifyDevice(sibling, accountKey);
    return open(taking, sibling.record.deviceKey);
  });
  await store.transact(async (transaction) => {
    await adoptAccountKey(transaction, accountKey);
    for (const contact of contacts)
      if (contact.user !== user)
        await rememberAccountKey(transaction, contact.user, contact.accountKey);
    saveOwnApproval(transaction, { device: answer.sibling, signature: approval });
    const kept = await loadKeptHead(transaction);
    if (keyLog !== undefined && kept === undefined) saveKeptHead(transaction, keyLog);
    if (authority !== undefined && (await loadAuthorityKey(transaction)) === undefined)
      saveAuthorityKey(transaction, authority);
    const nowMs = me.localClock.now();
    if (list !== undefined) await noteList(transaction, user, { ...list, accountKey }, nowMs);
    forgetPending(transaction);
  });
}

function open({ me, pending, accountKey, answer }: Taking, siblingKey: Uint8Array): AccountSecrets {
  const { device, deviceKey, signedIn } = me;
  return openAccount({
    context: {
      tenant: signedIn.tenant.id,
      user: signedIn.user.id,
      request: pending.request,
      device,
      deviceKey: deviceKey.publicKey,
      ephemeralKey: pending.publicKey,
      sibling: answer.sibling,
      siblingKey,
      accountKey,
    },
    codeSecret: pending.secret,
    ephemeralKey: pending.privateKey,
    record: answer.sealed,
  });
}

function refusedUnless<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (codeOf(cause, "DeviceError") === undefined) throw cause;
    throw notAuthentic(cause);
  }
}

const notAuthentic = (cause?: unknown): SealdeskError =>
  new SealdeskError(
    "link_not_authentic",
    "The approval was not made by a device of this account that read the code.",
    { cause },
  );
