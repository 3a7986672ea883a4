import { inTransaction } from "../../db/transaction.ts";
import { toHex } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { findOrCreateCustomer, subjectIndex } from "../accounts/customer.ts";
import { checkPassword } from "../accounts/password.ts";
import type { Tenant } from "../accounts/tenant.ts";
import { KeysError } from "../keys-error.ts";
import type { Secret } from "../secret.ts";
import { verifyCustomerToken } from "./customer-token.ts";
import type { ProvenKey } from "./device-proof.ts";
import type { SignIn, SignInDeps } from "./sign-in.ts";

/** The account a grant proves, or why not: for the audit log, never for the answer. */
export type Identified =
  | { readonly user: Uuid }
  | { readonly failure: string; readonly user?: Uuid | undefined; readonly cause?: unknown };

type Deps = Pick<SignInDeps, "pool" | "newId" | "blindIndexKey" | "publicUrl" | "admit">;

/** Whose account `request.grant` proves. Takes as long for an unknown tenant or name as for a known one. */
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
      await deps.admit(`${request.tenant}/${grant.username}`);
      return byPassword(deps, tenant, grant.username, grant.password);
    case "customer_token":
      return tenant === undefined
        ? { failure: "unknown_tenant" }
        : byCustomerToken(deps, tenant, grant.token, key, now);
  }
}

async function byPassword(
  { pool }: Deps,
  tenant: Tenant | undefined,
  username: string,
  password: Secret<string>,
): Promise<Identified> {
  const found =
    tenant === undefined
      ? undefined
      : await inTransaction(pool, tenant.id, async (client) => {
          const { rows } = await client.query<{ id: Uuid; password_hash: string | null }>(
            "select id, password_hash from users where tenant = $1 and username = $2",
            [tenant.id, username],
          );
          return rows[0];
        });
  const matches = await checkPassword(found?.password_hash ?? undefined, password);
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
  let subject: string;
  try {
    subject = await verifyCustomerToken({
      token: token.reveal(),
      tenant,
      audience: deps.publicUrl,
      thumbprint,
      now,
    });
  } catch (cause) {
    if (!(cause instanceof KeysError)) throw cause;
    return { failure: "invalid_customer_token", cause };
  }
  const index = subjectIndex(deps.blindIndexKey, tenant.id, subject);
  await deps.admit(`${tenant.id}/${toHex(index)}`);
  const { user } = await inTransaction(deps.pool, tenant.id, (client) =>
    findOrCreateCustomer(client, {
      tenant: tenant.id,
      subjectIndex: index,
      newId: deps.newId(),
      now,
    }),
  );
  return { user };
}
