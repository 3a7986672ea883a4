/** Legal holds, as officers place and release them. */
import { deferErasure } from "../../workflows/holds/defer-erasure.ts";
import type { HoldId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { inTransaction } from "../../db/transaction.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { Reply, TestDevice } from "./device.ts";
import type { TestServer, TestTenant } from "./server.ts";

const DAY_MS = 86_400_000;

export const MATTER = "Matter 2026/117 against ~ Example Ltd";

/** Asks for a hold on `items`, with a review in 90 days. */
export const placeHold = (
  { clock }: Pick<TestServer, "clock">,
  officer: TestDevice,
  custodian: TestDevice,
  ...items: readonly object[]
): Promise<Reply> =>
  officer.request("POST", "/v1/holds", {
    body: {
      matter: MATTER,
      citation: "GDPR Art. 17(3)(e)",
      custodian: custodian.user,
      reviewAtMs: clock.now() + 90 * DAY_MS,
      items,
    },
  });

export const requestRelease = (officer: TestDevice, hold: string): Promise<Reply> =>
  officer.request("POST", `/v1/holds/${hold}/release`, {
    body: { reason: "the dispute is settled" },
  });

/** Releases a hold with two officers. */
export async function releaseHold(
  asking: TestDevice,
  approving: TestDevice,
  hold: string,
): Promise<Reply> {
  const { id, hash } = (await requestRelease(asking, hold)).body;
  return approving.request("POST", `/v1/approvals/${id}/approval`, { body: { hash } });
}

/** Defers an erasure of an account by a hold. @returns its id */
export async function deferByHold(
  { database, clock }: Pick<TestServer, "database" | "clock">,
  { id: tenant }: Pick<TestTenant, "id">,
  { user: subject }: Pick<TestDevice, "user">,
  hold: HoldId,
): Promise<Uuid> {
  const erasure = newId<Uuid>();
  const deferral = { erasure, subject, items: [{ item: { subject }, hold }] };
  await inTransaction(database.pool, tenant, (client) =>
    deferErasure(client, tenant, deferral, clock.now()),
  );
  return erasure;
}

/** Asks the custodian of a hold whether an account is that of an erased one. @returns the id of the question */
export async function askToMatch(
  { database, tenant, clock }: Pick<TestServer, "database" | "tenant" | "clock">,
  {
    hold,
    former,
    account,
  }: { readonly hold: HoldId; readonly former: UserId; readonly account: UserId },
): Promise<Uuid> {
  const id = newId<Uuid>();
  await inTransaction(database.pool, tenant.id, (client) =>
    client.query(
      `insert into potential_matches (tenant, id, hold, former, account, asked_at_ms)
       values ($1, $2, $3, $4, $5, $6)`,
      [tenant.id, id, hold, former, account, clock.now()],
    ),
  );
  return id;
}

export const answerMatch = (device: TestDevice, id: string, answer: string): Promise<Reply> =>
  device.request("POST", `/v1/potential-matches/${id}/answer`, { body: { answer } });
