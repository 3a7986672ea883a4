import { logPosition } from "../../contract/conversations.ts";
import { linksPage, newHistoryGrant } from "../../contract/history.ts";
import type { Packet, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConversationId, GrantId } from "../../crypto/wire/ids.ts";
import { writeBody } from "./messages.ts";
import { receiptBody } from "./receipt-body.ts";
import type { Request } from "./transport.ts";

/** Creates the calls about grants of history. */
export function historyApi(request: Request) {
  return {
    grantHistory: async (
      conversation: ConversationId,
      grant: SignedReceipt & { readonly packets: readonly Packet[] },
    ) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/history-grants`,
        body: writeBody(newHistoryGrant, {
          ...receiptBody(grant),
          packets: grant.packets.map(({ device, bytes }) => ({ device, bytes })),
        }),
        answer: logPosition,
      }),

    /** Returns what the log says about at most 256 events, the last of which is `until`. */
    async readLinks(conversation: ConversationId, grant: GrantId, until: number) {
      const path = `v1/conversations/${conversation}/history-grants/${grant}/links?until=${until}`;
      const page = await request({ method: "GET", path, answer: linksPage });
      return {
        links: page.links.map((link) => ({ ...link, control: link.control ?? undefined })),
        previousHash: page.previousHash ?? undefined,
      };
    },
  };
}
