import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UseCase } from "../audited.ts";
import type { Profiles } from "../accounts/profiles.ts";
import type { Secret } from "../secret.ts";
import type { AccessTokens } from "./access-token.ts";
import type { UsedProofs } from "./replay-cache.ts";

/** The evidence that a sign-in presents. */
export type Grant =
  | { readonly kind: "password"; readonly username: string; readonly password: Secret<string> }
  | { readonly kind: "customer_token"; readonly token: Secret<string> };

export interface SignInDeps extends UseCase {
  readonly newId: () => Uuid;
  readonly accessTokens: AccessTokens;
  readonly replays: UsedProofs;
  readonly profiles: Profiles;
  /**
   * The keys of the blind indexes. A new customer is stored under the first. Existing customers may
   * be stored under any of them.
   */
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  /** The audience of customer tokens. */
  readonly publicUrl: string;
  /** Called before the secret of an account is checked. Rejects if there were too many attempts. */
  readonly admit: (account: string) => Promise<void>;
}

export interface SignIn {
  readonly grant: Grant;
  readonly tenant: string;
  readonly proof: string;
  readonly method: string;
  readonly url: string;
}
