import {
  consentReceiptFile,
  consents,
  newConsent,
  recordedConsent,
  statedConsent,
} from "../../contract/consents.ts";
import { newNoticeView, publishedNotice } from "../../contract/notices.ts";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import type { DeviceProof, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConsentId, ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Purpose } from "../../crypto/wire/purposes.ts";
import { nothing, writeBody } from "./messages.ts";
import { receiptBody } from "./receipt-body.ts";
import type { Request } from "./transport.ts";

/** A text that a device signed, and who it says that the device is. */
export interface ShownConsent {
  readonly record: Uint8Array;
  readonly signature: Uint8Array;
  readonly signer: DeviceProof | undefined;
}

/** A text with the signature of this device's receipt key. */
export interface SignedRecord {
  readonly record: Uint8Array;
  readonly signature: Uint8Array;
}

/** Creates the calls about notices and consents. */
export function consentApi(request: Request) {
  return {
    /** @param version undefined for the one in force */
    readNotice: (version: number | undefined) =>
      request({
        method: "GET",
        path: `v1/notices/${version ?? "current"}`,
        answer: publishedNotice,
      }),

    showNotice: (view: SignedRecord) =>
      request({
        method: "POST",
        path: "v1/notices/views",
        body: writeBody(newNoticeView, view),
        answer: nothing,
      }),

    recordConsent: (signed: SignedRecord, placed: SignedReceipt | undefined) =>
      request({
        method: "POST",
        path: "v1/consents",
        body: writeBody(newConsent, { ...signed, ...(placed && { placed: receiptBody(placed) }) }),
        answer: recordedConsent,
      }),

    /** Returns at most 100 records after the one of this number. */
    async readConsents(user: UserId, after: number): Promise<readonly ShownConsent[]> {
      const path = `v1/users/${user}/consents?after=${after}`;
      const page = await request({ method: "GET", path, answer: consents });
      return page.consents.map((each) => ({ ...each, signer: each.signer ?? undefined }));
    },

    async stateConsent(
      conversation: ConversationId,
      purpose: Purpose,
      nonce: Uint8Array,
    ): Promise<{ readonly statement: string; readonly decidedBy: ShownConsent | undefined }> {
      const path = `v1/conversations/${conversation}/consents/${purpose}?nonce=${toBase64Url(nonce)}`;
      const { statement, decidedBy } = await request({
        method: "GET",
        path,
        answer: statedConsent,
      });
      return {
        statement,
        decidedBy: decidedBy ? { ...decidedBy, signer: decidedBy.signer ?? undefined } : undefined,
      };
    },

    async consentReceipt(id: ConsentId): Promise<string> {
      const path = `v1/consents/${id}/receipt`;
      return (await request({ method: "GET", path, answer: consentReceiptFile })).receipt;
    },
  };
}

export type ConsentApi = ReturnType<typeof consentApi>;
