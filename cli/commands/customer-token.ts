import { findDevelopmentKey, signCustomerToken } from "../../identity/tokens/development-key.ts";
import { CommandError, type Settings } from "../settings.ts";

/** Signs a customer token with the development key, as a tenant's backend would with its own key. */
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
    throw new CommandError(
      "This command is for development. In production the tenant's own backend signs customer tokens.",
    );
  const key = await findDevelopmentKey(settings.home);
  if (key === undefined)
    throw new CommandError(
      "There is no development key in SEALDESK_HOME. Run sealdesk start first.",
    );
  const { tenant, subject, audience = settings.publicUrl, thumbprint } = options;
  if (subject === undefined)
    throw new CommandError(
      "Give --subject, the tenant's own identifier of the customer, or --verify.",
    );
  return signCustomerToken(key, { tenant, subject, audience, thumbprint, nowMs: Date.now() });
}
