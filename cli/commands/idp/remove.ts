import { removeProvider } from "../../../identity/providers/remove-provider.ts";
import type { Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";

/** Removes a provider, ends the sessions that were opened with it, and destroys the key of its secret. */
export async function removeProviderCommand(
  settings: Settings,
  slug: string,
  name: string,
): Promise<string> {
  const sessions = await withKeys(settings, slug, ({ ownerUrl, keystore, data }) =>
    removeProvider(
      {
        ownerUrl,
        keystore: keystore.pool,
        apart: settings.keystore === undefined ? undefined : data,
        now: Date.now,
      },
      { slug, name, nowMs: Date.now(), by: settings.operator },
    ),
  );
  return [
    `Removed the identity provider ${name}, and ended ${sessions} sessions.`,
    "Its accounts stay. If it wrote them over SCIM, it no longer closes them: disable the account of whoever leaves.",
    "If you add it again, `sealdesk user enable` opens the accounts that it disabled.",
  ].join("\n");
}
