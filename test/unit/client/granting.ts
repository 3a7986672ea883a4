/** A conversation's log, and a newcomer to whom parts of it are granted. */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import {
  itemsOf,
  readHistory,
  saveRecord,
  type HistoryRecord,
  type Problem,
} from "../../../client/conversation/history.ts";
import { HistoryImporter } from "../../../client/history/history-importer.ts";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { noHistory, type KeyHistory } from "../../../client/key-log/key-history.ts";
import { incomingJob, putIncoming } from "../../../client/history/incoming-job.ts";
import { sealAttachment } from "../../../crypto/device/attachments/seal-attachment.ts";
import { signMessage } from "../../../crypto/device/authorship.ts";
import { certifiedToFields } from "../../../crypto/device/certified-fields.ts";
import { commit } from "../../../crypto/device/franking.ts";
import { packEntry, packHead, type GrantedMessage } from "../../../crypto/device/history-pack.ts";
import type { CertifiedDevice } from "../../../crypto/device/identity.ts";
import { encodePayload, type Payload } from "../../../crypto/device/payload.ts";
import { attachmentToFields } from "../../../crypto/device/payload-body.ts";
import {
  createSigner,
  generateSigningKey,
  ready,
  sha256,
  sign,
} from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { concat } from "../../../crypto/wire/bytes.ts";
import { linkHash, nilUuid, zeroHash, type EventHeader } from "../../../crypto/wire/event.ts";
import { encodeControl, type Control, type Member } from "../../../crypto/wire/frame.ts";
import { encodeReceipt, type HistoryGrant } from "../../../crypto/wire/receipt.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  membersBytes,
  type DeviceRecord,
} from "../../../crypto/wire/signed-records.ts";
import {
  nilId,
  type AttachmentId,
  type ConversationId,
  type DeviceId,
  type GrantId,
  type MessageId,
  type TenantId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { ManualClock } from "./manual-clock.ts";

await ready;

const conversation = newId<ConversationId>();
const tenant = newId<TenantId>();
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
    kind: "created" | "device_added" | "device_removed",
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
        kind === "device_removed"
          ? undefined
          : {
              suite: "signal-v1",
              device: by.id,
              signature: new Uint8Array(64),
              creator: undefined,
              users,
            },
      receipt: kind === "created" ? this.#receipt(by, members, epoch) : undefined,
      signer: undefined,
      staffCertificate: undefined,
    };
    const encoded = encodeControl(control);
    const senderDevice = kind === "created" ? by.id : nilId<DeviceId>();
    const header = { kind, senderDevice, epoch, clientMessageId: nilId<MessageId>() };
    return this.#append({ ...header, commitment: zeroHash, control: encoded }, sha256(encoded));
  }

  #receipt(by: Author, members: readonly Member[], epoch: number): Control["receipt"] {
    const text = encodeReceipt({
      type: "membership",
      version: 1,
      id: newId(),
      tenant,
      conversation,
      kind: "created",
      actor: by.user,
      actorDevice: by.id,
      subject: by.user,
      epoch,
      members: sha256(membersBytes(members)),
      after: { seq: 0, hash: zeroHash },
      atMs: 1,
    });
    return { text, signature: new Uint8Array(64) };
  }

  /** Answers as the server does. */
  readLinks(_conversation: string, _grant: string, until: number) {
    const first = Math.max(this.gone + 1, until - 255);
    const links = this.links.slice(first - 1, until);
    const previousHash = links.length === 0 ? undefined : this.hashes[first - 1];
    return Promise.resolve({ links, previousHash });
  }
}

/** The approvals of first devices, by their account keys. */
const approvals = new Map<DeviceRecord, Uint8Array>();

/** The certificate of a device, under an account key of its user. */
export function certificateOf(
  { id: device, user, key }: Author,
  accountKey = generateSigningKey(),
): CertifiedDevice {
  const record = {
    tenant,
    user,
    device,
    accountKey: accountKey.publicKey,
    deviceKey: key.publicKey,
    identityKey: new Uint8Array(33),
    receiptKey: key.publicKey,
  };
  const approval = deviceApprovalBytes({ ...record, approvedBy: undefined });
  approvals.set(record, sign(approval, accountKey.privateKey));
  return { record, signature: sign(deviceRecordBytes(record), key.privateKey) };
}

/** What the key log says of a user to whose account these devices came. */
function keyHistoryOf(...devices: readonly CertifiedDevice[]): KeyHistory {
  const entries = devices.map(({ record, signature: certificate }, index) => ({
    change: "device_added" as const,
    version: index + 1,
    record,
    certificate,
    list: undefined,
    approval: { device: undefined, signature: approvals.get(record) ?? new Uint8Array(64) },
  }));
  return { ...noHistory, entries, arrivals: approvedArrivals(entries) };
}

/**
 * A newcomer that became a member after the whole log, and has checked these devices.
 * @param logged the devices of the key log
 */
export async function newcomer(
  log: GrantedLog,
  known: readonly Author[],
  logged: readonly CertifiedDevice[] = [],
) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const entry = log.place(await say(deviceOf(), ""));
  log.packed.pop();
  await store.transact(async (transaction) =>
    saveRecord(transaction, conversation, entry, recordAt(log.hashes[entry]!)),
  );
  const packs = new Map<string, Uint8Array>();
  const problems: unknown[] = [];
  const asked: UserId[] = [];
  const importer = new HistoryImporter({
    store,
    account,
    api: log,
    trust: {
      device(id: DeviceId) {
        const author = known.find((each) => each.id === id);
        const receiptKey = author?.key.publicKey;
        return author && receiptKey && { user: author.user, deviceKey: receiptKey, receiptKey };
      },
      historyOf(user: UserId) {
        asked.push(user);
        return Promise.resolve(
          keyHistoryOf(...logged.filter(({ record }) => record.user === user)),
        );
      },
    } as never,
    uploads: {
      read: (id: string) =>
        Promise.resolve({
          status: 200,
          body: new Blob([packs.get(id)! as never]).stream(),
        }) as never,
    },
    clock: new ManualClock(),
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onProblem: (_conversation, { seq, code }) => problems.push([seq, code]),
  });

  /** Grants a range with these messages; by default with all that were said in it. */
  async function grant(
    fromSeq: number,
    toSeq: number,
    messages = log.packed,
    authors: readonly CertifiedDevice[] = [],
  ): Promise<void> {
    const id = newId<GrantId>();
    const isInRange = ({ seq }: GrantedMessage) => seq >= fromSeq && seq <= toSeq;
    const entries = messages.filter(isInRange).flatMap((message) => {
      const { senderDevice } = log.links[message.seq - 1]!;
      const named = authors.filter(({ record }) => record.device === senderDevice);
      return [
        ...named.map((author) => packEntry({ kind: "author", author: certifiedToFields(author) })),
        packEntry({ kind: "message", message }),
      ];
    });
    const { sealed, bytes } = await seal(concat(packHead(id), ...entries));
    packs.set(sealed.id, bytes);
    const attachment = attachmentToFields({ ...sealed, name: "", mediaType: "" });
    const receipt = {
      id,
      conversation,
      grantor: newId<UserId>(),
      fromSeq,
      toSeq,
      fromHash: log.hashes[fromSeq]!,
      toHash: log.hashes[toSeq]!,
    } as HistoryGrant;
    await store.transact(async (transaction) =>
      putIncoming(transaction, incomingJob(receipt, entry, [attachment])),
    );
    await importer.take(id);
  }

  /** What is shown before its own first event: texts and the codes of problems. */
  async function shown(): Promise<readonly (readonly [number, ...string[]])[]> {
    const records = await store.read((each) => readHistory(each, conversation, 0, 1000));
    return records
      .filter(([seq]) => seq < entry)
      .map(([seq, record]) => [
        seq,
        ...itemsOf(seq, record, account).map((item) =>
          item.kind === "message" ? item.text : item.kind === "problem" ? item.code : item.kind,
        ),
      ]);
  }
  const keys = async () => (await store.read((each) => each.list("link!"))).map(([key]) => key);
  return { store, grant, shown, problems, keys, asked };
}

async function seal(plaintext: Uint8Array) {
  const sealing = sealAttachment(newId<AttachmentId>(), once(plaintext), 16 * 1024 * 1024);
  const pieces: Uint8Array[] = [];
  for (;;) {
    const next = await sealing.next();
    if (next.done === true) return { sealed: next.value, bytes: concat(...pieces) };
    pieces.push(next.value);
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** A message that a device could not open, or its first event. */
export const recordAt = (
  transcriptHash: Uint8Array,
  ...codes: readonly Problem["code"][]
): HistoryRecord => ({
  kind: "message",
  senderDevice: nilId(),
  sender: undefined,
  clientMessageId: nilId<MessageId>(),
  epoch: 1,
  receivedAtMs: 1,
  transcriptHash,
  text: undefined,
  attachment: undefined,
  restored: undefined,
  arrived: [],
  departed: [],
  enters: false,
  payload: undefined,
  frankingKey: undefined,
  signature: undefined,
  frankingTag: zeroHash,
  control: undefined,
  problems: codes.map((code) => ({ code, user: undefined })),
  gap: undefined,
  device: undefined,
  grantedBy: undefined,
});
