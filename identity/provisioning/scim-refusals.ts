import { IdentityError } from "../identity-error.ts";

/** The refusal of a filter: `invalidFilter` of RFC 7644 section 3.12. */
export const invalidFilter = (sentence: string): IdentityError =>
  new IdentityError("invalid_scim_filter", sentence);

/** The refusal of a path in a PATCH: `invalidPath`. */
export const invalidPath = (sentence: string): IdentityError =>
  new IdentityError("invalid_scim_path", sentence);

/** The refusal of a value: `invalidValue`. */
export const invalidValue = (sentence: string): IdentityError =>
  new IdentityError("invalid_scim_value", sentence);
