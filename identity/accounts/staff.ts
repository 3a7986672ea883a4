import { sqlState, UNIQUE_VIOLATION } from "../../db/database-error.ts";
import type { Client } from "../../db/pool.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { staffRoles, type Actor, type StaffRole } from "../../policies/actor.ts";
import { allowedRows } from "../../policies/lists/allowed-rows.ts";
import { decideStaffList } from "../../policies/staff-list.ts";
import { audited, assertAllowed } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Secret } from "../../keys/secret.ts";
import { asOwner } from "../../db/as-owner.ts";
import { authorised, type Administrator } from "./administrator.ts";
import { hashPassword } from "../passwords/password-hash.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import type { DirectoryDeps, Profiles } from "./profiles.ts";
import { staffRows } from "./staff-rows.ts";

export type { StaffRole } from "../../policies/actor.ts";

export interface NewStaff {
  readonly id: UserId;
  readonly tenant: TenantId;
  readonly role: StaffRole;
  readonly username: string;
  readonly displayName: string;
  readonly password: Secret<string>;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly by?: Administrator | undefined;
}

/**
 * Creates a staff account that signs in with a password. The application may not do this, so it
 * connects as the owner of the database.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError username_taken, weak_password, password_too_common; KeysError kms_...
 */
export async function createStaff(
  ownerUrl: string,
  profiles: Profiles,
  staff: NewStaff,
): Promise<void> {
  const slug = await asOwner(ownerUrl, staff.tenant, (client) => slugOf(client, staff.tenant));
  const passwordHash = await hashPassword(staff.password, [staff.username, slug]);
  const profile = await profiles.seal(staff.tenant, staff.id, staff);
  await asOwner(ownerUrl, staff.tenant, (client) =>
    insertStaff(client, staff, profile, passwordHash),
  );
}

async function slugOf(client: Client, tenant: TenantId): Promise<string> {
  const { rows } = await client.query<{ slug: string }>("select slug from tenants where id = $1", [
    tenant,
  ]);
  const [row] = rows;
  if (row === undefined) throw new IdentityError("tenant_not_found", "There is no such tenant.");
  return row.slug;
}

async function insertStaff(
  client: Client,
  staff: NewStaff,
  profile: Awaited<ReturnType<Profiles["seal"]>>,
  passwordHash: string,
): Promise<void> {
  const who = await authorised(client, staff.by);
  // The unique constraint would not find a name that is stored under an earlier key.
  const taken = await client.query("select from users where username_index = any($1::bytea[])", [
    profile.usernameIndexes,
  ]);
  if (taken.rowCount !== 0) throw usernameTaken();
  try {
    await client.query(
      `insert into users (id, tenant, role, username_index, username, display_name, password_hash, created_at_ms)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        staff.id,
        staff.tenant,
        staff.role,
        profile.usernameIndexes[0],
        profile.username,
        profile.displayName,
        passwordHash,
        staff.nowMs,
      ],
    );
  } catch (cause) {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw usernameTaken(cause);
  }
  await appendEntry(client, {
    occurredAtMs: staff.nowMs,
    tenant: staff.tenant,
    ...who,
    action: "user.create",
    resource: { type: "user", id: staff.id },
    subject: staff.id,
    outcome: "success",
    details: { role: staff.role, passwordDigest: digestOf(passwordHash) },
  });
}

export interface StaffMember {
  readonly id: UserId;
  readonly role: StaffRole;
  readonly displayName: string | null;
}

/** The number of accounts on a page of the staff, unless it is the last one. */
export const STAFF_PER_PAGE = 500;

/**
 * Lists a page of the staff of the actor's tenant in order of id, without disabled accounts.
 * @param which.role leaves out everybody with another role
 * @param which.after the last account of the page before
 * @throws IdentityError forbidden, for auditors
 */
export async function listStaff(
  deps: DirectoryDeps,
  actor: Actor,
  which: { readonly role?: StaffRole | undefined; readonly after?: UserId | undefined } = {},
): Promise<readonly StaffMember[]> {
  const resource = { type: "tenant", id: actor.tenant } as const;
  return audited(deps, actor, { action: "staff.list", resource }, async (client) => {
    assertAllowed(decideStaffList(actor, actor.tenant));
    const values: unknown[] = [
      which.role === undefined ? staffRoles : [which.role],
      which.after ?? null,
      STAFF_PER_PAGE,
    ];
    const named = allowedRows(actor, staffRows, values, "displayName");
    const listed = allowedRows(actor, staffRows, values);
    const { rows } = await client.query<
      Omit<StaffMember, "displayName"> & { readonly displayName: Uint8Array | null }
    >(
      `select u.id, u.role, case when ${named} then u.display_name end as "displayName" from users u
       where u.role = any($1::text[]) and u.disabled_at_ms is null
         and ($2::uuid is null or u.id > $2) and ${listed}
       order by u.id limit $3`,
      values,
    );
    return deps.profiles.opened(actor.tenant, rows);
  });
}

const usernameTaken = (cause?: unknown): IdentityError =>
  new IdentityError("username_taken", "That user name is taken in this tenant.", { cause });
