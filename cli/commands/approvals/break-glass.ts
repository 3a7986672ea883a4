import { isId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { findings, type Access, type Finding } from "../../../messaging/break-glass/access-row.ts";
import { endAccess } from "../../../messaging/break-glass/end-access.ts";
import { listAccesses, reviewAccess } from "../../../messaging/break-glass/review-access.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Lists access in emergencies: requested, running, and waiting for a review. */
export async function listAccessesCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const all = await withPolicy(settings, tenant, ({ deps, party }) => listAccesses(deps, party));
  if (json === true) return JSON.stringify(all);
  return all.length === 0 ? "There was no access in an emergency." : all.map(line).join("\n");
}

const timeText = (ms: number): string => new Date(ms).toISOString();

const line = (access: Access): string => {
  const { id, state, conversation, requester, minutes, grantedUntilMs, endedAtMs } = access;
  return [
    id,
    state === "ended" ? "ended, waits for a review" : state,
    `conversation ${conversation}`,
    `by ${requester}`,
    `${minutes} minutes`,
    ...(grantedUntilMs === null ? [] : [`until ${timeText(endedAtMs ?? grantedUntilMs)}`]),
    ...access.approvers.map((each) => `approved by ${each}`),
    ...(access.reviewedBy === null ? [] : [`${access.finding}, by ${access.reviewedBy}`]),
    JSON.stringify(access.reason),
  ].join("  ");
};

/** Ends an access before its time. Running servers close the connections within two seconds. */
export async function endAccessCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const access = accessOf(id);
  // A running server sees the ended sessions by itself.
  const disconnect = () => undefined;
  await withPolicy(settings, tenant, ({ deps, party }) =>
    endAccess({ ...deps, disconnect }, party, access),
  );
  return "The access is over.";
}

/** Records what you found about an access that is over. */
export async function reviewAccessCommand(
  settings: Settings,
  id: string,
  { tenant, finding }: Options & { readonly finding: string },
): Promise<string> {
  const found = findings.find((each): each is Finding => each === finding);
  if (found === undefined) throw new CommandError(`--finding is one of ${findings.join(", ")}.`);
  const asked = { id: accessOf(id), finding: found };
  await withPolicy(settings, tenant, ({ deps, party }) => reviewAccess(deps, party, asked));
  return "The access is reviewed.";
}

function accessOf(id: string): Uuid {
  if (!isId<Uuid>(id)) throw new CommandError("Give the id of an access, as the list prints it.");
  return id;
}
