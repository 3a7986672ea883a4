import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { EntryApproval } from "../../crypto/wire/key-entry.ts";
import { createAccountKey, loadAccountKey } from "../../crypto/device/account-key.ts";
import {
  certifyDevice,
  createIdentityKey,
  loadIdentityKey,
  type CertifiedDevice,
} from "../../crypto/device/identity.ts";
import type { DeviceStore, StoreTransaction } from "../../crypto/device/store.ts";
import type { PreKeyUpload, Suite } from "../../crypto/device/suite.ts";
import { codeOf, isProblem, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import type { SignedIn } from "../http/session.ts";
import { devicesAfter } from "../key-log/confirmed-list.ts";
import { isEntered, noHistory } from "../key-log/key-history.ts";
import { loadKeptHead } from "../key-log/kept-head.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { Clock } from "../runtime.ts";
import { keepCertificate } from "./certificates.ts";
import { publishList } from "./own-list.ts";
import { forgetRefused, loadOwnApproval, saveOwnApproval } from "../linking/approvals.ts";
import { publishedDigest, publishedPreKeys, savePublished } from "./published-keys.ts";
import { loadAccount, assertSameAccount, saveAccount, type Account } from "./account.ts";

/**
 * Makes this store a device of the account that signed in. The first run makes keys, certificate
 * and prekeys. Later runs do nothing. You can repeat it after a crash at any point.
 * @throws SealdeskError other_account, account_has_other_devices, key_log_inconsistent, and the
 *   server's errors. key_log_inconsistent also if the server says that the account has no key, and this store
 *   or the key log knows better
 */
export async function enrolDevice(deps: {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly api: Pick<Api, "registerDevice" | "devicesOf">;
  /** Opens the key log. */
  readonly openKeyLog: () => Promise<Pick<KeyLog, "historyOf">>;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
  readonly device: DeviceId;
  readonly signedIn: SignedIn;
}): Promise<Account> {
  const { store, api } = deps;
  const isFirst = deps.signedIn.accountKey === undefined;
  if (isFirst) await assertNoDevice(deps);
  const { account, registration } = await store.transact((transaction) =>
    prepare(deps, transaction),
  );
  if (registration === undefined) return account;
  const { certified, registrationId, preKeys, approval } = registration;
  const { record } = certified;
  const keyLog = isFirst ? { historyOf: async () => noHistory } : await deps.openKeyLog();
  try {
    await publishList(
      { ...deps, keyLog, account, isNewcomer: !isFirst },
      (now) => [...now.filter(({ device }) => device !== record.device), record],
      (list) => api.registerDevice(certified, registrationId, preKeys, list, approval),
    );
  } catch (error) {
    if (isProblem(error, "device_not_approved"))
      await store.transact(async (transaction) => forgetRefused(transaction));
    if (!(await isRegistered(api, certified, error))) throw error;
  }
  const registered = { ...account, registered: 1 };
  await store.transact(async (transaction) => {
    saveAccount(transaction, registered);
    savePublished(transaction, publishedDigest(certified.record.identityKey, preKeys));
  });
  return registered;
}

/**
 * Requires that the key log knows of no device of the account, as the server says. A device that believed it
 * otherwise would sign a list of itself alone. After a reset the log has the account's former devices, all removed.
 * The log of a new tenant has no signed or cosigned head yet; whoever has seen a head gets an answer.
 * @throws SealdeskError key_log_inconsistent
 */
async function assertNoDevice({
  store,
  openKeyLog,
  device,
  signedIn,
}: Parameters<typeof enrolDevice>[0]): Promise<void> {
  const log = await openKeyLog();
  const isFresh = (await store.read(loadKeptHead)) === undefined;
  const history = await log.historyOf(signedIn.user.id).catch((error: unknown) => {
    const isEmpty =
      isProblem(error, "key_log_behind") ||
      (error instanceof SealdeskError && error.code === "key_log_not_witnessed");
    if (isFresh && isEmpty) return noHistory;
    throw error;
  });
  if (devicesAfter(history.entries).length > 0 || isEntered(history, device)) throw hasKey();
}

const hasKey = (): SealdeskError =>
  new SealdeskError(
    "key_log_inconsistent",
    "The server says that the account has no key, but it has one. If the account was reset, connect with an empty store.",
  );

interface Registration {
  readonly certified: CertifiedDevice;
  readonly registrationId: number;
  readonly preKeys: PreKeyUpload;
  /** By a device of the account, or by the account key of the account's first device. */
  readonly approval: EntryApproval | undefined;
}

async function prepare(
  { suite, localClock, device, signedIn }: Parameters<typeof enrolDevice>[0],
  transaction: StoreTransaction,
): Promise<{ readonly account: Account; readonly registration: Registration | undefined }> {
  const { tenant, user } = signedIn;
  const known = await loadAccount(transaction);
  assertSameAccount(known, tenant.id, user.id);
  const accountKey = await ownAccountKey(transaction, device, signedIn);
  const account: Account = {
    tenant: tenant.id,
    user: user.id,
    role: user.role,
    displayName: user.displayName,
    device,
    registered: signedIn.accountKey === undefined ? 0 : (known?.registered ?? 0),
  };
  saveAccount(transaction, account);
  if (account.registered === 1) return { account, registration: undefined };

  const { identityKey, registrationId } = await suite.createIdentity(transaction, device);
  const { publicKey: deviceKey } = await loadIdentityKey(transaction, "device");
  const receiptKey = await createIdentityKey(transaction, "receipt");
  const certified = await certifyDevice(transaction, {
    tenant: tenant.id,
    user: user.id,
    device,
    accountKey,
    deviceKey,
    identityKey,
    receiptKey,
  });
  keepCertificate(transaction, certified);
  const nowMs = localClock.now();
  const preKeys = await suite.createPreKeys(transaction, { oneTime: publishedPreKeys, nowMs });
  const approval = await loadOwnApproval(transaction);
  return { account, registration: { certified, registrationId, preKeys, approval } };
}

/**
 * Returns the account key. If the account has none yet, this is its first device: the device makes the key,
 * and the key approves it.
 */
async function ownAccountKey(
  transaction: StoreTransaction,
  device: DeviceId,
  { tenant, user, accountKey: published }: SignedIn,
): Promise<Uint8Array> {
  const held = await loadAccountKey(transaction).catch((error: unknown) => {
    if (codeOf(error, "DeviceError") === "no_identity") return undefined;
    throw error;
  });
  if (held !== undefined && published === undefined) {
    const approval = await loadOwnApproval(transaction);
    // Another device of the account approved this one, so the account has a key.
    if (approval === undefined || approval.device !== undefined) throw hasKey();
    return held;
  }
  if (held !== undefined && published !== undefined && equalBytes(held, published)) return held;
  if (published !== undefined)
    throw new SealdeskError(
      "account_has_other_devices",
      "The account has other devices, and one of them must approve this one.",
    );
  const { publicKey: deviceKey } = await loadIdentityKey(transaction, "device");
  const first = { tenant: tenant.id, user: user.id, device, deviceKey };
  const { accountKey, approval: signature } = createAccountKey(transaction, first);
  saveOwnApproval(transaction, { device: undefined, signature });
  return accountKey;
}

/** Returns true if an earlier attempt registered exactly this device and its answer was lost. */
async function isRegistered(
  api: Pick<Api, "devicesOf">,
  { record }: CertifiedDevice,
  error: unknown,
): Promise<boolean> {
  if (!isProblem(error, "device_exists")) return false;
  const devices = await api.devicesOf(record.user);
  return devices.some(
    (each) =>
      each.record.device === record.device &&
      equalBytes(each.record.identityKey, record.identityKey) &&
      equalBytes(each.record.deviceKey, record.deviceKey),
  );
}
