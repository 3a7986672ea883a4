import type { TenantId, UserId, DeviceId, SessionId } from "../crypto/wire/ids.ts";
import type { Policy } from "./policy.ts";
import type { PurposeSetting } from "./purpose-of-use.ts";
import type { Role } from "./roles.ts";
import type { SignInFacts } from "./sign-in-facts.ts";

export * from "./roles.ts";

/** The author of a request, as proved by its access token and device proof. */
export interface Actor {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly role: Role;
  /** The policy that was in force when the request was authenticated. `assertSession` checks that it still is. */
  readonly policy: Policy;
  /** The device whose key signed the proof; undefined until that device is registered. */
  readonly device: DeviceId | undefined;
  readonly session: SessionId;
  /** The way in which the session was opened: "password", "customer_token", "oidc" or "anonymous". */
  readonly method: string;
  /** What is known of the sign-in that opened the session. */
  readonly signIn: SignInFacts;
  /** What the request says that it is for: a code of purpose of use. Undefined if it says nothing, and for frames. */
  readonly purpose?: string | undefined;
  /** What the tenant demands of such statements; undefined for nothing. */
  readonly purposeSetting?: PurposeSetting | undefined;
  /** Identifies the request in the audit log and the server's log; undefined for frames. */
  readonly requestId?: string | undefined;
}

/** The facts about another account that a decision needs. */
export interface Subject {
  readonly user: UserId;
  readonly role: Role;
}
