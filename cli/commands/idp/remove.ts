import { removeProvider } from "../../../identity/providers/remove-provider.ts";
import type { Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

/** Removes a provider, and ends the sessions that were opened with it. */
export async function removeProviderCommand(
  settings: Settings,
  slug: string,
  name: string,
): Promise<string> {
  const sessions = await withDatabase(settings, ({ ownerUrl }) =>
    removeProvider(ownerUrl, { slug, name, nowMs: Date.now(), by: settings.operator }),
  );
  return `Removed the identity provider ${name}, and ended ${sessions} sessions.`;
}
