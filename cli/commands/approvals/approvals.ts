import { toHex } from "../../../crypto/wire/bytes.ts";
import { isId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { StoredApproval } from "../../../identity/approvals/stored-approvals.ts";
import {
  approveRequest,
  refuseRequest,
  withdrawRequest,
} from "../../../messaging/approvals/answer-approval.ts";
import { listApprovals, showApproval } from "../../../messaging/approvals/list-approvals.ts";
import { approvalKinds } from "../../../workflows/approval-kinds.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Lists the requests that wait for another person. */
export async function listApprovalsCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const open = await withPolicy(settings, tenant, ({ deps, party }) =>
    listApprovals({ ...deps, kinds: approvalKinds }, party),
  );
  if (json === true) return JSON.stringify(open.map(printed));
  return open.length === 0 ? "Nothing waits for another person." : open.map(line).join("\n");
}

const line = (approval: StoredApproval): string => {
  const { id, action, parametersHash, requester, expiresAtMs, needed, approvers, reason } =
    approval;
  return [
    id,
    action,
    `hash ${toHex(parametersHash)}`,
    `by ${requester}`,
    `${approvers.length} of ${needed} approved`,
    `until ${new Date(expiresAtMs).toISOString()}`,
    JSON.stringify(reason),
  ].join("  ");
};

const printed = ({ parametersHash, ...rest }: StoredApproval) => ({
  ...rest,
  hash: toHex(parametersHash),
});

/** Prints a request, with everything that the act depends on, as JSON. */
export async function showApprovalCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const approval = approvalOf(id);
  const shown = await withPolicy(settings, tenant, ({ deps, party }) =>
    showApproval({ ...deps, kinds: approvalKinds }, party, approval),
  );
  return JSON.stringify(printed(shown), undefined, 2);
}

/** Approves a request. */
export async function approveRequestCommand(
  settings: Settings,
  id: string,
  { tenant, hash }: Options & { readonly hash: string },
): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new CommandError("Give the hash as list and show print it: 64 hexadecimal digits.");
  const asked = { id: approvalOf(id), hash: Buffer.from(hash, "hex") };
  const { waitsFor } = await withPolicy(settings, tenant, ({ deps, party }) =>
    approveRequest(
      // The operator approves no act that ends connections or changes conversations.
      {
        ...deps,
        kinds: approvalKinds,
        announce: () => Promise.resolve(),
        disconnect: () => undefined,
      },
      party,
      asked,
    ),
  );
  return waitsFor === 0 ? "It is approved and done." : `${waitsFor} more must approve it.`;
}

/** Refuses a request. */
export async function refuseRequestCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const approval = approvalOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) =>
    refuseRequest({ ...deps, kinds: approvalKinds }, party, approval),
  );
  return "It is refused.";
}

/** Takes a request back. */
export async function withdrawRequestCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const approval = approvalOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) =>
    withdrawRequest({ ...deps, kinds: approvalKinds }, party, approval),
  );
  return "It is withdrawn.";
}

function approvalOf(id: string): Uuid {
  if (!isId<Uuid>(id)) throw new CommandError("Give the id of a request, as the list prints it.");
  return id;
}
