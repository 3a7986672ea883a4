import { IdentityError } from "../identity-error.ts";

export const invalidProvider = (sentence: string, cause?: unknown): IdentityError =>
  new IdentityError("invalid_identity_provider", sentence, { cause });

export const noSuchProvider = (name: string): IdentityError =>
  new IdentityError(
    "identity_provider_not_found",
    `The tenant has no identity provider ${JSON.stringify(name)}.`,
  );
