import { scimUrns } from "../../contract/provisioning.ts";
import type { ProblemCode } from "../../contract/problems.ts";
import type { Problem } from "./problems.ts";

/** The media type of SCIM (RFC 7644 section 8.1). */
export const SCIM_TYPE = "application/scim+json";

const scimTypes: Partial<Record<ProblemCode, string>> = {
  invalid_scim_filter: "invalidFilter",
  invalid_scim_path: "invalidPath",
  invalid_scim_value: "invalidValue",
  immutable_scim_attribute: "mutability",
  invalid_request: "invalidSyntax",
  malformed_json: "invalidSyntax",
  username_taken: "uniqueness",
};

/** Returns whether the request is one over SCIM. Its errors have the form of that protocol. */
export const isScim = (path: string): boolean => path.startsWith("/scim/");

/** Returns a problem in the form of SCIM (RFC 7644 section 3.12). */
export function scimErrorOf({ status, code, detail }: Problem): object {
  const scimType = scimTypes[code];
  return {
    schemas: [scimUrns.error],
    status: String(status),
    ...(scimType !== undefined && { scimType }),
    detail,
  };
}
