import { setTimeout as wait } from "node:timers/promises";
import type { JWK } from "jose";
import { SealdeskError, type Credentials, type Sealdesk } from "../../../client/index.ts";
import { signCustomerToken } from "../../../identity/tokens/development-key.ts";
import { connectDevice } from "../../testkit/connect-device.ts";
import type { DeviceAssignment } from "../devices/assignment.ts";

export interface SignInDeps {
  readonly url: string;
  readonly tenant: string;
  /** Signs customer tokens, as the tenant's own backend would. */
  readonly customerKey: JWK;
}

/** Short lives need short waits. With the usual ones a device would spend its life waiting. */
const choices = {
  limits: { maxMessages: 10, maxAgeMs: 3_600_000 },
  backoff: { baseMs: 100, capMs: 2_000, stableMs: 2_000 },
  keepalive: { quietMs: 5_000, answerMs: 5_000 },
} as const;
const retryMs = 250;
const mostAttempts = 400;
const passing: readonly string[] = ["network", "server_error", "rate_limited"];

/**
 * Switches a device on. It tries again while the server is unavailable, as an application would.
 * @throws SealdeskError that does not pass by itself
 */
export async function signIn(assignment: DeviceAssignment, deps: SignInDeps): Promise<Sealdesk> {
  const { folder, address } = assignment;
  const home = { folder, address, key: Buffer.from(assignment.key, "base64") };
  const credentials = credentialsOf(assignment, deps);
  for (let attempt = 1; ; attempt++) {
    try {
      return (await connectDevice(deps.url, home, credentials, choices)).sealdesk;
    } catch (error) {
      const code = error instanceof SealdeskError ? error.code : "";
      if (!passing.includes(code) || attempt === mostAttempts)
        throw new Error(`${assignment.name} could not sign in`, { cause: error });
      const { retryAfterMs = 0 } = error as SealdeskError;
      await wait(Math.max(retryMs, retryAfterMs));
    }
  }
}

function credentialsOf({ account }: DeviceAssignment, deps: SignInDeps): Credentials {
  const { url: audience, tenant, customerKey } = deps;
  if (account.kind === "agent") {
    const { username, password } = account;
    return { grant: "password", tenant, username, password };
  }
  const { subject } = account;
  const token = () =>
    signCustomerToken(customerKey, { tenant, subject, audience, nowMs: Date.now() });
  return { grant: "customer_token", tenant, token };
}
