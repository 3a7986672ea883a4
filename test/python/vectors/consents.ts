import { nodeChecks } from "../../../audit/node-checks.ts";
import { checkpointText } from "../../../audit/verify/checkpoint.ts";
import {
  formatConsentReceipt,
  verifyConsentReceipt,
} from "../../../audit/verify/consent-receipt.ts";
import {
  assertSignature,
  formatNote,
  formatVkey,
  keyIdOf,
  KEY_TYPES,
  parseNote,
  parseVkey,
} from "../../../audit/verify/note.ts";
import { formatTlogProof } from "../../../audit/verify/tlog-proof.ts";
import { leafHash, nodeHash } from "../../../audit/verify/tree-hash.ts";
import { sha256, sign, verifySignature } from "../../../crypto/device/sodium.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import {
  consentBytes,
  decodeConsent,
  encodeConsent,
  type ConsentRecord,
  type GivenConsent,
} from "../../../crypto/wire/consent-record.ts";
import { parseStatement, statementText } from "../../../crypto/wire/consent-statement.ts";
import type { ConsentId, DeviceId } from "../../../crypto/wire/ids.ts";
import { encodeKeyEntry } from "../../../crypto/wire/key-entry.ts";
import { decodeView, encodeView, noticeBytes, viewBytes } from "../../../crypto/wire/notice.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  type DeviceRecord,
} from "../../../crypto/wire/signed-records.ts";
import { conversation, device, record as certified, tenant, user } from "./devices.ts";
import {
  bytesOf,
  describeFormat,
  eachFlipped,
  hex,
  keyOf,
  signedBy,
  unhex,
  uuidOf,
} from "./format.ts";
import { resigned, textOf } from "./texts.ts";

const notice = {
  tenant,
  version: 3,
  language: "de",
  controller: "Klinik am See, datenschutz@klinik.example",
  text: "# Datenschutz\n\nWir antworten Ihnen.",
};
const ref = { version: 3, language: "de", digest: sha256(noticeBytes(notice)) };
const atMs = 1_767_571_200_123;
const given: GivenConsent = {
  version: 1,
  id: uuidOf<ConsentId>("consent"),
  tenant,
  user,
  device,
  conversation,
  purpose: "archiving",
  state: "given",
  lawfulBasis: "explicit_consent",
  notice: ref,
  expiresAtMs: atMs + 86_400_000,
  previous: { number: 4, digest: bytesOf("previous") },
  atMs,
};
const withdrawn: ConsentRecord = {
  version: 1,
  id: uuidOf<ConsentId>("withdrawal"),
  tenant,
  user,
  device,
  conversation: undefined,
  purpose: "archiving",
  state: "withdrawn",
  previous: { number: 0, digest: new Uint8Array(32) },
  atMs,
};
const receiptKey = hex(keyOf("receipt").publicKey);

/** A signature of the receipt key over a text after a label. */
const signing = (label: string) => (text: string) =>
  hex(signedBy("receipt", utf8(`${label}${text}`)));

function opened(signed: Uint8Array, input: { receiptKey: string; signature: string }): void {
  if (!verifySignature(signed, unhex(input.signature), unhex(input.receiptKey)))
    throw new Error("the signature is wrong");
}

export function consentRecords() {
  const signText = signing("sealdesk/consent/v1");
  const inputOf = (record: ConsentRecord) => {
    const text = textOf(encodeConsent(record));
    return { text, receiptKey, signature: signText(text) };
  };
  const input = inputOf(given);
  const changed = (from: string, to: string) => {
    const text = input.text.replace(from, to);
    return { ...input, text, signature: signText(text) };
  };
  return describeFormat({
    name: "consent-record",
    defined: "docs/crypto.md#consents",
    accepted: [
      { name: "a consent in a conversation", input },
      {
        name: "a consent for the account that does not expire",
        input: inputOf({ ...given, conversation: undefined, expiresAtMs: undefined }),
      },
      { name: "a withdrawal for the account", input: inputOf(withdrawn) },
    ],
    refused: [
      ...eachFlipped(input, ["receiptKey", "signature"]),
      ...resigned(input, signText),
      { name: "another purpose", input: changed("archiving", "marketing") },
      { name: "another basis", input: changed("explicit_consent", "legitimate_interest") },
      { name: "a state that there is not", input: changed('"given"', '"refused"') },
      { name: "another version", input: changed('"version":1}', '"version":2}') },
      { name: "an end before it begins", input: inputOf({ ...given, expiresAtMs: atMs }) },
      {
        name: "a withdrawal that names a notice",
        input: changed('"state":"given"', '"state":"withdrawn"'),
      },
      {
        name: "another label",
        input: { ...input, signature: signing("sealdesk/receipt/v1")(input.text) },
      },
    ],
    open(asked) {
      const text = utf8(asked.text);
      opened(consentBytes(text), asked);
      const { id, state } = decodeConsent(text);
      return { id, state, digest: hex(sha256(text)) };
    },
  });
}

export function notices() {
  const input = { ...notice, digest: hex(ref.digest) };
  return describeFormat({
    name: "notice",
    defined: "docs/crypto.md#notices",
    accepted: [{ name: "a notice", input }],
    refused: [
      ...eachFlipped(input, ["digest", "tenant", "version"]),
      { name: "another language", input: { ...input, language: "en" } },
      { name: "another controller", input: { ...input, controller: "Somebody else" } },
      { name: "another text", input: { ...input, text: `${notice.text} ` } },
    ],
    open({ digest, ...said }) {
      if (hex(sha256(noticeBytes(said))) !== digest) throw new Error("another digest");
      return { digest };
    },
  });
}

export function noticeViews() {
  const signText = signing("sealdesk/notice-view/v1");
  const view = { version: 1, tenant, user, device, notice: ref, atMs } as const;
  const text = textOf(encodeView(view));
  const input = { text, receiptKey, signature: signText(text) };
  return describeFormat({
    name: "notice-view",
    defined: "docs/crypto.md#notices",
    accepted: [{ name: "a view", input }],
    refused: [...eachFlipped(input, ["receiptKey", "signature"]), ...resigned(input, signText)],
    open(asked) {
      const bytes = utf8(asked.text);
      opened(viewBytes(bytes), asked);
      const found = decodeView(bytes);
      return { version: found.notice.version, language: found.notice.language };
    },
  });
}

const origin = "desk.example/keys/t/demo";
const auditOrigin = "desk.example/audit/t/demo";
const publicKey = keyOf("log").publicKey;

function noteOf(name: string, text: string, signer = "log"): string {
  const key = { name, type: KEY_TYPES.ed25519, publicKey };
  const signature = sign(utf8(text), keyOf(signer).privateKey);
  return formatNote(text, [{ name, keyId: keyIdOf(nodeChecks.sha256, key), signature }]);
}

const vkeyOf = (name: string): string =>
  formatVkey(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey });

export function consentStatements() {
  const statement = {
    version: 1,
    tenant,
    user,
    conversation,
    purpose: "archiving",
    chain: { number: 6, digest: bytesOf("head") },
    decidedBy: { number: 5, digest: sha256(encodeConsent(given)) },
    inForce: true,
    nonce: bytesOf("nonce"),
    atMs,
    untilMs: atMs + 50_000,
  } as const;
  const [vkey, text] = [vkeyOf(origin), statementText(statement)];
  const input = { vkey, note: noteOf(origin, text) };
  const signed = (changed: string) => ({ vkey, note: noteOf(origin, changed) });
  return describeFormat({
    name: "consent-statement",
    defined: "docs/crypto.md#statements-about-a-consent",
    accepted: [
      { name: "a consent in force", input },
      {
        name: "nothing was said",
        input: signed(statementText({ ...statement, decidedBy: undefined, inForce: false })),
      },
    ],
    refused: [
      { name: "signed by another key", input: { vkey, note: noteOf(origin, text, "witness") } },
      { name: "another text", input: { vkey, note: input.note.replace("archiving", "analytics") } },
      { name: "another first line", input: signed(text.replace("statement/v1", "statement/v2")) },
      {
        name: "valid for too long",
        input: signed(statementText({ ...statement, untilMs: atMs + 50_001 })),
      },
      {
        name: "over before it began",
        input: signed(statementText({ ...statement, untilMs: atMs - 1 })),
      },
      {
        name: "in force by no record",
        input: signed(statementText({ ...statement, decidedBy: undefined })),
      },
      { name: "a space", input: signed(text.replace(":", ": ")) },
      {
        name: "a checkpoint",
        input: signed(checkpointText({ origin, size: 1, root: bytesOf("root") })),
      },
    ],
    open(asked) {
      const note = parseNote(asked.note);
      assertSignature(nodeChecks, note, parseVkey(nodeChecks.sha256, asked.vkey));
      const { inForce, untilMs } = parseStatement(note.text);
      return { inForce, untilMs };
    },
  });
}

/** The first device of the account. */
const firstDevice: DeviceRecord = {
  ...certified,
  device: uuidOf<DeviceId>("first device"),
  deviceKey: keyOf("first device").publicKey,
};

/** The entry by which a device came to the account, approved with the key of this name. */
function arrivalOf(
  entered: DeviceRecord,
  own: string,
  by: { readonly key: string; readonly device?: DeviceId },
): Uint8Array {
  const signed = deviceApprovalBytes({ ...entered, approvedBy: by.device });
  return encodeKeyEntry({
    change: "device_added",
    version: by.device === undefined ? 1 : 2,
    record: entered,
    certificate: signedBy(own, deviceRecordBytes(entered)),
    list: undefined,
    approval: { device: by.device, signature: signedBy(by.key, signed) },
  });
}

const first = arrivalOf(firstDevice, "first device", { key: "account" });
const bySibling = { key: "first device", device: firstDevice.device };
const arrivals = [first, arrivalOf(certified, "device", bySibling)];

/** A receipt whose audit entry says what `details` say. */
function receiptOf(
  record: ConsentRecord,
  changes: { entry?: object; text?: string; devices?: Uint8Array[] } = {},
): string {
  const text = encodeConsent(record);
  const entry = utf8(
    JSON.stringify({
      action: `consent.${record.state}`,
      actor: { id: user },
      details: { consent: record.id, record: hex(sha256(text)) },
      occurredAtMs: atMs,
      outcome: "success",
      tenant,
      ...changes.entry,
    }),
  );
  const other = leafHash(nodeChecks.sha256, utf8("{}"));
  const root = nodeHash(nodeChecks.sha256, leafHash(nodeChecks.sha256, entry), other);
  const checkpoint = noteOf(auditOrigin, checkpointText({ origin: auditOrigin, size: 2, root }));
  return formatConsentReceipt({
    record: text,
    signature: signedBy("receipt", consentBytes(text)),
    devices: changes.devices ?? arrivals,
    notice: record.state === "given" ? { ...notice, text: changes.text ?? notice.text } : undefined,
    entry,
    proof: formatTlogProof({ index: 0, proof: [other], checkpoint }),
  });
}

export function consentReceipts() {
  const vkey = vkeyOf(auditOrigin);
  const of = (receipt: string) => ({ vkey, receipt });
  const receipt = receiptOf(given);
  const replaced = (from: RegExp | string, to: string) => of(receipt.replace(from, to));
  const details = { consent: given.id, record: hex(bytesOf("another record")) };
  return describeFormat({
    name: "consent-receipt",
    defined: "docs/crypto.md#receipts-of-consents",
    accepted: [
      { name: "a consent", input: of(receipt) },
      { name: "a withdrawal", input: of(receiptOf(withdrawn)) },
    ],
    refused: [
      { name: "another format", input: replaced("receipt/v1", "receipt/v2") },
      {
        name: "an entry about another record",
        input: of(receiptOf(given, { entry: { details } })),
      },
      {
        name: "an entry about a withdrawal",
        input: of(receiptOf(given, { entry: { action: "consent.withdrawn" } })),
      },
      { name: "a refusal", input: of(receiptOf(given, { entry: { outcome: "refused" } })) },
      {
        name: "an entry by somebody else",
        input: of(receiptOf(given, { entry: { actor: { id: device } } })),
      },
      { name: "another notice", input: of(receiptOf(given, { text: "We sell it." })) },
      { name: "another place in the log", input: replaced("index 0", "index 1") },
      { name: "another signer", input: of(receiptOf(given, { devices: [first] })) },
      { name: "no device", input: of(receiptOf(given, { devices: [] })) },
      {
        name: "a device that the account did not approve",
        input: of(
          receiptOf(given, { devices: [arrivalOf(certified, "device", { key: "device" })] }),
        ),
      },
      {
        name: "a device that a stranger approved",
        input: of(
          receiptOf(given, {
            devices: [first, arrivalOf(certified, "device", { ...bySibling, key: "stranger" })],
          }),
        ),
      },
      {
        name: "a device without the one that approved it",
        input: of(receiptOf(given, { devices: arrivals.slice(1) })),
      },
      {
        name: "a device whose keys somebody else certified",
        input: of(
          receiptOf(given, { devices: [first, arrivalOf(certified, "first device", bySibling)] }),
        ),
      },
      { name: "another log", input: { vkey: vkeyOf(origin), receipt } },
    ],
    open(asked) {
      const key = parseVkey(nodeChecks.sha256, asked.vkey);
      const { record, countersignedAtMs } = verifyConsentReceipt(nodeChecks, asked.receipt, key);
      return { id: record.id, state: record.state, countersignedAtMs };
    },
  });
}
