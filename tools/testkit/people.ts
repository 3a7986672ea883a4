import { randomBytes } from "node:crypto";
import type { JWK } from "jose";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Profiles } from "../../identity/accounts/profiles.ts";
import { createStaff } from "../../identity/accounts/staff.ts";
import type { StaffRole } from "../../policies/roles.ts";
import type { Tenant } from "../../identity/accounts/tenant.ts";
import { Secret } from "../../keys/secret.ts";
import { findDevelopmentKey, signCustomerToken } from "../../identity/tokens/development-key.ts";
import { newId } from "./ids.ts";

interface PeopleDeps {
  /** The server's SEALDESK_HOME with its development key. */
  readonly home: string;
  readonly ownerUrl: string;
  readonly tenant: Tenant;
  readonly profiles: Profiles;
  readonly publicUrl: string;
}

/** An agent's account. */
export interface Agent {
  readonly user: UserId;
  readonly username: string;
  readonly password: string;
}

/** Accounts of the development tenant. All of them are new. */
export class People {
  readonly #deps: PeopleDeps;
  readonly #key: JWK;

  private constructor(deps: PeopleDeps, key: JWK) {
    this.#deps = deps;
    this.#key = key;
  }

  /** @throws Error if there is no development key in `home` */
  static async open(deps: PeopleDeps): Promise<People> {
    const key = await findDevelopmentKey(deps.home);
    if (key === undefined) throw new Error("The server made no development key.");
    return new People(deps, key);
  }

  /** Creates an account of staff as the operator does. */
  async newAgent(displayName: string, role: StaffRole = "agent"): Promise<Agent> {
    const { ownerUrl, tenant, profiles } = this.#deps;
    const user = newId<UserId>();
    const username = `agent-${randomBytes(6).toString("hex")}`;
    const password = randomBytes(18).toString("base64url");
    const account = { id: user, tenant: tenant.id, username, displayName };
    await createStaff(ownerUrl, profiles, {
      ...account,
      role,
      password: new Secret(password),
      nowMs: Date.now(),
    });
    return { user, username, password };
  }

  /**
   * Returns a customer for whom the tenant's own backend signs. It makes a new token at each call.
   * @param subject how the backend names the customer, such as an e-mail address
   */
  newCustomer(subject = `customer-${randomBytes(6).toString("hex")}`): () => Promise<string> {
    const { tenant, publicUrl: audience } = this.#deps;
    return () =>
      signCustomerToken(this.#key, { tenant: tenant.slug, subject, audience, nowMs: Date.now() });
  }
}
