import type { ConversationId } from "../../crypto/wire/ids.ts";
import { uuidv7TimeMs } from "../../crypto/wire/uuid.ts";
import { SealdeskError, type Conversation } from "../../client/index.ts";
import type { ArchivedEvent } from "../records/archived-event.ts";

/** Under what the content of a message is captured, or why it is not. */
export type Basis = Pick<ArchivedEvent, "consent" | "ground" | "withheld">;

/** The SDK relies on a statement for less than a minute, and then asks again by itself. */
const askAgainMs = 5_000;

export interface BasisDeps {
  /** The law that obliges the deployer to keep records without a consent, such as `17 CFR 240.17a-4`. */
  readonly ground: string | undefined;
  /** Nobody says whether the customer consents. It is asked again. */
  readonly onWaiting: (conversation: ConversationId, code: string) => void;
  /** Waits. @throws when the archiver stops */
  readonly wait: (ms: number) => Promise<void>;
}

/**
 * Decides whether the content of a message may be captured. The customer of the conversation must consent to archiving
 * now, by a statement of the server about a record that they signed, and must have consented before the message.
 */
export async function basisOf(
  deps: BasisDeps,
  conversation: Pick<Conversation, "id" | "requireConsent">,
  receivedAtMs: number,
): Promise<Basis> {
  const { ground } = deps;
  if (ground !== undefined) return { ground };
  for (;;) {
    try {
      const consent = await conversation.requireConsent("archiving");
      const givenAtMs = uuidv7TimeMs(consent) ?? Infinity;
      return receivedAtMs < givenAtMs ? { withheld: "before_consent" } : { consent };
    } catch (error) {
      if (!(error instanceof SealdeskError) || error.code === "closed") throw error;
      const { code } = error;
      if (code === "consent_required" || code === "not_a_member") return { withheld: "no_consent" };
      deps.onWaiting(conversation.id, code);
      await deps.wait(askAgainMs);
    }
  }
}
