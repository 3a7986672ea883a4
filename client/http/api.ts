import {
  account,
  accountReset,
  accountWasReset,
  newDevice,
  registeredDevice,
  type ResetReason,
} from "../../contract/devices.ts";
import {
  createdConversation,
  logPosition,
  newConversation,
  newMember,
} from "../../contract/conversations.ts";
import { linksPage, newConsent, newHistoryGrant } from "../../contract/history.ts";
import {
  consistencyProof,
  keyHistory,
  keyLogHead,
  keyLogRestores,
} from "../../contract/key-log.ts";
import {
  linkApproval,
  linkRequest,
  newLinkRequest,
  openedLinkRequest,
} from "../../contract/links.ts";
import { newPreKeys, preKeyBundle, preKeyCount, preKeyDigest } from "../../contract/prekeys.ts";
import { staffPage } from "../../contract/staff.ts";
import type { Packet, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { PreKeyBundle, PreKeyUpload, SignedPreKey } from "../../crypto/device/suite.ts";
import { nothing, writeBody } from "./messages.ts";
import type { JsonRequest } from "./transport.ts";

/** Sends a request with the session's access token. */
export type Request = <T>(request: JsonRequest<T>) => Promise<T>;

/** A colleague. For a customer, a member of staff to write to. */
export interface StaffMember {
  readonly id: Uuid;
  readonly role: string;
  readonly displayName: string | undefined;
}

/**
 * Creates the functions for the server's resources that this SDK uses. Every function throws
 * SealdeskError.
 */
export function createApi(request: Request, tenant: Uuid) {
  return {
    registerDevice: async (
      device: CertifiedDevice,
      registrationId: number,
      preKeys: PreKeyUpload,
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
          preKeys: uploadOf(preKeys, false),
        }),
        answer: registeredDevice,
      }),

    /** Returns a user's certified devices. Their signatures are not checked yet. */
    async devicesOf(user: Uuid): Promise<readonly CertifiedDevice[]> {
      const { accountKey, devices } = await request({
        method: "GET",
        path: `v1/users/${user}/devices`,
        answer: account,
      });
      if (accountKey === null) return [];
      return devices.map(({ id, deviceKey, identityKey, receiptKey, certificate }) => ({
        record: { tenant, user, device: id, accountKey, deviceKey, identityKey, receiptKey },
        signature: certificate,
      }));
    },

    /** A page of what the key log says about a user after a version. Nothing is checked yet. */
    keyHistory: (user: Uuid, after: number) =>
      request({
        method: "GET",
        path: `v1/users/${user}/key-history?after=${after}`,
        answer: keyHistory,
      }),

    keyLogCheckpoint: () =>
      request({ method: "GET", path: "v1/key-log/checkpoint", answer: keyLogHead }),

    /** @throws SealdeskError with `problem` key_log_shorter: there is no tree of `size` */
    async keyLogConsistency(old: number, size: number): Promise<readonly Uint8Array[]> {
      const path = `v1/key-log/consistency?old=${old}&size=${size}`;
      return (await request({ method: "GET", path, answer: consistencyProof })).proof;
    },

    /**
     * Returns the statements that the key log was restored from a backup. Nothing is checked yet.
     */
    async keyLogRestores(): Promise<readonly string[]> {
      const path = "v1/key-log/restores";
      return (await request({ method: "GET", path, answer: keyLogRestores })).restores;
    },

    /** Removes a device of your own account. */
    removeDevice: (device: Uuid): Promise<undefined> =>
      request({ method: "DELETE", path: `v1/devices/${device}`, answer: nothing }),

    /** Removes all devices, sessions and the account key of an account. For admins. */
    async resetAccount(user: Uuid, reason: ResetReason): Promise<number> {
      const path = `v1/users/${user}/reset`;
      const body = writeBody(accountReset, { reason });
      const answer = await request({ method: "POST", path, body, answer: accountWasReset });
      return answer.devicesRemoved;
    },

    requestLink: async (asking: {
      readonly id: Uuid;
      readonly device: Uuid;
      readonly ephemeralKey: Uint8Array;
    }) =>
      request({
        method: "POST",
        path: "v1/link-requests",
        body: writeBody(newLinkRequest, asking),
        answer: openedLinkRequest,
      }),

    async linkRequest(id: Uuid) {
      const path = `v1/link-requests/${id}`;
      const view = await request({ method: "GET", path, answer: linkRequest });
      return { ...view, sibling: view.sibling ?? undefined, sealed: view.sealed ?? undefined };
    },

    approveLink: async (id: Uuid, sealed: Uint8Array): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/link-requests/${id}/approval`,
        body: writeBody(linkApproval, { sealed }),
        answer: nothing,
      }),

    refuseLink: (id: Uuid): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/link-requests/${id}/refusal`,
        answer: nothing,
      }),

    withdrawLink: (id: Uuid): Promise<undefined> =>
      request({ method: "DELETE", path: `v1/link-requests/${id}`, answer: nothing }),

    /** Fetches one prekey bundle of a device. */
    async takeBundle(device: Uuid): Promise<PreKeyBundle> {
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

    async staff(role?: string): Promise<readonly StaffMember[]> {
      const all: StaffMember[] = [];
      for (let after: Uuid | null = null; ;) {
        const query = new URLSearchParams({ ...(role && { role }), ...(after && { after }) });
        const path = `v1/staff?${query}`;
        const page = await request({ method: "GET", path, answer: staffPage });
        for (const each of page.staff)
          all.push({ ...each, displayName: each.displayName ?? undefined });
        after = page.next;
        if (after === null) return all;
      }
    },

    createConversation: async (conversation: {
      readonly id: Uuid;
      readonly suite: SuiteName;
      readonly members: readonly Uuid[];
      readonly creationSignature: Uint8Array;
    }) =>
      request({
        method: "POST",
        path: "v1/conversations",
        body: writeBody(newConversation, {
          ...conversation,
          members: [...conversation.members],
        }),
        answer: createdConversation,
      }),

    addMember: async (conversation: Uuid, user: Uuid) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/members`,
        body: writeBody(newMember, { user }),
        answer: logPosition,
      }),

    removeMember: (conversation: Uuid, user: Uuid) =>
      request({
        method: "DELETE",
        path: `v1/conversations/${conversation}/members/${user}`,
        answer: logPosition,
      }),

    recordConsent: async (conversation: Uuid, receipt: SignedReceipt) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/consents`,
        body: writeBody(newConsent, receiptOf(receipt)),
        answer: logPosition,
      }),

    grantHistory: async (
      conversation: Uuid,
      grant: SignedReceipt & { readonly packets: readonly Packet[] },
    ) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/history-grants`,
        body: writeBody(newHistoryGrant, {
          ...receiptOf(grant),
          packets: grant.packets.map(({ device, bytes }) => ({ device, bytes })),
        }),
        answer: logPosition,
      }),

    /** Returns what the log says about at most 256 events, the last of which is `until`. */
    async readLinks(conversation: Uuid, grant: Uuid, until: number) {
      const path = `v1/conversations/${conversation}/history-grants/${grant}/links?until=${until}`;
      const page = await request({ method: "GET", path, answer: linksPage });
      return {
        links: page.links.map((link) => ({ ...link, control: link.control ?? undefined })),
        previousHash: page.previousHash ?? undefined,
      };
    },

    closeConversation: (conversation: Uuid) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/close`,
        answer: logPosition,
      }),
  };
}

export type Api = ReturnType<typeof createApi>;

const receiptOf = ({ text, signature }: SignedReceipt) => ({ receipt: text, signature });

// A suite may keep more about its keys than the server accepts.
const signedOf = ({ id, publicKey, signature }: SignedPreKey) => ({ id, publicKey, signature });

const uploadOf = (upload: PreKeyUpload, replace: boolean) => ({
  signedPreKey: signedOf(upload.signedPreKey),
  lastResortKyberPreKey: signedOf(upload.lastResortKyberPreKey),
  preKeys: upload.preKeys.map(({ id, publicKey }) => ({ id, publicKey })),
  kyberPreKeys: upload.kyberPreKeys.map(signedOf),
  replace,
});
