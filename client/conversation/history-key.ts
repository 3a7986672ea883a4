import type { ConversationId } from "../../crypto/wire/ids.ts";

// Sixteen digits hold every safe integer. With them, the keys sort in the order of the numbers.
export const seqDigits = (seq: number): string => String(seq).padStart(16, "0");
export const historyPrefix = (conversation: ConversationId): string => `history!${conversation}!`;
export const historyKey = (conversation: ConversationId, seq: number): string =>
  historyPrefix(conversation) + seqDigits(seq);
