import type { ActionOn } from "../audit/actions.ts";
import type { ConversationId } from "../crypto/wire/ids.ts";
import type { Act } from "../identity/audited.ts";

/** An act on a conversation, as the audit log describes it. */
export type ConversationAct<A extends ActionOn<"conversation">> = Act<A>;

/** The resource of such an act. */
export const ofConversation = (id: ConversationId) => ({ type: "conversation" as const, id });
