import { allow, deny, type Decision } from "./decision.ts";

/** What a moderator has done about an account: it may not write, or it may not begin conversations either. */
export type Sanction = "mute" | "ban";

/** Why an account may not write: a moderator has muted or banned it. */
export const SANCTIONED = "sanctioned";

/**
 * Decides whether a device may write messages, or begin a conversation. What else allows it is another decision. Pure.
 * @param sanction the strongest one that is in force on the device
 */
export function decideUnderSanction(
  action: "post" | "create",
  sanction: Sanction | undefined,
): Decision {
  if (sanction === undefined) return allow("not_sanctioned");
  return action === "create" && sanction === "mute" ? allow("muted_only") : deny(SANCTIONED);
}
