import type { TenantId, UserId, NewId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../audited.ts";
import type { PasskeyChallenges } from "../passkeys/challenges.ts";
import type { PasskeyAnswer } from "../passkeys/prove-passkey.ts";
import type { FactorProof } from "../second-factor/prove-factor.ts";
import type { TotpSecrets } from "../second-factor/totp-secrets.ts";
import type { Profiles } from "../accounts/profiles.ts";
import type { Secret } from "../../keys/secret.ts";
import type { ProviderClients } from "../providers/provider-clients.ts";
import type { OidcGrant } from "../providers/redeem-code.ts";
import type { AccessTokens } from "./access-token.ts";
import type { CustomerKeyFinder } from "./customer-keys/customer-key-finder.ts";
import type { Disconnect } from "./disconnect.ts";
import type { NetworkPseudonyms } from "./network-pseudonyms.ts";
import type { RefusedSignIns } from "./refused-sign-ins.ts";
import type { UsedProofs } from "./replay-cache.ts";

/** The evidence that a sign-in presents. */
export type Grant =
  | {
      readonly kind: "password";
      readonly username: string;
      readonly password: Secret<string>;
      /** For an account with a second factor. */
      readonly factor?: FactorProof | undefined;
    }
  | { readonly kind: "passkey"; readonly answer: PasskeyAnswer }
  | { readonly kind: "customer_token"; readonly token: Secret<string> }
  /** A customer who says nothing about themselves. The device key alone names the account. */
  | { readonly kind: "anonymous" }
  | OidcGrant;

/** Limits of sign-ins from one network. Every function may reject. */
export interface SignInLimits {
  /**
   * Runs `check`, which compares a secret of an account with the given one. It counts if `check`
   * resolves to false. If too many failed, it rejects without calling `check`.
   * @param by.account names the account, whether it exists or not
   * @param by.registeredKey thumbprint of the key that signed the proof, if it is the key of a
   *   registered device of the account
   */
  attempt(
    by: { readonly account: string; readonly registeredKey: string | undefined },
    check: () => Promise<boolean>,
  ): Promise<boolean>;
  /** Counts an invalid token. A valid token needs no limit, because it cannot be guessed. */
  tokenFailed(): Promise<void>;
  /**
   * Runs `redeem`, which asks an identity provider. It counts if `redeem` resolves to false. If too many
   * failed, it rejects without calling `redeem`.
   */
  redeems(redeem: () => Promise<boolean>): Promise<boolean>;
  /** Counts an anonymous account that is about to be created in the tenant. */
  anonymousBegins(tenant: TenantId): Promise<void>;
  /** Counts a session that the user is about to open. */
  sessionOpens(by: {
    readonly user: UserId;
    readonly registeredKey: string | undefined;
  }): Promise<void>;
}

export interface SignInDeps extends UseCase {
  /** The id of the request for the audit entries: there is no actor yet who has it. */
  readonly requestId?: string | undefined;
  readonly newId: NewId;
  readonly accessTokens: AccessTokens;
  readonly replays: UsedProofs;
  readonly profiles: Profiles;
  readonly totpSecrets: TotpSecrets;
  readonly challenges: PasskeyChallenges;
  /**
   * The keys of the blind indexes. A new customer is stored under the first. Existing customers may
   * be stored under any of them.
   */
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  /** Finds the keys that sign customer tokens. */
  readonly customerKeys: CustomerKeyFinder;
  readonly providers: ProviderClients;
  readonly disconnect: Disconnect;
  /** The audience of customer tokens. */
  readonly publicUrl: string;
  readonly limits: SignInLimits;
  /** The site that the request comes from. Its sign-ins take the turns of no other site. */
  readonly site: string;
  /** Names the site in entries of refusals. */
  readonly pseudonyms: NetworkPseudonyms;
  /** Counts refusals that have no entry of their own. */
  readonly refused: RefusedSignIns;
}

export interface SignIn {
  readonly grant: Grant;
  readonly tenant: string;
  readonly proof: string;
  readonly method: string;
  readonly url: string;
  /** The origin of the web page that sends the request, if it is not the server's own. */
  readonly origin?: string | undefined;
}
