import type { OperatorActor } from "../audit/operator.ts";
import type { TenantId } from "../crypto/wire/ids.ts";
import type { Client } from "../db/pool.ts";
import {
  decidePurpose,
  generalPurposes,
  type PurposeFacts,
  type PurposeRead,
  type PurposeSetting,
} from "../policies/purpose-of-use.ts";
import { IdentityError } from "./identity-error.ts";

/**
 * Refuses a read that needs a purpose and states none, or one that is on no list. The setting is the one that the
 * request was authenticated with.
 * @throws IdentityError purpose_required
 */
export function assertPurpose(actor: PurposeFacts, read: PurposeRead): void {
  const { allowed, reasons } = decidePurpose(actor, read);
  if (allowed) return;
  const codes = [...Object.keys(generalPurposes), ...(actor.purposeSetting?.codes ?? [])];
  throw new IdentityError(
    "purpose_required",
    `Your organisation asks what you read this for. State one of these codes, in the header Purpose-Of-Use or with --purpose: ${codes.join(", ")}.`,
    { reasons },
  );
}

/**
 * Like `assertPurpose`, for the operator. The transaction must be fenced to the tenant.
 * @throws IdentityError purpose_required
 */
export async function assertOperatorPurpose(
  client: Client,
  tenant: TenantId,
  { person }: OperatorActor,
  read: PurposeRead,
): Promise<void> {
  const { rows } = await client.query<PurposeSetting>(
    "select purpose_reads as reads, purpose_codes as codes from tenants where id = $1",
    [tenant],
  );
  assertPurpose({ purpose: person?.purpose, purposeSetting: rows[0] }, read);
}
