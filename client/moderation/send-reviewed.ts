import { reviewOutgoing, type OutgoingReview } from "../../moderation/detect/outgoing.ts";
import type { Conversation } from "../conversation/conversation.ts";
import type { SentMessage } from "../conversation/waiting-messages.ts";
import { SealdeskError } from "../errors.ts";

/** What a person wants to send: the masked text, the text as they wrote it, or nothing. */
export type ReviewChoice = "masked" | "as_written" | "nothing";

/**
 * Sends a text, and looks for payment cards before. A card verification code is never sent. If the text has a card
 * number, `choose` shows the person the masked text and asks what to send.
 * @returns undefined if the person chose nothing
 * @throws SealdeskError card_code_found: the text has a card verification code, and nothing was sent; and as
 *   `Conversation.send`
 */
export async function sendReviewed(
  conversation: Pick<Conversation, "send">,
  text: string,
  choose: (review: OutgoingReview) => ReviewChoice | Promise<ReviewChoice>,
): Promise<SentMessage | undefined> {
  // What is no text is refused by `send`.
  if (typeof text !== "string") return conversation.send(text);
  const review = reviewOutgoing(text);
  if (review.isBlocked)
    throw new SealdeskError(
      "card_code_found",
      "The text has a card verification code, which must never be sent. Remove it, and send again.",
    );
  const choice = review.findings.length === 0 ? "as_written" : await choose(review);
  if (choice === "nothing") return undefined;
  return conversation.send(choice === "masked" ? review.masked : text);
}
