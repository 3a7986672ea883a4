/** A conversation as an archiver keeps it: made of real hashes, commitments and signatures, without a server. */
import { hash, randomBytes } from "node:crypto";
import type { Recorded } from "../../archiver/prove/recorded-heads.ts";
import type { People } from "../../archiver/prove/check-conversation.ts";
import type { ArchivedEvent } from "../../archiver/records/archived-event.ts";
import { signMessage } from "../../crypto/device/authorship.ts";
import { commit } from "../../crypto/device/franking.ts";
import { encodePayload, type Body } from "../../crypto/wire/payload.ts";
import { generateSigningKey, sign, type SigningKeyPair } from "../../crypto/device/sodium.ts";
import { toHex } from "../../crypto/wire/bytes.ts";
import { linkHash, nilUuid, zeroHash } from "../../crypto/wire/event.ts";
import { encodeControl, type EventKind, type Member } from "../../crypto/wire/frame.ts";
import type {
  ConversationId,
  DeviceId,
  MessageId,
  TenantId,
  UserId,
} from "../../crypto/wire/ids.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";
import { newId } from "../../tools/testkit/ids.ts";

const sha256 = (input: Uint8Array): Uint8Array => hash("sha256", input, "buffer");
const tenant = newId<TenantId>();

/** A member with one device. */
export interface Person extends Member {
  readonly device: DeviceId;
  readonly keys: SigningKeyPair;
}

/** Makes a member. Wait for `ready` of libsodium before. */
export function newPerson(role: string): Person {
  const device = newId<DeviceId>();
  return { user: newId<UserId>(), role, devices: [device], device, keys: generateSigningKey() };
}

/** Returns what the key log shows of the devices of people. */
export const devicesOf = (people: readonly Person[]): ReadonlyMap<DeviceId, DeviceRecord> =>
  new Map(
    people.map(({ user, device, keys: { publicKey } }) => {
      const keys = { accountKey: publicKey, deviceKey: publicKey, receiptKey: publicKey };
      return [device, { tenant, user, device, ...keys, identityKey: new Uint8Array(33) }];
    }),
  );

/** Writes the log of a conversation whose archiver is `archiver`. */
export class ArchivedConversation {
  readonly id = newId<ConversationId>();
  readonly events: ArchivedEvent[] = [];
  readonly archiver = newPerson("archiver");
  readonly #people = new Set<Person>([this.archiver]);

  /** Adds an event that changes the members. @param subject who comes or leaves */
  change(kind: Exclude<EventKind, "message">, subject: Person, members: readonly Person[]): void {
    for (const person of members) this.#people.add(person);
    const list = members.map(({ user, role, devices }) => ({ user, role, devices }));
    const act = { epoch: 1, actor: subject.user, subject: subject.user, members: list };
    const none = { creation: undefined, receipt: undefined, signer: undefined };
    const control = encodeControl({ ...act, ...none, staffCertificate: undefined });
    this.#append(kind, subject.device, sha256(control), zeroHash, { control });
  }

  /** Adds a message. @param more fields of the archive, such as its file */
  async say(by: Person, body: Body, more: Partial<ArchivedEvent> = {}): Promise<ArchivedEvent> {
    const last = this.events.at(-1);
    const lastSeen = { seq: last?.seq ?? 0, transcriptHash: last?.transcriptHash ?? zeroHash };
    const clientMessageId = newId<MessageId>();
    const place = { conversation: this.id, senderDevice: by.device, epoch: 1, clientMessageId };
    const payload = encodePayload({ ...place, lastSeen, body });
    const frankingKey = randomBytes(32);
    const commitment = commit(frankingKey, payload);
    const signer = (bytes: Uint8Array) => Promise.resolve(sign(bytes, by.keys.privateKey));
    const author = { tenant, user: by.user, sign: signer };
    const signature = await signMessage(place, commitment, author);
    return this.#append("message", by.device, sha256(payload), commitment, {
      clientMessageId,
      sender: by.user,
      content: { payload, frankingKey, signature },
      ...more,
    });
  }

  /** Returns what the audit log says if it has the hashes of these events. */
  recorded(seqs: readonly number[], more: Partial<Recorded> = {}): Recorded {
    const heads = this.events
      .filter(({ seq }) => seqs.includes(seq))
      .map(({ seq, transcriptHash }) => ({ seq, hash: toHex(transcriptHash) }));
    return { heads, joined: [1], left: [], ...more };
  }

  people(): People {
    return { archiver: this.archiver.user, devices: devicesOf([...this.#people]) };
  }

  #append(
    kind: EventKind,
    senderDevice: DeviceId,
    digest: Uint8Array,
    commitment: Uint8Array,
    more: Partial<ArchivedEvent>,
  ): ArchivedEvent {
    const seq = this.events.length + 1;
    const previousHash = this.events.at(-1)?.transcriptHash ?? zeroHash;
    const ids = { keyId: nilUuid, clientMessageId: newId<MessageId>() };
    const header = { seq, kind, senderDevice, epoch: 1, ...ids, receivedAtMs: 1_000 * seq };
    const fields = { ...header, ...more };
    const covered = { ...fields, conversation: this.id };
    const transcriptHash = linkHash(sha256, previousHash, covered, digest, commitment);
    const hashes = { digest, commitment, previousHash, frankingTag: zeroHash };
    const event: ArchivedEvent = {
      type: "event",
      ...fields,
      ...hashes,
      problems: [],
      transcriptHash,
    };
    this.events.push(event);
    return event;
  }
}
