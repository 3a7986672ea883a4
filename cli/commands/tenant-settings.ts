import { requireSecondFactor } from "../../identity/accounts/require-second-factor.ts";
import { requireConsents } from "../../identity/accounts/require-consents.ts";
import { setIdleLogOff } from "../../identity/accounts/set-idle-log-off.ts";
import { setAccounting } from "../../identity/accounts/set-accounting.ts";
import { setMessageRevisions } from "../../identity/accounts/set-message-revisions.ts";
import { setPurposeOfUse } from "../../identity/accounts/set-purpose-of-use.ts";
import type { Purpose } from "../../crypto/wire/purposes.ts";
import type { StaffRole } from "../../policies/actor.ts";
import { allowAnonymousCustomers } from "../../identity/accounts/allow-anonymous-customers.ts";
import { allowStaffGrants } from "../../identity/accounts/allow-staff-grants.ts";
import { changeOrigins } from "../../identity/accounts/origins.ts";
import { suspendTenant } from "../../identity/accounts/suspend-tenant.ts";
import type { PurposeSetting } from "../../policies/purpose-of-use.ts";
import type { Settings } from "../settings.ts";
import { namedTenant } from "../named-tenant.ts";
import { withDatabase } from "../with-database.ts";

interface NamedTenant {
  readonly slug: string;
}

/** Suspends a tenant, or resumes it. */
export async function suspendTenantCommand(
  settings: Settings,
  { slug, suspended }: NamedTenant & { readonly suspended: boolean },
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    suspendTenant(ownerUrl, { slug, suspended, nowMs: Date.now(), by: settings.operator }),
  );
  return suspended
    ? `Suspended tenant ${slug}: its users cannot sign in and are not served.`
    : `Resumed tenant ${slug}.`;
}

/** Allows or forbids that the tenant's staff show earlier messages of a conversation to colleagues. */
export async function staffGrantsCommand(
  settings: Settings,
  { slug, allowed }: NamedTenant & { readonly allowed: boolean },
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    allowStaffGrants(ownerUrl, { slug, allowed, nowMs: Date.now(), by: settings.operator }),
  );
  return allowed
    ? `Staff of tenant ${slug} may show earlier messages to colleagues, with the customer's consent.`
    : `Staff of tenant ${slug} may not show earlier messages to colleagues.`;
}

/** Allows or forbids that customers of the tenant sign in without a customer token. */
export async function anonymousCustomersCommand(
  settings: Settings,
  { slug, allowed }: NamedTenant & { readonly allowed: boolean },
): Promise<string> {
  const sessions = await withDatabase(settings, ({ ownerUrl }) =>
    allowAnonymousCustomers(ownerUrl, {
      slug,
      allowed,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return allowed
    ? `Customers of tenant ${slug} may be anonymous.`
    : `Customers of tenant ${slug} need a customer token. Ended ${sessions} anonymous sessions.`;
}

/** Returns the origins of web pages that may use the server for the tenant, one in each line. */
export const listOriginsCommand = (settings: Settings, { slug }: NamedTenant): Promise<string> =>
  withDatabase(settings, async ({ pool }) => listed((await namedTenant(pool, slug)).origins));

/** Adds an origin to the tenant, or removes one. */
export async function changeOriginsCommand(
  settings: Settings,
  kind: "add" | "remove",
  options: NamedTenant & { readonly origin: string },
): Promise<string> {
  const origins = await withDatabase(settings, ({ ownerUrl }) =>
    changeOrigins(ownerUrl, { ...options, kind, nowMs: Date.now(), by: settings.operator }),
  );
  return `From the next request on, pages of these origins may use the server:\n${listed(origins)}`;
}

const listed = (origins: readonly string[]): string =>
  origins.length === 0 ? "There is none beside the server's own." : origins.join("\n");

/** Requires a second factor of the accounts of a role, or no longer requires it. */
export async function secondFactorCommand(
  settings: Settings,
  { slug, role, isRequired }: { slug: string; role: StaffRole; isRequired: boolean },
): Promise<string> {
  const sessions = await withDatabase(settings, ({ ownerUrl }) =>
    requireSecondFactor(ownerUrl, {
      slug,
      role,
      isRequired,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return isRequired
    ? `Each ${role} of tenant ${slug} needs a second factor. Ended ${sessions} sessions without one.`
    : `A second factor is optional for each ${role} of tenant ${slug}.`;
}

/** Sets after how many minutes without an act of a person the sessions of staff end. */
export async function idleLogOffCommand(
  settings: Settings,
  options: NamedTenant & { readonly minutes: number | "never" },
): Promise<string> {
  const { slug } = options;
  const minutes = options.minutes === "never" ? null : options.minutes;
  await withDatabase(settings, ({ ownerUrl }) =>
    setIdleLogOff(ownerUrl, { slug, minutes, nowMs: Date.now(), by: settings.operator }),
  );
  return minutes === null
    ? `Staff of tenant ${slug} are not logged off when they do nothing.`
    : `Staff of tenant ${slug} are logged off after ${minutes} minutes in which they do nothing.`;
}

/** Sets for which reads staff must state a purpose of use, and which codes count beside those of HL7. */
export async function purposeOfUseCommand(
  settings: Settings,
  { slug, reads, codes }: NamedTenant & PurposeSetting,
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    setPurposeOfUse(ownerUrl, { slug, reads, codes, nowMs: Date.now(), by: settings.operator }),
  );
  const own = codes.length === 0 ? "" : ` It accepts these codes of its own: ${codes.join(", ")}.`;
  return reads.length === 0
    ? `Staff of tenant ${slug} need not state a purpose.${own}`
    : `Staff of tenant ${slug} state a purpose to read: ${reads.join(", ")}.${own}`;
}

/** Sets whether the accounting of disclosures lists what serves treatment, payment and operations. */
export async function accountingCommand(
  settings: Settings,
  { slug, operations }: NamedTenant & { readonly operations: boolean },
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    setAccounting(ownerUrl, { slug, operations, nowMs: Date.now(), by: settings.operator }),
  );
  return operations
    ? `The accounting of disclosures of tenant ${slug} lists treatment, payment and operations too.`
    : `The accounting of disclosures of tenant ${slug} leaves out treatment, payment and operations.`;
}

/** Sets for how many minutes after a message its author may edit or delete it. */
export async function messageRevisionsCommand(
  settings: Settings,
  options: NamedTenant & { readonly minutes: number | "never" },
): Promise<string> {
  const { slug } = options;
  const minutes = options.minutes === "never" ? null : options.minutes;
  await withDatabase(settings, ({ ownerUrl }) =>
    setMessageRevisions(ownerUrl, { slug, minutes, nowMs: Date.now(), by: settings.operator }),
  );
  return minutes === null
    ? `Nobody of tenant ${slug} edits or deletes messages. Devices learn it when they connect next.`
    : `Authors of tenant ${slug} may edit or delete a message for ${minutes} minutes. Devices learn it when they connect next.`;
}

/** Sets for which purposes the tenant demands a consent. */
export async function requireConsentsCommand(
  settings: Settings,
  { slug, for: named }: NamedTenant & { readonly for: readonly (Purpose | "none")[] },
): Promise<string> {
  const purposes = named.filter((purpose) => purpose !== "none");
  await withDatabase(settings, ({ ownerUrl }) =>
    requireConsents(ownerUrl, { slug, purposes, nowMs: Date.now(), by: settings.operator }),
  );
  return purposes.length === 0
    ? `Tenant ${slug} demands no consents.`
    : `Tenant ${slug} demands a consent for: ${purposes.join(", ")}.`;
}
