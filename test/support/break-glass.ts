/** Access in an emergency, as staff ask for it, approve it and use it. */
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { BreakGlass } from "../../crypto/wire/receipt.ts";
import { approveVersion } from "../../identity/policy/approve-version.ts";
import { draftVersion } from "../../identity/policy/draft-version.ts";
import { Policies } from "../../identity/policy/policies.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { actBy, postAct } from "./acts.ts";
import type { Reply, TestDevice } from "./device.ts";
import type { TestServer, TestTenant } from "./server.ts";

export interface Requested {
  readonly id: string;
  readonly hash: string;
}

/** Puts a version of the policy in force by which agents may not join by themselves. */
export async function forbidJoining(
  { database, clock }: Pick<TestServer, "database" | "clock">,
  { id: tenant }: Pick<TestTenant, "id">,
): Promise<void> {
  const deps = { pool: database.pool, now: () => clock.now(), policies: new Policies(), newId };
  const by = (name: string) => ({
    tenant,
    operator: { kind: "system", id: "operator", person: { name, source: "as" } } as const,
  });
  const off = ["conversation.join", "conversation.read_members_to_join"];
  const content = { changes: { off, add: [] } };
  const draft = await draftVersion(deps, by("ann"), {
    content,
    reason: "a test",
    beginsAtMs: null,
  });
  await approveVersion(deps, by("ben"), draft);
}

export const askForAccess = (device: TestDevice, conversation: ConversationId): Promise<Reply> =>
  device.request("POST", `/v1/conversations/${conversation}/break-glass`, {
    body: { reason: "the agent is ill", minutes: 30 },
  });

export const approve = (device: TestDevice, { id, hash }: Requested): Promise<Reply> =>
  device.request("POST", `/v1/approvals/${id}/approval`, { body: { hash } });

/** Joins, with a receipt that names the access or does not. */
export async function joinByBreakGlass(
  device: TestDevice,
  conversation: ConversationId,
  breakGlass?: BreakGlass,
): Promise<Reply> {
  const receipt = await actBy(device, conversation, "member_added");
  return postAct(device, {
    ...receipt,
    kind: "member_added",
    ...(breakGlass !== undefined && { breakGlass }),
  });
}

/** The access as the device reads it in the list. */
export async function accessOf(device: TestDevice, id: string) {
  const { body } = await device.request("GET", "/v1/break-glass");
  return body.accesses.find((each: { readonly id: string }) => each.id === id);
}

/** Lets the time of an access be over, by the clock of the database. */
export const letLapse = (
  { database }: Pick<TestServer, "database">,
  id: string,
): Promise<unknown> =>
  database.owner.query(
    "update sealdesk.break_glass set granted_until_ms = sealdesk.database_now_ms() - 1 where id = $1",
    [id],
  );
