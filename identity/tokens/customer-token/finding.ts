/**
 * Reasons for refusing a customer token. The audit entry and the server's log contain them; the
 * response does not.
 */
export const customerTokenRefusals = [
  "malformed", // it is not a signed JWT in compact form
  "algorithm_not_allowed", // `alg` is not one of ours, or the key is for another one
  "unknown_key", // there is no `kid`, or the tenant has no key of that `kid`
  "revoked_key", // the operator revoked the key
  "keys_unavailable", // the tenant's key set could not be fetched
  "bad_signature", // the key named by `kid` did not sign this
  "missing_claim", // `iss`, `aud`, `sub`, `iat` or `exp` is not there
  "invalid_claim", // a claim is there and has the wrong form
  "wrong_issuer", // `iss` is not the tenant's slug
  "wrong_audience", // `aud` is not the server's public URL
  "not_yet_valid", // `iat` or `nbf` is in the future
  "expired", // `exp` is over
  "lifetime_too_long", // more than ten minutes from `iat` to `exp`
  "not_bound", // `cnf` is there and names no key
  "bound_to_another_key", // `cnf.jkt` names another key than the device's
] as const;

export type CustomerTokenRefusal = (typeof customerTokenRefusals)[number];

/** The parts of a token that are checked. */
export type TokenPart =
  | "form"
  | "alg"
  | "kid"
  | "signature"
  | "iss"
  | "aud"
  | "sub"
  | "iat"
  | "nbf"
  | "exp"
  | "cnf"
  | "ial";

/** The result of checking one part of a token. */
export interface Finding {
  readonly part: TokenPart;
  /** Undefined if the part is right. */
  readonly refusal: CustomerTokenRefusal | undefined;
  /**
   * One sentence for the developer of the tenant's backend. It quotes the token, which may contain
   * anything. So never log it.
   */
  readonly sentence: string;
}

export const right = (part: TokenPart, sentence: string): Finding => ({
  part,
  refusal: undefined,
  sentence,
});

export const wrong = (
  part: TokenPart,
  refusal: CustomerTokenRefusal,
  sentence: string,
): Finding => ({ part, refusal, sentence });
