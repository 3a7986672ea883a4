import { signCertificate } from "../../audit/sign-certificate.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { toBase64 } from "../../audit/verify/base64.ts";
import {
  CERTIFICATE_TYPE,
  type CertificateBody,
} from "../../audit/verify/certificate/certificate.ts";
import { rangeRoots } from "../../audit/verify/log-source.ts";
import { inclusionProof } from "../../audit/verify/proofs.ts";
import { fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import { parseId } from "../../crypto/wire/ids.ts";
import { MemoryLog } from "./memory-log.ts";

export const TENANT_LOG = "desk.example/audit/t/demo";
const idOf = (number: number) =>
  parseId(`01930000-0000-7000-8000-${number.toString().padStart(12, "0")}`) as never;

/** Fields of the entry at an index of the log. */
export type EntryChanges = Readonly<Record<number, Readonly<Record<string, CanonicalValue>>>>;

/**
 * Entry 3 destroys keys of a conversation, and entry 7 forgets the account. The others destroy keys
 * of other people.
 */
function entryAt(index: number, changes: EntryChanges = {}): string {
  const keysOf = (subject: string, conversation: string) => ({
    action: "keys.destroy",
    resource: { type: "subject_keys", id: subject },
    subject,
    details: { scopes: [[conversation, 689]] },
  });
  const account = { action: "erasure.account", resource: { type: "case", id: idOf(2) } };
  const about = { 3: keysOf(idOf(3), idOf(11)), 7: { ...account, subject: idOf(3) } }[index];
  return canonicalJson({
    eventId: idOf(100 + index),
    tenant: idOf(1),
    outcome: "success",
    ...(about ?? keysOf(idOf(50 + index), idOf(60 + index))),
    ...changes[index],
  });
}

/** Ten entries. Entry n has the event id 100 + n. */
export const tenantLogEntries = (changes?: EntryChanges): readonly Uint8Array[] =>
  Array.from({ length: 10 }, (_, index) => utf8(entryAt(index, changes)));

/** A log of these entries. */
export function tenantLog(name = TENANT_LOG, changes?: EntryChanges): MemoryLog {
  const log = new MemoryLog(name);
  log.append(tenantLogEntries(changes));
  return log;
}

/** What a certificate about a conversation and an account says. Entries 3 and 7 of the log prove it. */
export async function certificateBody(
  log: MemoryLog,
  changes?: EntryChanges,
): Promise<CertificateBody> {
  const { size } = log.head;
  const roots = rangeRoots(nodeChecks.sha256, log, size);
  const entries = await Promise.all(
    [3, 7].map(async (index) => ({
      entry: entryAt(index, changes),
      index,
      proof: (await inclusionProof(roots, index, size)).map(toBase64),
    })),
  );
  return {
    type: CERTIFICATE_TYPE,
    tenant: idOf(1),
    case: idOf(2),
    subject: idOf(3),
    law: "GDPR Article 17(1)",
    receivedAtMs: 1_764_000_000_000,
    fencedAtMs: 1_764_000_001_000,
    certifiedAtMs: 1_764_100_000_000,
    fence: [{ conversation: idOf(11), seq: 42 }],
    erased: [
      {
        kind: "messages",
        id: idOf(11),
        records: 42,
        keys: 2,
        atMs: 1_764_090_000_000,
        entry: idOf(103),
      },
      {
        kind: "profile",
        id: idOf(3),
        records: 1,
        keys: 0,
        atMs: 1_764_090_000_001,
        entry: idOf(107),
      },
    ],
    restricted: [
      {
        kind: "messages",
        id: idOf(13),
        records: 7,
        ground: "legal_hold",
        citation: "GDPR Article 17(3)(e)",
        reviewAtMs: 1_780_000_000_000,
        hold: toBase64(nodeChecks.sha256(utf8("hold"))),
      },
    ],
    devices: [
      {
        device: idOf(21),
        user: idOf(22),
        notifiedAtMs: 1_764_095_000_000,
        acknowledgedAtMs: 1_764_095_000_900,
      },
      { device: idOf(23), user: idOf(22), notifiedAtMs: 1_764_095_000_000, acknowledgedAtMs: null },
    ],
    consumers: [
      {
        consumer: "warehouse",
        notifiedAtMs: 1_764_095_000_000,
        acknowledgedAtMs: 1_764_095_001_000,
        attempts: 2,
      },
    ],
    stores: [{ store: "keystore", atMs: 1_764_090_000_000, attempts: 1 }],
    residualUntilMs: 1_764_700_000_000,
    former: null,
    entries,
    checkpoint: fromUtf8((await log.read("checkpoint"))!),
  };
}

export const signedCertificate = async (log: MemoryLog): Promise<Uint8Array> =>
  signCertificate(log.signer, log.key.name, await certificateBody(log));
