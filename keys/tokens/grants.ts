import { appendEntry } from "../../audit/append-entry.ts";
import { inTransaction } from "../../db/transaction.ts";
import { toHex } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { findOrCreateCustomer, subjectIndexes } from "../accounts/customer.ts";
import { checkPassword } from "../accounts/password.ts";
import type { Tenant } from "../accounts/tenant.ts";
import type { Secret } from "../secret.ts";
import type { CustomerTokenRefusal } from "./customer-token/finding.ts";
import { inspectCustomerToken } from "./customer-token/inspect-token.ts";
import type { ProvenKey } from "./device-proof.ts";
import type { SignIn, SignInDeps } from "./sign-in.ts";

/** Reasons why a grant proves no account. */
export type GrantFailure =
  "unknown_tenant" | "unknown_user" | "wrong_password" | CustomerTokenRefusal;

/**
 * The account that a grant proves, or the reason why it proves none. The reason is for the audit
 * log and the server's log. Never put it into a response.
 */
export type Identified =
  { readonly user: Uuid } | { readonly failure: GrantFailure; readonly user?: Uuid | undefined };

type Deps = Pick<
  SignInDeps,
  "pool" | "newId" | "blindIndexKeys" | "profiles" | "publicUrl" | "admit" | "requestId"
>;

/**
 * Finds the account that `request.grant` proves. An unknown tenant or name takes as long as a known
 * one.
 */
export async function identifyByGrant(
  deps: Deps,
  request: SignIn,
  tenant: Tenant | undefined,
  key: ProvenKey,
  now: number,
): Promise<Identified> {
  const { grant } = request;
  switch (grant.kind) {
    case "password":
      return byPassword(deps, request.tenant, tenant, grant, key);
    case "customer_token":
      return tenant === undefined
        ? { failure: "unknown_tenant" }
        : byCustomerToken(deps, tenant, grant.token, key, now);
  }
}

async function byPassword(
  { pool, profiles, admit }: Deps,
  slug: string,
  tenant: Tenant | undefined,
  { username, password }: { readonly username: string; readonly password: Secret<string> },
  { deviceKey, thumbprint }: ProvenKey,
): Promise<Identified> {
  const found =
    tenant === undefined
      ? undefined
      : await inTransaction(pool, tenant.id, async (client) => {
          const { rows } = await client.query<{
            id: Uuid;
            password_hash: string | null;
            known: boolean;
          }>(
            `select id, password_hash, exists (select from devices d where d.user_id = users.id
               and d.device_key = $3 and d.revoked_at_ms is null) as known
             from users where tenant = $1 and username_index = any($2::bytea[])`,
            [tenant.id, profiles.usernameIndexes(tenant.id, username), deviceKey],
          );
          return rows[0];
        });
  // A device of the account has a limit of its own, so that strangers who guess cannot lock it out.
  const account = `${slug}/${username}`;
  await admit(found?.known === true ? `${thumbprint} ${account}` : account);
  // The names of unknown tenants share one turn, because anybody can make up more of them.
  const holder = { tenant: tenant?.id ?? "", account: username };
  const matches = await checkPassword(found?.password_hash ?? undefined, password, holder);
  if (found === undefined) return { failure: "unknown_user" };
  return matches ? { user: found.id } : { failure: "wrong_password", user: found.id };
}

async function byCustomerToken(
  deps: Deps,
  tenant: Tenant,
  token: Secret<string>,
  { thumbprint }: ProvenKey,
  now: number,
): Promise<Identified> {
  const report = await inspectCustomerToken(token.reveal(), tenant.customerKeys, {
    issuer: tenant.slug,
    audience: deps.publicUrl,
    thumbprint,
    now,
  });
  if (report.refusal !== undefined) return { failure: report.refusal };
  const indexes = subjectIndexes(deps.blindIndexKeys(), tenant.id, report.subject);
  await deps.admit(`${tenant.id}/${toHex(indexes[0])}`);
  return inTransaction(deps.pool, tenant.id, async (client) => {
    const customer = { tenant: tenant.id, subjectIndexes: indexes, newId: deps.newId(), now };
    const { user, created } = await findOrCreateCustomer(client, customer);
    if (created)
      await appendEntry(client, {
        occurredAtMs: now,
        tenant: tenant.id,
        actor: { kind: "system", id: "sign-in" },
        action: "user.create",
        class: "C",
        resource: { type: "user", id: user },
        subject: user,
        outcome: "success",
        requestId: deps.requestId,
        details: { role: "customer" },
      });
    return { user };
  });
}
