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
import { parseId } from "../../crypto/wire/ids.ts";
import { MemoryLog } from "./memory-log.ts";

export const TENANT_LOG = "desk.example/audit/t/demo";
const idOf = (number: number) =>
  parseId(`01930000-0000-7000-8000-${number.toString().padStart(12, "0")}`) as never;

const entryOf = (event: number, tenant = 1) =>
  `{"action":"keys.destroy","eventId":"${idOf(event) as string}","tenant":"${idOf(tenant) as string}"}`;

/** A log of ten entries. Entry n has the event id 100 + n. */
export function tenantLog(name = TENANT_LOG): MemoryLog {
  const log = new MemoryLog(name);
  log.append(Array.from({ length: 10 }, (_, index) => utf8(entryOf(100 + index))));
  return log;
}

/** What a certificate about two conversations says. Entries 3 and 7 of the log prove it. */
export async function certificateBody(log: MemoryLog): Promise<CertificateBody> {
  const { size } = log.head;
  const roots = rangeRoots(nodeChecks.sha256, log, size);
  const entries = await Promise.all(
    [3, 7].map(async (index) => ({
      entry: entryOf(100 + index),
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
    stores: [{ store: "keystore", atMs: 1_764_090_000_000, attempts: 1 }],
    residualUntilMs: 1_764_700_000_000,
    former: null,
    entries,
    checkpoint: fromUtf8((await log.read("checkpoint"))!),
  };
}

export const signedCertificate = async (log: MemoryLog): Promise<Uint8Array> =>
  signCertificate(log.signer, log.key.name, await certificateBody(log));
