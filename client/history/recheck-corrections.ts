import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { addProblem, readHistory, type Problem } from "../conversation/history.ts";
import type { ProblemItem } from "../conversation/items.ts";
import { isLinked } from "../conversation/open-event.ts";

const unlinked = { code: "correction_unlinked", user: undefined } as const satisfies Problem;

/** The events that one transaction looks at. */
const batch = 256;

/**
 * Marks the corrections that this device had before it had what they correct, if that is another message than they name
 * (R35). A repeat marks nothing again.
 * @param range the events that it has by now, both ends included
 * @returns the problems that are new
 */
export async function recheckCorrections(
  store: DeviceStore,
  conversation: ConversationId,
  { fromSeq, toSeq }: { readonly fromSeq: number; readonly toSeq: number },
): Promise<readonly ProblemItem[]> {
  const problems: ProblemItem[] = [];
  let after: number | undefined = fromSeq;
  while (after !== undefined) {
    const from: number = after;
    after = await store.transact(async (transaction) => {
      const found = await readHistory(transaction, conversation, from, batch);
      for (const [seq, { corrects, problems: known }] of found) {
        if (corrects === undefined || corrects.seq < fromSeq || corrects.seq > toSeq) continue;
        if (known.some(({ code }) => code === unlinked.code)) continue;
        if (await isLinked(transaction, { conversation, seq }, corrects)) continue;
        await addProblem(transaction, conversation, seq, unlinked);
        problems.push({ kind: "problem", seq, ...unlinked });
      }
      return found.at(-1)?.[0];
    });
  }
  return problems;
}
