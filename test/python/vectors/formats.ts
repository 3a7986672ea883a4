import { keyPackets, safetyCodes, safetyNumbers, storedValues, storeKeys } from "./accounts.ts";
import { authorityChains, authorityEntries, staffCertificates } from "./authority.ts";
import { attachments, historyPacks } from "./attachments.ts";
import {
  consentReceipts,
  consentRecords,
  consentStatements,
  notices,
  noticeViews,
} from "./consents.ts";
import {
  creationRecords,
  deviceApprovals,
  deviceCertificates,
  deviceLists,
  publishedKeys,
} from "./devices.ts";
import type { Format } from "./format.ts";
import { linkAnswers, linkCodes } from "./linking.ts";
import { consistencies, cosignatures, heads, inclusions } from "./logs.ts";
import {
  authorships,
  frankingTags,
  payloadEncodings,
  plaintexts,
  transcripts,
} from "./messages.ts";
import { keyEntries, membersEncodings, receipts } from "./records.ts";

/**
 * Every format that has test vectors. To add one, write its function, name it here, and write the
 * check of the same name in `test/python/sealdesk`.
 */
export const formats: readonly (() => Promise<Format>)[] = [
  deviceCertificates,
  deviceApprovals,
  deviceLists,
  creationRecords,
  publishedKeys,
  payloadEncodings,
  plaintexts,
  authorships,
  frankingTags,
  transcripts,
  keyPackets,
  attachments,
  membersEncodings,
  receipts,
  notices,
  noticeViews,
  consentRecords,
  consentStatements,
  consentReceipts,
  historyPacks,
  linkCodes,
  linkAnswers,
  keyEntries,
  heads,
  cosignatures,
  inclusions,
  consistencies,
  staffCertificates,
  authorityEntries,
  authorityChains,
  safetyNumbers,
  safetyCodes,
  storedValues,
  storeKeys,
];
