import {
  account,
  accountReset,
  accountWasReset,
  deviceRemoval,
  newDevice,
  registeredDevice,
  type ResetReason,
} from "../../contract/devices.ts";
import { newPreKeys, preKeyBundle, preKeyCount, preKeyDigest } from "../../contract/prekeys.ts";
import { newDeviceList } from "../../contract/values.ts";
import type { ListSignature } from "../../crypto/wire/device-list.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { PreKeyBundle, PreKeyUpload, SignedPreKey } from "../../crypto/device/suite.ts";
import type { SignedStaffCertificate } from "../../crypto/wire/staff-certificate.ts";
import type { EntryApproval } from "../../crypto/wire/key-entry.ts";
import type { TenantId, UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { nothing, writeBody } from "./messages.ts";
import type { Request } from "./transport.ts";

/** An account as the server shows it. No signature is checked yet. */
export interface ShownAccount {
  /** Undefined if the account has no device yet. */
  readonly accountKey: Uint8Array | undefined;
  readonly devices: readonly CertifiedDevice[];
  /** Whether the server says that it is a customer who never presented a customer token. */
  readonly anonymous: boolean;
  /** Undefined for customers, and before the tenant's authority has certified the account. */
  readonly staffCertificate: SignedStaffCertificate | undefined;
}

/** Creates the calls about accounts, devices and their prekeys. */
export function deviceApi(request: Request, tenant: TenantId) {
  const accountOf = async (user: UserId): Promise<ShownAccount> => {
    const path = `v1/users/${user}/devices`;
    const shown = await request({ method: "GET", path, answer: account });
    const { accountKey, anonymous, devices } = shown;
    const staffCertificate = shown.staffCertificate ?? undefined;
    if (accountKey === null)
      return { accountKey: undefined, devices: [], anonymous, staffCertificate };
    const certified = devices.map(({ id, deviceKey, identityKey, receiptKey, certificate }) => ({
      record: { tenant, user, device: id, accountKey, deviceKey, identityKey, receiptKey },
      signature: certificate,
    }));
    return { accountKey, devices: certified, anonymous, staffCertificate };
  };
  return {
    accountOf,

    registerDevice: async (
      device: CertifiedDevice,
      registrationId: number,
      preKeys: PreKeyUpload,
      list: ListSignature,
      approval?: EntryApproval,
    ) =>
      request({
        method: "POST",
        path: "v1/devices",
        body: writeBody(newDevice, {
          id: device.record.device,
          registrationId,
          accountKey: device.record.accountKey,
          identityKey: device.record.identityKey,
          receiptKey: device.record.receiptKey,
          certificate: device.signature,
          list,
          approval,
          preKeys: uploadOf(preKeys, false),
        }),
        answer: registeredDevice,
      }),

    /** A user's certified devices. Their signatures are not checked yet. */
    devicesOf: async (user: UserId): Promise<readonly CertifiedDevice[]> =>
      (await accountOf(user)).devices,

    /** A user as a conversation lists them who is added now. Nothing of it is checked. */
    async memberOf(user: UserId): Promise<Member> {
      const path = `v1/users/${user}/devices`;
      const { role, devices } = await request({ method: "GET", path, answer: account });
      return { user, role, devices: devices.map(({ id }) => id).toSorted() };
    },

    /**
     * Removes a device of your own account.
     * @param list the account's devices afterwards
     */
    removeOwnDevice: async (device: DeviceId, list: ListSignature): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/devices/${device}/removal`,
        body: writeBody(deviceRemoval, { list }),
        answer: nothing,
      }),

    /** Removes a device of another account. For admins. */
    removeDevice: (device: DeviceId): Promise<undefined> =>
      request({ method: "DELETE", path: `v1/devices/${device}`, answer: nothing }),

    /** Renews the list of your own devices. */
    renewDeviceList: async (list: ListSignature): Promise<undefined> =>
      request({
        method: "PUT",
        path: "v1/device-list",
        body: writeBody(newDeviceList, list),
        answer: nothing,
      }),

    /** Removes all devices, sessions and the account key of an account. For admins. */
    async resetAccount(user: UserId, reason: ResetReason): Promise<number> {
      const path = `v1/users/${user}/reset`;
      const body = writeBody(accountReset, { reason });
      const answer = await request({ method: "POST", path, body, answer: accountWasReset });
      return answer.devicesRemoved;
    },

    /** Fetches one prekey bundle of a device. */
    async takeBundle(device: DeviceId): Promise<PreKeyBundle> {
      const path = `v1/devices/${device}/bundle`;
      const bundle = await request({ method: "POST", path, answer: preKeyBundle });
      return { ...bundle, preKey: bundle.preKey ?? undefined };
    },

    countPreKeys: () =>
      request({ method: "GET", path: "v1/devices/current/prekeys", answer: preKeyCount }),

    /** @param replace takes back what nobody took of earlier uploads */
    uploadPreKeys: async (preKeys: PreKeyUpload, replace = false) =>
      request({
        method: "PUT",
        path: "v1/devices/current/prekeys",
        body: writeBody(newPreKeys, uploadOf(preKeys, replace)),
        answer: preKeyCount,
      }),

    /** @throws SealdeskError with `problem` prekeys_differ: the relay serves other keys */
    checkPreKeys: async (digest: Uint8Array): Promise<undefined> =>
      request({
        method: "POST",
        path: "v1/devices/current/prekeys/check",
        body: writeBody(preKeyDigest, { digest }),
        answer: nothing,
      }),
  };
}

// A suite may keep more about its keys than the server accepts.
const signedOf = ({ id, publicKey, signature }: SignedPreKey) => ({ id, publicKey, signature });

const uploadOf = (upload: PreKeyUpload, replace: boolean) => ({
  signedPreKey: signedOf(upload.signedPreKey),
  lastResortKyberPreKey: signedOf(upload.lastResortKyberPreKey),
  preKeys: upload.preKeys.map(({ id, publicKey }) => ({ id, publicKey })),
  kyberPreKeys: upload.kyberPreKeys.map(signedOf),
  replace,
});
