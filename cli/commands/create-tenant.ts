import { readFile } from "node:fs/promises";
import type { JSONWebKeySet, JWK } from "jose";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import { createTenant } from "../../keys/accounts/create-tenant.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

// A private key in the file is a mistake, so it is refused.
const isPublicKey = (key: unknown): boolean =>
  typeof key === "object" && key !== null && "kty" in key && !("d" in key) && !("k" in key);
const publicKeys = z.object({ keys: z.array(z.custom<JWK>(isPublicKey)) });

/**
 * Creates a tenant. @param options.customerKeys path of a JWK Set file (RFC 7517) with the public keys
 * that sign its customer tokens. Without it, only staff can sign in.
 */
export async function createTenantCommand(
  settings: Settings,
  options: { readonly slug: string; readonly name: string; readonly customerKeys?: string },
): Promise<string> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(options.slug))
    throw new CommandError(
      "--slug must have 1 to 63 small letters, digits and hyphens, and begin with a letter or digit.",
    );
  const customerKeys =
    options.customerKeys === undefined ? { keys: [] } : await readKeys(options.customerKeys);
  const id = uuidv7();
  await withDatabase(settings, async ({ ownerUrl, pool }) => {
    const { slug, name } = options;
    await createTenant(ownerUrl, pool, { id, slug, name, customerKeys, now: Date.now() });
  });
  return `Created tenant ${options.slug} (${id}).`;
}

async function readKeys(path: string): Promise<JSONWebKeySet> {
  try {
    return publicKeys.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new CommandError("--customer-keys must name a file with a JWK Set of public keys.", {
      cause,
    });
  }
}
