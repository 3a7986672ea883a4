import { findDevelopmentKey, signCustomerToken } from "../../keys/tokens/development-key.ts";
import { CommandError, type Settings } from "../settings.ts";

/** A customer token signed with the development key, as the tenant's backend would make one. */
export async function customerTokenCommand(
  settings: Settings,
  options: {
    readonly tenant: string;
    readonly subject?: string;
    readonly audience?: string;
    readonly thumbprint?: string;
  },
): Promise<string> {
  if (settings.production)
    throw new CommandError("In production customer tokens come from the tenant's own backend.");
  const key = await findDevelopmentKey(settings.home);
  if (key === undefined)
    throw new CommandError("There is no development key here; run sealdesk start first.");
  const { tenant, subject, audience = settings.publicUrl, thumbprint } = options;
  if (subject === undefined)
    throw new CommandError("Give --subject, who the customer is to the tenant; or --verify.");
  return signCustomerToken(key, { tenant, subject, audience, thumbprint, now: Date.now() });
}
