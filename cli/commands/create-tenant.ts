import { uuidv7 } from "uuidv7";
import { createTenant } from "../../identity/accounts/create-tenant.ts";
import { parseJwksUrl } from "../../identity/accounts/jwks-url.ts";
import { readCustomerKeys } from "../read-customer-keys.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";
import { parseId, type TenantId } from "../../crypto/wire/ids.ts";

/**
 * Creates a tenant.
 * @param options.customerKeys path of a file with the public keys that sign its customer tokens;
 *   without it, only staff can sign in
 * @param options.customerJwksUrl URL of a JWK Set with such keys
 * @param options.origin origins of web pages that may use the server for it
 */
export async function createTenantCommand(
  settings: Settings,
  options: {
    readonly slug: string;
    readonly name: string;
    readonly customerKeys?: string;
    readonly kid?: string;
    readonly customerJwksUrl?: string;
    readonly origin?: readonly string[];
  },
): Promise<string> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(options.slug))
    throw new CommandError(
      "--slug must have 1 to 63 small letters, digits and hyphens, and begin with a letter or digit.",
    );
  const customerKeys =
    options.customerKeys === undefined
      ? { keys: [] }
      : await readCustomerKeys(options.customerKeys, options.kid);
  const customerJwksUrl =
    options.customerJwksUrl === undefined
      ? undefined
      : parseJwksUrl(options.customerJwksUrl, settings.outgoing);
  const id = parseId<TenantId>(uuidv7());
  await withDatabase(settings, async ({ ownerUrl }) => {
    const { slug, name, origin: origins = [] } = options;
    await createTenant(ownerUrl, {
      id,
      slug,
      name,
      customerKeys,
      customerJwksUrl,
      origins,
      nowMs: Date.now(),
      by: settings.operator,
    });
  });
  return `Created tenant ${options.slug} (${id}).`;
}
