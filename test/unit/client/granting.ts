/** A newcomer to whom parts of a conversation's log are granted. */
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
import { incomingJob, putIncoming } from "../../../client/history/incoming-job.ts";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { deviceChecks } from "../../../client/key-log/checks.ts";
import { noHistory, type KeyHistory } from "../../../client/key-log/key-history.ts";
import { sealAttachment } from "../../../crypto/device/attachments/seal-attachment.ts";
import { certifiedToFields } from "../../../crypto/device/certified-fields.ts";
import { packEntry, packHead, type GrantedMessage } from "../../../crypto/device/history-pack.ts";
import type { CertifiedDevice } from "../../../crypto/device/identity.ts";
import { attachmentToFields } from "../../../crypto/wire/payload-body.ts";
import { generateSigningKey, sign } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { concat } from "../../../crypto/wire/bytes.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import {
  nilId,
  type AttachmentId,
  type DeviceId,
  type GrantId,
  type MessageId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import type { HistoryGrant } from "../../../crypto/wire/receipt.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  type DeviceRecord,
} from "../../../crypto/wire/signed-records.ts";
import {
  openStaffCertificate,
  type SignedStaffCertificate,
} from "../../../crypto/wire/staff-certificate.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import {
  account,
  conversation,
  deviceOf,
  say,
  tenant,
  type Author,
  type GrantedLog,
} from "./granted-log.ts";
import { ManualClock } from "./manual-clock.ts";

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

/** The tenant's authority. */
export const authorityKey = generateSigningKey();
const authority = {
  openAt: (signed: SignedStaffCertificate) => {
    const { publicKey } = authorityKey;
    const certificate = openStaffCertificate(signed, publicKey, deviceChecks.verifyEd25519);
    return Promise.resolve(certificate && { ...certificate, authority: publicKey });
  },
};

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
    authority,
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
  about: undefined,
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
