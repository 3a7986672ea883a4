import type { SignInLimits } from "../../identity/tokens/sign-in.ts";
import { Attempts } from "./attempts.ts";
import type { CreateLimiter, Rate } from "./rate-limiter.ts";

/** The rates of sign-ins. */
export interface SignInRates {
  /** Failed sign-ins of a network, not counting those of registered devices. */
  readonly networkSignInLimit: Rate;
  /** Failed sign-ins of an account: of each registered device, and of all others together. */
  readonly signInLimit: Rate;
  /** Opened sessions of an account: of each registered device, and of all others in a network. */
  readonly sessionLimit: Rate;
  /** Anonymous accounts that are created from a network, and in a tenant. */
  readonly anonymousNetworkLimit: Rate;
  readonly anonymousTenantLimit: Rate;
}

/**
 * Creates the limits of sign-ins. A device that is registered for the account, and proves it with
 * its key, has limits of its own. So failed attempts of others in its network or with its user name
 * cannot keep it out.
 * @returns the limits for requests from a network
 */
export function signInLimits(
  createLimiter: CreateLimiter,
  rates: SignInRates,
): (network: string) => SignInLimits {
  const failedTokens = createLimiter("sign-in-network", rates.networkSignInLimit);
  const ofNetwork = new Attempts(failedTokens);
  const ofAccount = new Attempts(createLimiter("sign-in-account", rates.signInLimit));
  const sessions = createLimiter("session", rates.sessionLimit);
  const anonymous = createLimiter("anonymous-network", rates.anonymousNetworkLimit);
  const anonymousInTenant = createLimiter("anonymous-tenant", rates.anonymousTenantLimit);
  return (network) => {
    return {
      attempt({ account, registeredKey }, check) {
        if (registeredKey !== undefined) return ofAccount.run(`${registeredKey} ${account}`, check);
        return ofNetwork.run(network, () => ofAccount.run(account, check));
      },
      async tokenFailed() {
        await failedTokens.take(network);
      },
      async anonymousBegins(tenant) {
        // One network must not use up what the tenant has for all.
        await anonymous.take(network);
        await anonymousInTenant.take(tenant);
      },
      redeems: (redeem) => ofNetwork.run(network, redeem),
      async sessionOpens({ user, registeredKey }) {
        await sessions.take(registeredKey ?? `${user} ${network}`);
      },
    };
  };
}
