import { toBase64Url } from "../../crypto/wire/bytes.ts";
import {
  eventKinds,
  type EventKind,
  type Packet,
  type SignedReceipt,
} from "../../crypto/wire/frame.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { PreKeyBundle, PreKeyUpload, SignedPreKey } from "../../crypto/device/suite.ts";
import * as read from "./schema.ts";
import type { JsonRequest } from "./transport.ts";

/** Why an account is reset. The audit log records it. */
export type ResetReason = (typeof resetReasons)[number];
export const resetReasons = ["devices_lost", "account_taken_over"] as const;

/** Sends a request with the session's access token. */
export type Request = <T>(request: JsonRequest<T>) => Promise<T>;

const signedPreKey = read.object({
  id: read.integer,
  publicKey: read.bytes,
  signature: read.bytes,
});
const bundle = read.object({
  device: read.uuid,
  registrationId: read.integer,
  identityKey: read.bytes,
  signedPreKey,
  preKey: read.nullable(read.object({ id: read.integer, publicKey: read.bytes })),
  kyberPreKey: signedPreKey,
});
const preKeyCount = read.object({
  preKeys: read.integer,
  kyberPreKeys: read.integer,
  highestId: read.integer,
});
const account = read.object({
  accountKey: read.nullable(read.bytes),
  devices: read.list(
    read.object({
      id: read.uuid,
      deviceKey: read.bytes,
      identityKey: read.bytes,
      receiptKey: read.bytes,
      certificate: read.bytes,
    }),
  ),
});
const keyLogHead = { vkey: read.text, checkpoint: read.text };
const keyHistory = read.object({
  ...keyLogHead,
  entries: read.list(
    read.object({ index: read.integer, entry: read.bytes, proof: read.list(read.hash) }),
  ),
  more: read.flag,
});
const staff = read.object({
  staff: read.list(
    read.object({ id: read.uuid, role: read.text, displayName: read.nullable(read.text) }),
  ),
  next: read.nullable(read.uuid),
});
const linkRequest = read.object({
  device: read.uuid,
  deviceKey: read.bytes,
  ephemeralKey: read.bytes,
  state: read.text,
  createdAtMs: read.integer,
  expiresAtMs: read.integer,
  sibling: read.nullable(read.uuid),
  sealed: read.nullable(read.bytes),
});
const links = read.object({
  links: read.list(
    read.object({
      seq: read.integer,
      kind: read.oneOf(Object.keys(eventKinds) as EventKind[]),
      senderDevice: read.uuid,
      epoch: read.integer,
      keyId: read.uuid,
      clientMessageId: read.uuid,
      receivedAtMs: read.integer,
      digest: read.hash,
      commitment: read.hash,
      frankingTag: read.hash,
      control: read.nullable(read.bytes),
    }),
  ),
  previousHash: read.nullable(read.hash),
});
const place = read.object({ epoch: read.integer, seq: read.integer });

/** A colleague. For a customer, a member of staff to write to. */
export interface StaffMember {
  readonly id: Uuid;
  readonly role: string;
  readonly displayName: string | undefined;
}

/** The server's resources that this SDK uses. Every function throws SealdeskError. */
export function createApi(request: Request, tenant: Uuid) {
  return {
    registerDevice: (
      device: CertifiedDevice,
      registrationId: number,
      preKeys: PreKeyUpload,
    ): Promise<undefined> =>
      request({
        method: "POST",
        path: "v1/devices",
        body: {
          id: device.record.device,
          registrationId,
          accountKey: toBase64Url(device.record.accountKey),
          identityKey: toBase64Url(device.record.identityKey),
          receiptKey: toBase64Url(device.record.receiptKey),
          certificate: toBase64Url(device.signature),
          preKeys: uploadJson(preKeys),
        },
        answer: read.nothing,
      }),

    /** A user's certified devices. Their signatures are not checked yet. */
    async devicesOf(user: Uuid): Promise<readonly CertifiedDevice[]> {
      const { accountKey, devices } = await request({
        method: "GET",
        path: `v1/users/${user}/devices`,
        answer: account,
      });
      if (accountKey === undefined) return [];
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
      request({ method: "GET", path: "v1/key-log/checkpoint", answer: read.object(keyLogHead) }),

    /** @throws SealdeskError with `problem` key_log_shorter: there is no tree of `size` */
    async keyLogConsistency(old: number, size: number): Promise<readonly Uint8Array[]> {
      const path = `v1/key-log/consistency?old=${old}&size=${size}`;
      const answer = read.object({ proof: read.list(read.hash) });
      return (await request({ method: "GET", path, answer })).proof;
    },

    /** The statements that the key log was restored from a backup. Nothing is checked yet. */
    async keyLogRestores(): Promise<readonly string[]> {
      const answer = read.object({ restores: read.list(read.text) });
      return (await request({ method: "GET", path: "v1/key-log/restores", answer })).restores;
    },

    /** Removes a device of your own account. */
    removeDevice: (device: Uuid): Promise<undefined> =>
      request({ method: "DELETE", path: `v1/devices/${device}`, answer: read.nothing }),

    /** Removes all devices, sessions and the account key of an account. For admins. */
    async resetAccount(user: Uuid, reason: ResetReason): Promise<number> {
      const path = `v1/users/${user}/reset`;
      const answer = read.object({ devicesRemoved: read.integer });
      const body = { reason };
      return (await request({ method: "POST", path, body, answer })).devicesRemoved;
    },

    requestLink: (asking: {
      readonly id: Uuid;
      readonly device: Uuid;
      readonly ephemeralKey: Uint8Array;
    }) =>
      request({
        method: "POST",
        path: "v1/link-requests",
        body: { ...asking, ephemeralKey: toBase64Url(asking.ephemeralKey) },
        answer: read.object({ expiresAtMs: read.integer }),
      }),

    linkRequest: (id: Uuid) =>
      request({ method: "GET", path: `v1/link-requests/${id}`, answer: linkRequest }),

    approveLink: (id: Uuid, sealed: Uint8Array): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/link-requests/${id}/approval`,
        body: { sealed: toBase64Url(sealed) },
        answer: read.nothing,
      }),

    refuseLink: (id: Uuid): Promise<undefined> =>
      request({
        method: "POST",
        path: `v1/link-requests/${id}/refusal`,
        answer: read.nothing,
      }),

    withdrawLink: (id: Uuid): Promise<undefined> =>
      request({ method: "DELETE", path: `v1/link-requests/${id}`, answer: read.nothing }),

    /** Fetches one prekey bundle of a device. */
    takeBundle: (device: Uuid): Promise<PreKeyBundle> =>
      request({ method: "POST", path: `v1/devices/${device}/bundle`, answer: bundle }),

    countPreKeys: () =>
      request({ method: "GET", path: "v1/devices/current/prekeys", answer: preKeyCount }),

    /** @param replace takes back what nobody took of earlier uploads */
    uploadPreKeys: (preKeys: PreKeyUpload, replace = false) =>
      request({
        method: "PUT",
        path: "v1/devices/current/prekeys",
        body: { ...uploadJson(preKeys), replace },
        answer: preKeyCount,
      }),

    /** @throws SealdeskError with `problem` prekeys_differ: the relay serves other keys */
    checkPreKeys: (digest: Uint8Array): Promise<undefined> =>
      request({
        method: "POST",
        path: "v1/devices/current/prekeys/check",
        body: { digest: toBase64Url(digest) },
        answer: read.nothing,
      }),

    async staff(role?: string): Promise<readonly StaffMember[]> {
      const all: StaffMember[] = [];
      for (let after: Uuid | undefined; ;) {
        const query = new URLSearchParams({ ...(role && { role }), ...(after && { after }) });
        const answer = await request({ method: "GET", path: `v1/staff?${query}`, answer: staff });
        all.push(...answer.staff);
        after = answer.next;
        if (after === undefined) return all;
      }
    },

    createConversation: (conversation: {
      readonly id: Uuid;
      readonly suite: SuiteName;
      readonly members: readonly Uuid[];
      readonly creationSignature: Uint8Array;
    }) =>
      request({
        method: "POST",
        path: "v1/conversations",
        body: {
          ...conversation,
          creationSignature: toBase64Url(conversation.creationSignature),
        },
        answer: place,
      }),

    addMember: (conversation: Uuid, user: Uuid) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/members`,
        body: { user },
        answer: place,
      }),

    removeMember: (conversation: Uuid, user: Uuid) =>
      request({
        method: "DELETE",
        path: `v1/conversations/${conversation}/members/${user}`,
        answer: place,
      }),

    recordConsent: (conversation: Uuid, receipt: SignedReceipt) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/consents`,
        body: receiptJson(receipt),
        answer: place,
      }),

    grantHistory: (
      conversation: Uuid,
      grant: SignedReceipt & { readonly packets: readonly Packet[] },
    ) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/history-grants`,
        body: {
          ...receiptJson(grant),
          packets: grant.packets.map(({ device, bytes }) => ({
            device,
            bytes: toBase64Url(bytes),
          })),
        },
        answer: place,
      }),

    /** Returns what the log says about at most 256 events, the last of which is `until`. */
    readLinks: (conversation: Uuid, grant: Uuid, until: number) =>
      request({
        method: "GET",
        path: `v1/conversations/${conversation}/history-grants/${grant}/links?until=${until}`,
        answer: links,
      }),

    closeConversation: (conversation: Uuid) =>
      request({ method: "POST", path: `v1/conversations/${conversation}/close`, answer: place }),
  };
}

export type Api = ReturnType<typeof createApi>;

const receiptJson = ({ text, signature }: SignedReceipt) => ({
  receipt: toBase64Url(text),
  signature: toBase64Url(signature),
});

const signedJson = ({ id, publicKey, signature }: SignedPreKey) => ({
  id,
  publicKey: toBase64Url(publicKey),
  signature: toBase64Url(signature),
});

const uploadJson = (upload: PreKeyUpload) => ({
  signedPreKey: signedJson(upload.signedPreKey),
  lastResortKyberPreKey: signedJson(upload.lastResortKyberPreKey),
  preKeys: upload.preKeys.map(({ id, publicKey }) => ({ id, publicKey: toBase64Url(publicKey) })),
  kyberPreKeys: upload.kyberPreKeys.map(signedJson),
});
