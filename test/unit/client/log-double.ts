/** The log of one conversation as a relay shows it to this device, with the keys that sign its events. */
import type { Sealing } from "../../../client/conversation/outbox.ts";
import { sha256, generateSigningKey, sign, ready } from "../../../crypto/device/sodium.ts";
import { nilUuid, transcriptHash, zeroHash, type EventHeader } from "../../../crypto/wire/event.ts";
import {
  encodeControl,
  type Accepted,
  type Control,
  type Deliver,
  type EventKind,
  type Member,
} from "../../../crypto/wire/frame.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../../crypto/wire/ids.ts";
import { ecKeyBytes } from "../../../crypto/wire/key-sizes.ts";
import { isMembershipKind } from "../../../crypto/wire/receipt-checks.ts";
import { encodeReceipt, receiptBytes, type LogPoint } from "../../../crypto/wire/receipt.ts";
import {
  membersBytes,
  creationBytes,
  deviceRecordBytes,
} from "../../../crypto/wire/signed-records.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

export const account = {
  tenant: newId<TenantId>(),
  user: newId<UserId>(),
  role: "agent",
  displayName: undefined,
  device: newId<DeviceId>(),
  registered: 1,
};
export const conversation = newId<ConversationId>();
/** What the tenant told the device: authors may revise a message for a minute. */
export const limits = {
  keyMaxMessages: 100,
  limits: { keyMaxMessages: 100, longestRevisionMs: 60_000, revisionMs: 60_000 },
};
export const deviceKey = generateSigningKey();
export const receiptKey = generateSigningKey();
const accountKey = generateSigningKey();

/** This device, as its account certified it. */
const signer: NonNullable<Control["signer"]> = {
  user: account.user,
  accountKey: accountKey.publicKey,
  deviceKey: deviceKey.publicKey,
  identityKey: new Uint8Array(ecKeyBytes),
  receiptKey: receiptKey.publicKey,
  certificate: new Uint8Array(64),
};
const deviceRecord = { ...signer, tenant: account.tenant, device: account.device };
signer.certificate.set(sign(deviceRecordBytes(deviceRecord), deviceKey.privateKey));
/** A certificate of this device's account. Its signature is none: see `authority` below. */
const staffCertificate = { text: new Uint8Array(1), signature: new Uint8Array(64) };
export const authority = {
  openAt: () =>
    Promise.resolve({
      tenant: account.tenant,
      user: account.user,
      accountKey: accountKey.publicKey,
      role: "agent",
      teams: [],
      fromMs: 0,
      untilMs: 1,
      authority: zeroHash,
    }),
};

/** A device that signs an act. */
interface Acting {
  readonly user: UserId;
  readonly device: DeviceId;
  /** Of its receipt key. */
  readonly privateKey: Uint8Array;
}

/** A receipt for an event of a kind that has one. */
function receiptOf(
  kind: EventKind,
  after: LogPoint,
  { epoch, subject, members }: Pick<Control, "epoch" | "subject" | "members">,
  by: Acting = { ...account, privateKey: receiptKey.privateKey },
): Control["receipt"] {
  if (!isMembershipKind(kind)) return undefined;
  const { tenant } = account;
  const { user: actor, device: actorDevice } = by;
  const text = encodeReceipt({
    type: "membership",
    version: 1,
    id: newId(),
    tenant,
    conversation,
    kind,
    actor,
    actorDevice,
    subject,
    epoch,
    members: sha256(membersBytes(members)),
    after,
    atMs: 1,
  });
  return { text, signature: sign(receiptBytes(text), by.privateKey) };
}

/** The record that this device signed when it began the conversation. */
export function creationRecord(): NonNullable<Control["creation"]> {
  const { tenant, user, device } = account;
  const suite = "signal-v1";
  const users = [user];
  const record = creationBytes({ tenant, conversation, suite, device, users });
  const creator = {
    user,
    accountKey: zeroHash,
    deviceKey: deviceKey.publicKey,
    identityKey: new Uint8Array(ecKeyBytes),
    receiptKey: zeroHash,
    certificate: new Uint8Array(64),
  };
  return { suite, device, signature: sign(record, deviceKey.privateKey), creator, users };
}

/**
 * A relay's log of one conversation with one member, as a double. Numbers and hashes are correct.
 */
export class LogDouble {
  #seq = 0;
  #hash = zeroHash;
  /** The time of the next events, in milliseconds since the Unix epoch. */
  nowMs = 1_000;

  /** The same log as it is now, in a backup. */
  copy(): LogDouble {
    const copied = new LogDouble();
    [copied.#seq, copied.#hash, copied.nowMs] = [this.#seq, this.#hash, this.nowMs];
    return copied;
  }

  #append(kind: EventKind, fields: Partial<Deliver>): Deliver {
    const header: EventHeader = {
      conversation,
      seq: ++this.#seq,
      kind,
      senderDevice: account.device,
      epoch: 1,
      keyId: nilUuid,
      clientMessageId: nilId<MessageId>(),
      receivedAtMs: this.nowMs + this.#seq,
      ...fields,
    };
    const { ciphertext = new Uint8Array(0), commitment = zeroHash } = fields;
    const previousHash = this.#hash;
    this.#hash = transcriptHash(sha256, previousHash, header, ciphertext, commitment);
    return {
      ...header,
      ciphertext,
      commitment,
      frankingTag: zeroHash,
      transcriptHash: this.#hash,
      packet: undefined,
      previousHash,
    };
  }

  created(): Deliver {
    const { user, device } = account;
    const creation = creationRecord();
    const members = [{ user, role: "agent", devices: [device] }];
    const content = { epoch: 1, actor: user, subject: user, members, creation };
    const receipt = receiptOf("created", { seq: 0, hash: zeroHash }, content);
    const control = { ...content, receipt, signer: undefined, staffCertificate: undefined };
    return this.#append("created", { ciphertext: encodeControl(control) });
  }

  closed(): Deliver {
    return this.changed("closed", account.user, [], 1);
  }

  /** A closing by somebody else's device. */
  closedBy(by: Acting, others: readonly Member[], epoch: number): Deliver {
    const { user, device } = account;
    const members = [{ user, role: "agent", devices: [device] }, ...others];
    const content = { epoch, actor: by.user, subject: by.user, members, creation: undefined };
    const receipt = receiptOf("closed", { seq: this.#seq, hash: this.#hash }, content, by);
    const ciphertext = encodeControl({
      ...content,
      receipt,
      signer: undefined,
      staffCertificate: undefined,
    });
    return this.#append("closed", { epoch, senderDevice: by.device, ciphertext });
  }

  /**
   * A change of the members.
   * @param others the members beside this one, after the change
   * @param creation the creation record, if the event has it
   */
  changed(
    kind: EventKind,
    subject: UserId,
    others: readonly Member[],
    epoch: number,
    creation?: Control["creation"],
  ): Deliver {
    const { user, device } = account;
    const leaves = kind === "member_removed" && subject === user;
    const members = [...(leaves ? [] : [{ user, role: "agent", devices: [device] }]), ...others];
    const actor = kind.startsWith("member_") ? user : subject;
    const content = { epoch, actor, subject, members, creation };
    const receipt = receiptOf(kind, { seq: this.#seq, hash: this.#hash }, content);
    const control = { ...content, receipt, signer, staffCertificate };
    return this.#append(kind, { epoch, ciphertext: encodeControl(control) });
  }

  /** A membership event with content of any form. */
  unusual(ciphertext: Uint8Array): Deliver {
    return this.#append("member_added", { epoch: 2, ciphertext });
  }

  /** @param changes how the event differs from what the device sealed */
  message(clientMessageId: MessageId, sealing: Sealing, changes: Partial<Deliver> = {}): Deliver {
    const { epoch, keyId, ciphertext, commitment } = sealing;
    const sealed = { clientMessageId, epoch, keyId, ciphertext, commitment };
    return this.#append("message", { ...sealed, ...changes });
  }
}

export const acceptedOf = ({
  seq,
  clientMessageId,
  receivedAtMs,
  transcriptHash: hash,
}: Deliver): Accepted => ({
  conversation,
  clientMessageId,
  seq,
  receivedAtMs,
  transcriptHash: hash,
  frankingTag: zeroHash,
});
