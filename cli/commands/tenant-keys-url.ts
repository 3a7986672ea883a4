import { changeJwksUrl } from "../../identity/accounts/change-jwks-url.ts";
import { assertUsable, nameKeys } from "../../identity/accounts/customer-keys.ts";
import {
  explainFailedFetch,
  fetchKeySet,
} from "../../identity/tokens/customer-keys/fetch-key-set.ts";
import { CommandError, type Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";
import { keyLines } from "./tenant-keys.ts";

/**
 * Lets the server fetch keys of customer tokens from a URL. It fetches them once itself, so that a wrong URL
 * is refused, and lists them.
 */
export async function setUrlCommand(
  settings: Settings,
  { slug, customerJwksUrl: url }: { readonly slug: string; readonly customerJwksUrl: string },
): Promise<string> {
  const { outgoing: fetching, operator: by } = settings;
  return withDatabase(settings, async ({ ownerUrl }) => {
    const keys = await fetchKeySet(url, fetching).catch((cause: unknown) => {
      const why = explainFailedFetch(cause);
      throw why === undefined ? cause : new CommandError(why, { cause });
    });
    assertUsable(keys);
    await changeJwksUrl(ownerUrl, { slug, url, fetching, nowMs: Date.now(), by });
    const names = await nameKeys({ keys: [...keys] });
    return `From the next sign-in on the keys at this URL count. Now they are:\n${keyLines(names)}`;
  });
}

/** Stops using the keys of the tenant's URL. */
export async function removeUrlCommand(
  settings: Settings,
  { slug }: { readonly slug: string },
): Promise<string> {
  const { outgoing: fetching, operator: by } = settings;
  await withDatabase(settings, ({ ownerUrl }) =>
    changeJwksUrl(ownerUrl, { slug, url: null, fetching, nowMs: Date.now(), by }),
  );
  return "From the next sign-in on no key of a URL counts.";
}
