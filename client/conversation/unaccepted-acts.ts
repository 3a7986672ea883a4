import type { Trust } from "../device/trust.ts";
import type { ConversationLog } from "./log.ts";
import type { UnacceptedAct } from "./state.ts";

/** Returns what was done under account keys that no person has accepted. */
export const unacceptedActs = (
  { trust }: { readonly trust: Pick<Trust, "hasAccepted"> },
  { state }: ConversationLog,
): readonly UnacceptedAct[] => (state?.unaccepted ?? []).filter((act) => !trust.hasAccepted(act));
