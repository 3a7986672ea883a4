import { runModeOf } from "../run-mode.ts";
import { Secret } from "../secret.ts";
import { ConfigError } from "./config-error.ts";
import type { Variables } from "./variables.ts";

/**
 * Returns the place of an authority that is a process of its own, or undefined if there is none.
 * @throws ConfigError
 */
export function authorityLocation(
  values: Variables,
): { readonly url: string; readonly secret: Secret<string> } | undefined {
  const { AUTHORITY_URL: url, AUTHORITY_SECRET: secret } = values;
  if (url === undefined) return undefined;
  if (secret === undefined)
    throw new ConfigError("AUTHORITY_SECRET must be set when AUTHORITY_URL is.");
  const { protocol, hostname } = new URL(url);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (runModeOf(values) === "production" && protocol === "http:" && !isLocal)
    throw new ConfigError("AUTHORITY_URL must be an https URL or a local one in production.");
  return { url: url.replace(/\/+$/, ""), secret: new Secret(secret) };
}
