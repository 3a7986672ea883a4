import { inTransaction } from "../../../db/transaction.ts";
import { createProviderFetch } from "../../../identity/providers/provider-fetch.ts";
import { openClientSecret } from "../../../identity/providers/client-secret.ts";
import { findProvider } from "../../../identity/providers/identity-provider.ts";
import { inspectProvider } from "../../../identity/providers/inspect-provider.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";

/**
 * Compares a provider's settings with the real provider. It changes nothing and signs nobody in.
 * @returns a line for each finding, and whether none is wrong
 */
export async function testProviderCommand(
  settings: Settings,
  slug: string,
  name: string,
): Promise<{ readonly report: string; readonly isRight: boolean }> {
  const allowsHttp = !settings.production;
  return withKeys(settings, slug, async ({ data, tenant, subjects }) => {
    const provider = await inTransaction(data, tenant, (client) => findProvider(client, name));
    if (provider === undefined)
      throw new CommandError(`The tenant has no identity provider ${JSON.stringify(name)}.`);
    const clientSecret = await openClientSecret(subjects, provider);
    const deps = { fetch: createProviderFetch(allowsHttp), allowsHttp };
    const { findings } = await inspectProvider(deps, {
      ...provider,
      clientSecret,
      known: provider.metadata,
    });
    return {
      report: findings
        .map(
          ({ part, verdict, sentence }) =>
            `${verdict === "wrong" ? "WRONG" : verdict.padEnd(5)}  ${part.padEnd(10)}  ${sentence}`,
        )
        .join("\n"),
      isRight: findings.every(({ verdict }) => verdict !== "wrong"),
    };
  });
}
