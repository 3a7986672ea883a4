import {
  conversation as conversationAnswer,
  createdConversation,
  logPosition,
  newConversation,
} from "../../contract/conversations.ts";
import { newAct } from "../../contract/receipts.ts";
import { staffPage } from "../../contract/staff.ts";
import type { SignedReceipt } from "../../crypto/wire/frame.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { writeBody } from "./messages.ts";
import { receiptBody } from "./receipt-body.ts";
import type { Request } from "./transport.ts";

/** A colleague. For a customer, a member of staff to write to. */
export interface StaffMember {
  readonly id: UserId;
  readonly role: string;
  readonly displayName: string | undefined;
}

/** Creates the calls about conversations and about the people who can be members. */
export function conversationApi(request: Request) {
  const post = async (path: string, signed: SignedReceipt) =>
    request({
      method: "POST",
      path,
      body: writeBody(newAct, receiptBody(signed)),
      answer: logPosition,
    });
  return {
    async staff(role?: string): Promise<readonly StaffMember[]> {
      const all: StaffMember[] = [];
      for (let after: Uuid | null = null; ;) {
        const query = new URLSearchParams({ ...(role && { role }), ...(after && { after }) });
        const path = `v1/staff?${query}`;
        const page = await request({ method: "GET", path, answer: staffPage });
        for (const each of page.staff)
          all.push({ ...each, displayName: each.displayName ?? undefined });
        after = page.next;
        if (after === null) return all;
      }
    },

    createConversation: async ({
      signed,
      ...conversation
    }: {
      readonly id: ConversationId;
      readonly suite: SuiteName;
      readonly members: readonly UserId[];
      readonly creationSignature: Uint8Array;
      readonly signed: SignedReceipt;
    }) =>
      request({
        method: "POST",
        path: "v1/conversations",
        body: writeBody(newConversation, {
          ...conversation,
          ...receiptBody(signed),
          members: [...conversation.members],
        }),
        answer: createdConversation,
      }),

    /** Reads the members, and the last event of the log. */
    readConversation: (conversation: ConversationId) =>
      request({
        method: "GET",
        path: `v1/conversations/${conversation}`,
        answer: conversationAnswer,
      }),

    addMember: (conversation: ConversationId, signed: SignedReceipt) =>
      post(`v1/conversations/${conversation}/members`, signed),

    removeMember: (conversation: ConversationId, signed: SignedReceipt) =>
      post(`v1/conversations/${conversation}/removals`, signed),

    closeConversation: (conversation: ConversationId, signed: SignedReceipt) =>
      post(`v1/conversations/${conversation}/close`, signed),
  };
}
