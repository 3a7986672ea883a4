/**
 * Why an identity provider's evidence proves nobody. The audit entry and the server's log have them; the
 * response does not.
 */
export type ProviderRefusal =
  | "unknown_provider" // the tenant has no provider of that name
  | "redirect_uri_not_registered" // the operator did not register it for this provider
  | "code_refused" // the provider does not know the code: used, expired, of another client or verifier
  | "client_refused" // the provider does not accept the client id or the client secret
  | "algorithm_not_allowed" // the token is signed with another algorithm, or not at all
  | "bad_signature" // no key of the provider signed the token
  | "wrong_issuer" // `iss` is not the provider's issuer, in the redirect or in the token
  | "wrong_audience" // `aud` or `azp` is another client
  | "wrong_nonce" // the sign-in was begun with another device key, or with another seed
  | "expired" // `exp` is over, or `iat` or `nbf` is in the future
  | "invalid_claim" // a claim is missing or has the wrong form
  | "groups_overage" // the person has too many groups, so the provider left them out
  | "token_reused" // the logout token was used before
  | "malformed"; // the answer is not one of OpenID Connect

/** A provider's evidence was refused. */
export class ProviderFailure extends Error {
  override readonly name = "ProviderFailure";
  readonly refusal: ProviderRefusal;
  constructor(refusal: ProviderRefusal, options?: ErrorOptions) {
    super(`The identity provider's evidence was refused: ${refusal}.`, options);
    this.refusal = refusal;
  }
}
