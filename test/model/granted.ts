/**
 * What a newcomer shows of a history that a dishonest grantor and the relay give it. The grantor leaves nothing out:
 * what it leaves out is shown as such. Signatures are words of the model, as in `open.ts`.
 */
import { refusalOf } from "../../client/conversation/judge-message.ts";
import {
  changeOf,
  changesMembers,
  type GrantedMembers,
} from "../../client/history/granted-members.ts";
import type { StoredLink } from "../../client/history/incoming-job.ts";
import { conversation, ownerOf, roleOf, tenant } from "./cast.ts";
import type { Placed } from "./events.ts";
import type { Device } from "./known.ts";

/** The functions of the SDK with which a newcomer judges granted history. A test replaces one to plant a fault. */
export const grantedRules = { changeOf, refusalOf };
export type GrantedRules = typeof grantedRules;

const linkOf = ({ event }: Placed): StoredLink => ({
  ...event,
  control: event.kind === "message" ? undefined : event.ciphertext,
});

/**
 * Returns which promise a newcomer breaks: it shows nothing that a member refused who has the whole log. A newcomer
 * cannot know whether members took the last change before the range, so the range begins with one that they took.
 * @param member a device that has each event of the log
 * @param from the change of the members with which the newcomer begins
 */
export function grantFault(
  rules: GrantedRules,
  { owner, kept }: Pick<Device, "owner" | "kept">,
  from: number,
): string | undefined {
  let members: GrantedMembers | undefined;
  const shown = new Set<unknown>();
  for (const [seq, { placed, said }] of kept) {
    if (placed === undefined || seq < from) continue;
    const { content, event } = placed;
    if (content.kind !== "message") {
      if (!changesMembers(content.kind)) continue;
      const role = roleOf(content.control.actor);
      members =
        rules.changeOf({ tenant, conversation }, members, seq, linkOf(placed), role) ?? members;
      continue;
    }
    const author = ownerOf(event.senderDevice);
    const isAuthors = content.said.author.device === event.senderDevice;
    if (!isAuthors || members === undefined || shown.has(content.said)) continue;
    if (rules.refusalOf(members, author.user, event) !== undefined) continue;
    shown.add(content.said);
    // The message was not sealed for every member.
    if (said === undefined && content.said.readers.includes(owner.device))
      return `A newcomer shows event ${seq}, a message of ${author.name} that members refused.`;
  }
  return undefined;
}
