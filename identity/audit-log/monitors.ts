import { hash, randomBytes } from "node:crypto";
import type { OperatorActor } from "../../audit/operator.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { Secret } from "../../keys/secret.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { IdentityError } from "../identity-error.ts";
import { digestOf } from "../reconcile/digest-of.ts";

const DAY_MS = 86_400_000;
const TOKEN_BYTES = 32;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A program that reads a tenant's audit log with a token. Times are milliseconds since the Unix epoch. */
export interface Monitor {
  readonly name: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

interface MonitorChange {
  readonly slug: string;
  readonly name: string;
  readonly nowMs: number;
  readonly by?: OperatorActor | undefined;
}

export const hashOfToken = (token: string): Buffer => hash("sha256", token, "buffer");

/**
 * Gives a monitor a token, in place of an earlier one of the same name.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.days how long the token is valid, from 1 to 366
 * @returns the token: 32 random bytes, base64url. It is stored nowhere
 * @throws IdentityError tenant_not_found, invalid_monitor
 */
export async function addMonitor(
  ownerUrl: string,
  change: MonitorChange & { readonly days: number },
): Promise<Secret<string>> {
  const { slug, name, days, nowMs, by } = change;
  if (!NAME.test(name))
    throw new IdentityError(
      "invalid_monitor",
      "The name of a monitor has 1 to 63 lower-case letters, digits and hyphens, and does not begin with a hyphen.",
    );
  if (!(Number.isInteger(days) && days >= 1 && days <= 366))
    throw new IdentityError("invalid_monitor", "A token is valid for 1 to 366 days.");
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const tokenHash = hashOfToken(token);
  const expiresAtMs = nowMs + days * DAY_MS;
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.add_monitor", nowMs, by },
    async (client, tenant) => {
      await client.query(
        `insert into sealdesk.audit_monitors (tenant, name, token_hash, created_at_ms, expires_at_ms)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant, name) do update set token_hash = excluded.token_hash,
           created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms`,
        [tenant.id, name, tokenHash, nowMs, expiresAtMs],
      );
      return { monitor: name, expiresAtMs, tokenDigest: digestOf(tokenHash) };
    },
  );
  return new Secret(token);
}

/**
 * Ends the token of a monitor: its next request is refused.
 * @throws IdentityError tenant_not_found; invalid_monitor, if there is none of this name
 */
export async function removeMonitor(
  ownerUrl: string,
  { slug, name, nowMs, by }: MonitorChange,
): Promise<void> {
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.remove_monitor", nowMs, by },
    async (client, tenant) => {
      const { rowCount } = await client.query(
        "delete from sealdesk.audit_monitors where tenant = $1 and name = $2",
        [tenant.id, name],
      );
      if (rowCount === 0)
        throw new IdentityError("invalid_monitor", `The tenant has no monitor ${name}.`);
      return { monitor: name };
    },
  );
}

/** Returns the monitors of a tenant, by name. */
export async function listMonitors(pool: Pool, tenant: TenantId): Promise<readonly Monitor[]> {
  return inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<Monitor>(
      `select name, created_at_ms as "createdAtMs", expires_at_ms as "expiresAtMs"
       from audit_monitors order by name`,
    );
    return rows;
  });
}
