import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { TenantId, NewId } from "../crypto/wire/ids.ts";
import type { Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import { createTenant } from "../identity/accounts/create-tenant.ts";
import type { Profiles } from "../identity/accounts/profiles.ts";
import { createStaff, type StaffRole } from "../identity/accounts/staff.ts";
import { findTenant, type Tenant } from "../identity/accounts/tenant.ts";
import { writeFileOnce } from "../keys/private-file.ts";
import { Secret } from "../keys/secret.ts";
import { DEVELOPMENT_KEY_ID } from "../identity/tokens/development-key-id.ts";
import { openDevelopmentKey, publicPart } from "../identity/tokens/development-key.ts";
import { ConfigError } from "../keys/environment/config-error.ts";
import type { Config } from "./config.ts";

export const DEMO_TENANT = "demo";

const samples: readonly { username: string; displayName: string; role: StaffRole }[] = [
  { username: "alex", displayName: "Alex", role: "agent" },
  { username: "robin", displayName: "Robin", role: "agent" },
  { username: "sam", displayName: "Sam", role: "supervisor" },
  { username: "kim", displayName: "Kim", role: "admin" },
];

/** A sample account for trying the server. Only `main.ts` prints its password. */
export interface DevelopmentAccount {
  readonly username: string;
  readonly role: StaffRole;
  readonly password: Secret<string>;
}

interface Deps {
  readonly pool: Pool;
  readonly ownerUrl: string;
  readonly profiles: Profiles;
  readonly now: () => number;
  readonly newId: NewId;
}

/**
 * Creates the tenant `demo` and its sample staff, and keeps what already exists. The tenant trusts
 * a key in SEALDESK_HOME for its customers. The passwords are stored in SEALDESK_HOME, where only
 * this user can read them.
 * @throws ConfigError in production, and where a database is configured
 */
export async function openDevelopmentTenant(
  { home, mode, databaseUrl }: Config,
  deps: Deps,
): Promise<readonly DevelopmentAccount[]> {
  if (databaseUrl !== undefined)
    throw new ConfigError("DATABASE_URL must not be set where sample accounts are made.");
  if (mode === "production")
    throw new ConfigError("NODE_ENV must not be production where sample accounts are made.");
  return serialise(deps.pool, () => openDemo(home, deps));
}

/**
 * Runs `work` in one server at a time. So if several start together, the first creates everything.
 */
async function serialise<T>(pool: Pool, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock(hashtext('sealdesk.demo'))");
    return await work();
  } finally {
    // The lock ends with the session.
    client.release(true);
  }
}

async function openDemo(home: string, deps: Deps): Promise<readonly DevelopmentAccount[]> {
  const tenant = await demoTenant(home, deps);
  const passwords = await samplePasswords(home);
  const accounts: DevelopmentAccount[] = [];
  for (const sample of samples) {
    const password = new Secret(passwords[sample.username] ?? "");
    const isKnown = await inTransaction(deps.pool, tenant.id, async (client) => {
      const { rowCount } = await client.query(
        "select from users where username_index = any($1::bytea[])",
        [deps.profiles.usernameIndexes(tenant.id, sample.username)],
      );
      return rowCount !== 0;
    });
    if (!isKnown)
      await createStaff(deps.ownerUrl, deps.profiles, {
        ...sample,
        id: deps.newId(),
        tenant: tenant.id,
        password,
        nowMs: deps.now(),
      });
    accounts.push({ username: sample.username, role: sample.role, password });
  }
  return accounts;
}

async function demoTenant(home: string, deps: Deps): Promise<Pick<Tenant, "id">> {
  const customerKeys = { keys: [publicPart(await openDevelopmentKey(home))] };
  const existing = await findTenant(deps.pool, DEMO_TENANT);
  if (existing !== undefined) return existing;
  const made = {
    id: deps.newId<TenantId>(),
    slug: DEMO_TENANT,
    name: "Demo",
    customerKeys,
    nowMs: deps.now(),
  };
  await createTenant(deps.ownerUrl, made);
  return made;
}

async function samplePasswords(home: string): Promise<Record<string, string>> {
  const path = join(home, "development", "passwords.json");
  const made = Object.fromEntries(
    samples.map(({ username }) => [username, randomBytes(12).toString("hex")]),
  );
  await writeFileOnce(path, `${JSON.stringify(made, undefined, 2)}\n`);
  return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(path, "utf8")));
}

/**
 * Refuses a database with sample accounts in production. A holder of the development key could sign
 * in as any customer of such a tenant.
 * @throws ConfigError
 */
export async function refuseDevelopmentTenants(pool: Pool): Promise<void> {
  const { rowCount } = await pool.query(
    "select from tenants where customer_keys -> 'keys' @> $1::jsonb limit 1",
    [JSON.stringify([{ kid: DEVELOPMENT_KEY_ID }])],
  );
  if (rowCount !== 0)
    throw new ConfigError(
      "DATABASE_URL must not name a database with sample accounts in production.",
    );
}
