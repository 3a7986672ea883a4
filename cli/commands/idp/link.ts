import { linkIdentity } from "../../../identity/providers/link-identity.ts";
import type { Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";

export interface LinkIdentityOptions {
  readonly tenant: string;
  readonly name: string;
  readonly username: string;
  readonly subject: string;
}

/** Links an account to a person of a provider. */
export async function linkIdentityCommand(
  settings: Settings,
  { tenant: slug, name, username, subject }: LinkIdentityOptions,
): Promise<string> {
  const sessions = await withKeys(
    settings,
    slug,
    ({ ownerUrl, profiles, blindIndexKeys, tenant }) =>
      linkIdentity(
        { ownerUrl, profiles, blindIndexKeys },
        {
          tenant,
          provider: name,
          account: { username },
          subject,
          nowMs: Date.now(),
          by: settings.operator,
        },
      ),
  );
  return `${username} signs in with ${name} now. ${sessions} of the account's sessions were ended.`;
}
