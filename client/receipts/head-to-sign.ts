import type { Member } from "../../crypto/wire/frame.ts";
import type { LogPoint } from "../../crypto/wire/receipt.ts";
import { unverified } from "../conversation/assert-member.ts";
import type { ConversationLog } from "../conversation/log.ts";
import type { Api } from "../http/api.ts";

/** The end of a conversation's log, on which an act is signed. */
export interface HeadToSign {
  readonly after: LogPoint;
  readonly epoch: number;
  readonly members: readonly Member[];
}

/**
 * Returns the last event of the log and the members after it. A member signs what it has computed. A
 * device that is no member, or that lacks the events at the end, signs what the server shows it.
 * @throws SealdeskError membership_unverified, and those of the request
 */
export async function headToSign(
  api: Pick<Api, "readConversation">,
  { id, state }: Pick<ConversationLog, "id" | "state">,
): Promise<HeadToSign> {
  if (state?.joined === true) {
    if (state.malformed) throw unverified();
    const { seq, transcriptHash: hash, epoch, members } = state;
    if (!state.afterGap && !state.unseen) return { after: { seq, hash }, epoch, members };
  }
  const { head, epoch, members } = await api.readConversation(id);
  return { after: head, epoch, members };
}
