import { changeOrigins } from "../../identity/accounts/origins.ts";
import { findTenant } from "../../identity/accounts/tenant.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** Returns the origins of web pages that may use the server for the tenant, one in each line. */
export async function listOriginsCommand(
  settings: Settings,
  { slug }: { readonly slug: string },
): Promise<string> {
  const tenant = await withDatabase(settings, ({ pool }) => findTenant(pool, slug));
  if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
  return listed(tenant.origins);
}

/** Adds an origin to the tenant, or removes one. */
export async function changeOriginsCommand(
  settings: Settings,
  kind: "add" | "remove",
  options: { readonly slug: string; readonly origin: string },
): Promise<string> {
  const origins = await withDatabase(settings, ({ ownerUrl }) =>
    changeOrigins(ownerUrl, { ...options, kind, nowMs: Date.now(), by: settings.operator }),
  );
  return `From the next request on, pages of these origins may use the server:\n${listed(origins)}`;
}

const listed = (origins: readonly string[]): string =>
  origins.length === 0 ? "There is none beside the server's own." : origins.join("\n");
