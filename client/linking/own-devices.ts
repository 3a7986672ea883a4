import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { knownAccountKeys } from "../../crypto/device/admit-device.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import { maxContacts } from "../../crypto/device/linking/account-secrets.ts";
import { decodeLinkCode, type LinkCode } from "../../crypto/device/linking/link-code.ts";
import { sealAccount } from "../../crypto/device/linking/seal-account.ts";
import type { SigningKeyPair } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Account } from "../device/account.ts";
import { isRecorded } from "../conversation/removals.ts";
import { loadAuthorityKey } from "../device/authority.ts";
import { removedDevice } from "../device/removed-devices.ts";
import type { Trust } from "../device/trust.ts";
import { forgetToShare, intendToShare } from "../history/shared-devices.ts";
import { cameRightfully } from "../key-log/key-history.ts";
import { loadKeptHead } from "../key-log/kept-head.ts";
import { loadSeenList } from "../key-log/seen-lists.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import { noteApproved } from "./approvals.ts";
import type { Api } from "../http/api.ts";

export interface OwnDevicesDeps {
  readonly account: Account;
  readonly api: Api;
  readonly deviceKey: SigningKeyPair;
  readonly store: DeviceStore;
}

/** A device of your own account. */
export interface OwnDevice {
  readonly id: DeviceId;
  /** True for the device that calls. */
  readonly current: boolean;
  /**
   * False for a device that the server lists and that did not come to the account rightfully, as far as the
   * key log shows. Remove such a device.
   */
  readonly certified: boolean;
}

/** A new device, as described by its code and by the server. */
export interface NewDevice {
  readonly id: DeviceId;
  /** Milliseconds since the Unix epoch, by the server's clock. */
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Returns the account's devices that are not removed, oldest first.
 * @throws SealdeskError
 */
export async function ownDevices(
  { account, api, store }: OwnDevicesDeps,
  trust: Pick<Trust, "historyOf">,
): Promise<OwnDevice[]> {
  const accountKey = await store.read(loadAccountKey);
  const devices = await api.devicesOf(account.user);
  const history = await trust.historyOf(account.user);
  return devices.map((device) => ({
    id: device.record.device,
    current: device.record.device === account.device,
    certified: history !== undefined && cameRightfully(history, device, [accountKey]),
  }));
}

/**
 * Returns a new device's request. Show it to the person who read its code.
 * @throws SealdeskError invalid_link_code, link_not_found, link_expired, link_closed,
 *   link_key_replaced; device_revoked: this device removed it from the account
 */
export async function reviewDevice(deps: OwnDevicesDeps, text: string): Promise<NewDevice> {
  const { device, createdAtMs, expiresAtMs } = await openRequest(deps, readCode(text));
  return { id: device, requestedAtMs: createdAtMs, expiresAtMs };
}

/** The data that a new device receives besides its approval. */
export interface ApprovalOptions {
  /** True if it receives this device's history of every conversation. Default: true. */
  readonly history?: boolean;
}

/**
 * Approves the device that shows the code, and sends it what it needs, sealed to the key in the code.
 * @throws SealdeskError as `reviewDevice`
 */
export async function approveDevice(
  deps: OwnDevicesDeps,
  text: string,
  { history = true }: ApprovalOptions = {},
): Promise<DeviceId> {
  const { account, api, deviceKey, store } = deps;
  const code = readCode(text);
  const { device, deviceKey: newDeviceKey } = await openRequest(deps, code);
  const { accountKey, contacts, keyLog, seen, authority } = await store.read(
    async (transaction) => ({
      accountKey: await loadAccountKey(transaction),
      contacts: await knownAccountKeys(transaction, maxContacts),
      keyLog: await loadKeptHead(transaction),
      seen: await loadSeenList(transaction, account.user),
      authority: await loadAuthorityKey(transaction),
    }),
  );
  const sealed = sealAccount({
    context: {
      tenant: account.tenant,
      user: account.user,
      request: code.request,
      device,
      deviceKey: newDeviceKey,
      ephemeralKey: code.ephemeralKey,
      sibling: account.device,
      siblingKey: deviceKey.publicKey,
      accountKey,
    },
    codeSecret: code.secret,
    deviceKey: deviceKey.privateKey,
    secrets: { contacts, keyLog, list: seen, authority },
  });
  const note = history ? intendToShare : forgetToShare;
  await store.transact(async (transaction) => {
    noteApproved(transaction, device);
    note(transaction, device);
  });
  const approve = () => api.approveLink(code.request, sealed);
  // The approval is idempotent, so it is repeated when its answer was lost.
  await approve().catch((error: unknown) => {
    if (!(error instanceof SealdeskError) || error.code !== "network") throw error;
    return approve();
  });
  return device;
}

/**
 * Refuses the device that shows the code.
 * @throws SealdeskError as `reviewDevice`
 */
export async function refuseDevice({ api }: OwnDevicesDeps, text: string): Promise<void> {
  await api.refuseLink(readCode(text).request);
}

function readCode(text: string): LinkCode {
  try {
    return decodeLinkCode(text);
  } catch (cause) {
    if (codeOf(cause, "DeviceError") === undefined) throw cause;
    throw new SealdeskError("invalid_link_code", "This is not the code of a new device.", {
      cause,
    });
  }
}

async function openRequest({ api, store }: OwnDevicesDeps, { request, ephemeralKey }: LinkCode) {
  const view = await api.linkRequest(request);
  if (await store.read((transaction) => isRecorded(transaction, removedDevice(view.device))))
    throw new SealdeskError("device_revoked", "You removed this device: refuse its request.");
  if (!equalBytes(view.ephemeralKey, ephemeralKey))
    throw new SealdeskError(
      "link_key_replaced",
      "The server shows another key than the new device: do not approve it.",
    );
  if (view.state === "expired")
    throw new SealdeskError("link_expired", "The request is too old; the device asks again.");
  if (view.state !== "pending")
    throw new SealdeskError("link_closed", "The request was answered before.");
  return view;
}
