import { Option, type Command } from "commander";
import { setTenantLimit } from "../../identity/accounts/set-tenant-limit.ts";
import { readTenantLimits } from "../../identity/accounts/tenant-limits.ts";
import { inTransaction } from "../../db/transaction.ts";
import {
  faultOfLimit,
  tenantLimitNames,
  tenantLimits,
  type TenantLimitName,
} from "../../policies/tenant-limits.ts";
import { namedTenant } from "../named-tenant.ts";
import type { Print } from "../output.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

const STANDARD = "default";

/** Returns the limits of a tenant, one in each line. */
const listLimitsCommand = (settings: Settings, slug: string): Promise<string> =>
  withDatabase(settings, async ({ pool }) => {
    const { id } = await namedTenant(pool, slug);
    const set = await inTransaction(pool, id, (client) => readTenantLimits(client, id));
    return tenantLimitNames.map((name) => `${name} ${set[name] ?? firstValueOf(name)}`).join("\n");
  });

const firstValueOf = (name: TenantLimitName): string => {
  const limit = tenantLimits[name];
  return limit.kind === "stored" ? `${limit.standard} (${STANDARD})` : "(as the node permits)";
};

async function setLimitCommand(
  settings: Settings,
  { slug, limit, value }: { slug: string; limit: TenantLimitName; value: string },
): Promise<string> {
  const fault = value === STANDARD ? undefined : faultOfLimit(limit, value);
  if (fault !== undefined) throw new CommandError(`${limit} is ${fault}, or ${STANDARD}.`);
  await withDatabase(settings, ({ ownerUrl }) =>
    setTenantLimit(ownerUrl, {
      slug,
      limit,
      value: value === STANDARD ? null : value,
      nowMs: Date.now(),
      by: settings.operator,
    }),
  );
  return `The limit ${limit} of tenant ${slug} is ${value === STANDARD ? firstValueOf(limit) : value}. Nodes use it within five seconds.`;
}

/** `sealdesk tenant limits`. */
export function registerLimits(limits: Command, print: Print, settings: () => Settings): void {
  limits
    .command("list")
    .description("List the limits of a tenant")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .action(
      async ({ slug }: { readonly slug: string }) =>
        await print(await listLimitsCommand(settings(), slug)),
    );

  limits
    .command("set")
    .description("Set a limit of a tenant; every running server uses it within five seconds")
    .requiredOption("--slug <slug>", "short name of the tenant")
    .addOption(
      new Option("--limit <name>", "which limit; docs/operations.md describes each")
        .choices(tenantLimitNames)
        .makeOptionMandatory(),
    )
    .requiredOption(
      "--value <value>",
      `a number; for a rate how many at once and how many per second, such as 600,10; or ${STANDARD}`,
    )
    .action(
      async (options: Parameters<typeof setLimitCommand>[1]) =>
        await print(await setLimitCommand(settings(), options)),
    );
}
