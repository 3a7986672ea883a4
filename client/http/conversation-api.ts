import {
  createdConversation,
  logPosition,
  newConversation,
  newMember,
} from "../../contract/conversations.ts";
import { staffPage } from "../../contract/staff.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { writeBody } from "./messages.ts";
import type { Request } from "./transport.ts";

/** A colleague. For a customer, a member of staff to write to. */
export interface StaffMember {
  readonly id: UserId;
  readonly role: string;
  readonly displayName: string | undefined;
}

/** Creates the calls about conversations and about the people who can be members. */
export function conversationApi(request: Request) {
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

    createConversation: async (conversation: {
      readonly id: ConversationId;
      readonly suite: SuiteName;
      readonly members: readonly UserId[];
      readonly creationSignature: Uint8Array;
    }) =>
      request({
        method: "POST",
        path: "v1/conversations",
        body: writeBody(newConversation, {
          ...conversation,
          members: [...conversation.members],
        }),
        answer: createdConversation,
      }),

    addMember: async (conversation: ConversationId, user: UserId) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/members`,
        body: writeBody(newMember, { user }),
        answer: logPosition,
      }),

    removeMember: (conversation: ConversationId, user: UserId) =>
      request({
        method: "DELETE",
        path: `v1/conversations/${conversation}/members/${user}`,
        answer: logPosition,
      }),

    closeConversation: (conversation: ConversationId) =>
      request({
        method: "POST",
        path: `v1/conversations/${conversation}/close`,
        answer: logPosition,
      }),
  };
}
