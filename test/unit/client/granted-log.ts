/** A conversation's log as the relay keeps it, and what its authors said. */
import { randomBytes } from "node:crypto";
import { signMessage } from "../../../crypto/device/authorship.ts";
import { commit } from "../../../crypto/device/franking.ts";
import type { GrantedMessage } from "../../../crypto/device/history-pack.ts";
import { encodePayload, type Payload } from "../../../crypto/wire/payload.ts";
import { certifiedToFields } from "../../../crypto/device/certified-fields.ts";
import type { CertifiedDevice } from "../../../crypto/device/identity.ts";
import {
  createSigner,
  generateSigningKey,
  ready,
  sha256,
  sign,
  type SigningKeyPair,
} from "../../../crypto/device/sodium.ts";
import { linkHash, nilUuid, zeroHash, type EventHeader } from "../../../crypto/wire/event.ts";
import { encodeControl, type Control, type Member } from "../../../crypto/wire/frame.ts";
import {
  nilId,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type TenantId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import { encodeReceipt, receiptBytes, type MembershipKind } from "../../../crypto/wire/receipt.ts";
import { isMembershipKind } from "../../../crypto/wire/receipt-checks.ts";
import {
  encodeStaffCertificate,
  staffCertificateBytes,
} from "../../../crypto/wire/staff-certificate.ts";
import { membersBytes } from "../../../crypto/wire/signed-records.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

export const conversation = newId<ConversationId>();
export const tenant = newId<TenantId>();
export const account = {
  tenant,
  user: newId<UserId>(),
  role: "agent",
  displayName: undefined,
  device: newId<DeviceId>(),
  registered: 1,
};

/** A device of a user. */
export interface Author {
  readonly id: DeviceId;
  readonly user: UserId;
  readonly key: ReturnType<typeof generateSigningKey>;
}

export const deviceOf = (user = newId<UserId>()): Author => ({
  id: newId(),
  user,
  key: generateSigningKey(),
});

export const listOf = (role: string, ...devices: readonly Author[]): Member => ({
  user: devices[0]!.user,
  role,
  devices: devices.map(({ id }) => id).toSorted(),
});

type Link = Omit<EventHeader, "conversation"> & {
  readonly digest: Uint8Array;
  readonly commitment: Uint8Array;
  readonly frankingTag: Uint8Array;
  readonly control: Uint8Array | undefined;
};

/** What was said, and how the log names it. */
interface Said {
  readonly header: Pick<EventHeader, "senderDevice" | "epoch" | "clientMessageId">;
  readonly commitment: Uint8Array;
  readonly message: Omit<GrantedMessage, "seq">;
}

/** Signs a message as a device of the SDK does. */
export async function say(
  author: Author,
  text: string,
  changes: Partial<Payload> = {},
): Promise<Said> {
  const header = {
    senderDevice: author.id,
    epoch: changes.epoch ?? 1,
    clientMessageId: newId<MessageId>(),
  };
  const lastSeen = { seq: 0, transcriptHash: zeroHash };
  const body = { kind: "text", text } as const;
  const payload = encodePayload({ conversation, lastSeen, body, ...changes, ...header });
  const frankingKey = new Uint8Array(randomBytes(32));
  const commitment = commit(frankingKey, payload);
  const signature = await signMessage({ ...header, conversation }, commitment, {
    tenant,
    user: author.user,
    sign: await createSigner(author.key.privateKey),
  });
  return { header, commitment, message: { payload, frankingKey, signature } };
}

/** A log as the relay keeps it. What stands in it is the relay's choice. */
export class GrantedLog {
  readonly conversation = conversation;
  readonly links: Link[] = [];
  readonly hashes: Uint8Array[] = [zeroHash];
  readonly packed: GrantedMessage[] = [];
  /** The events up to this one are gone. */
  gone = 0;
  /** The number of links in an answer. */
  pageSize = 256;

  get head(): number {
    return this.links.length;
  }

  #append(
    link: Omit<Link, "seq" | "receivedAtMs" | "keyId" | "frankingTag" | "digest">,
    digest: Uint8Array,
  ) {
    const seq = this.head + 1;
    const whole = {
      ...link,
      digest,
      seq,
      receivedAtMs: seq,
      keyId: nilUuid,
      frankingTag: zeroHash,
    };
    const hash = linkHash(
      sha256,
      this.hashes.at(-1)!,
      { ...whole, conversation },
      digest,
      link.commitment,
    );
    this.links.push(whole);
    this.hashes.push(hash);
    return seq;
  }

  /** Gives a message a place. */
  place({ header, commitment, message }: Said): number {
    const digest = new Uint8Array(randomBytes(32));
    const seq = this.#append(
      { ...header, kind: "message", commitment, control: undefined },
      digest,
    );
    this.packed.push({ seq, ...message });
    return seq;
  }

  /** Appends a change of the members. */
  change(
    kind: "created" | "device_added" | "device_removed" | "closed",
    by: Author,
    members: readonly Member[],
    epoch: number,
  ): number {
    const users = members.map((member) => member.user);
    const control: Control = {
      epoch,
      actor: by.user,
      subject: by.user,
      members: [...members],
      creation:
        kind === "device_removed" || kind === "closed"
          ? undefined
          : {
              suite: "signal-v1",
              device: by.id,
              signature: new Uint8Array(64),
              creator: undefined,
              users,
            },
      receipt: isMembershipKind(kind) ? this.#receipt(kind, by, members, epoch) : undefined,
      signer: undefined,
      staffCertificate: undefined,
    };
    const encoded = encodeControl(control);
    const senderDevice = isMembershipKind(kind) ? by.id : nilId<DeviceId>();
    const header = { kind, senderDevice, epoch, clientMessageId: nilId<MessageId>() };
    return this.#append({ ...header, commitment: zeroHash, control: encoded }, sha256(encoded));
  }

  /** Appends that somebody joins as an agent, with a certificate of the authority whose key this is. */
  joined(
    by: Author,
    certified: CertifiedDevice,
    authority: SigningKeyPair,
    before: readonly Member[],
    epoch: number,
  ): number {
    const members = [...before, listOf("agent", by)];
    const { device: _, ...signer } = certifiedToFields(certified);
    const { accountKey } = signer;
    const certificate = { tenant, user: by.user, accountKey, role: "agent", teams: [] };
    const text = encodeStaffCertificate({ ...certificate, fromMs: 0, untilMs: 1000 });
    const signature = sign(staffCertificateBytes(text), authority.privateKey);
    const encoded = encodeControl({
      epoch,
      actor: by.user,
      subject: by.user,
      members,
      creation: undefined,
      receipt: this.#receipt("member_added", by, members, epoch),
      signer,
      staffCertificate: { text, signature },
    });
    const header = { kind: "member_added" as const, senderDevice: by.id, epoch };
    const none = { clientMessageId: nilId<MessageId>(), commitment: zeroHash };
    return this.#append({ ...header, ...none, control: encoded }, sha256(encoded));
  }

  #receipt(
    kind: MembershipKind,
    by: Author,
    members: readonly Member[],
    epoch: number,
  ): NonNullable<Control["receipt"]> {
    const text = encodeReceipt({
      type: "membership",
      version: 1,
      id: newId(),
      tenant,
      conversation,
      kind,
      actor: by.user,
      actorDevice: by.id,
      subject: by.user,
      epoch,
      members: sha256(membersBytes(members)),
      after: { seq: 0, hash: zeroHash },
      atMs: 1,
    });
    return { text, signature: sign(receiptBytes(text), by.key.privateKey) };
  }

  /** Answers as the server does. */
  readLinks(_conversation: string, _grant: string, until: number) {
    const first = Math.max(this.gone + 1, until - this.pageSize + 1);
    const links = this.links.slice(first - 1, until);
    const previousHash = links.length === 0 ? undefined : this.hashes[first - 1];
    return Promise.resolve({ links, previousHash });
  }
}
