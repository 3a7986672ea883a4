import { decodeJwt, decodeProtectedHeader } from "jose";
import { assuranceOf, inspectClaims, type ExpectedClaims } from "./check-claims.ts";
import { inspectSignature } from "./check-signature.ts";
import type { AssuranceLevel } from "../../../policies/sign-in-facts.ts";
import type { FindKey } from "../customer-keys/find-key.ts";
import { wrong, type CustomerTokenRefusal, type Finding } from "./finding.ts";
import { joseCode } from "../jose-errors.ts";

/** The result of checking a customer token, with a finding for each part. */
export type CustomerTokenReport = { readonly findings: readonly Finding[] } & (
  | {
      readonly subject: string;
      /** Seconds since the Unix epoch. */
      readonly issuedAtS: number;
      readonly assurance: AssuranceLevel;
      readonly refusal?: undefined;
    }
  | { readonly refusal: CustomerTokenRefusal }
);

/**
 * Checks a customer token, by which the tenant's backend vouches for a customer. It is a JWT (RFC
 * 7519) that one of the tenant's keys signed. `iss` must be the tenant's slug and `aud` this
 * server's public URL. `exp` must be at most ten minutes after `iat`. A token with `cnf.jkt` (RFC
 * 7800) is valid for that device key only. Every part is checked, even if an earlier one is wrong.
 * The first wrong part decides the refusal. docs/customer-sign-in.md explains how to create such
 * tokens.
 */
export async function inspectCustomerToken(
  token: string,
  findKey: FindKey,
  expected: ExpectedClaims,
): Promise<CustomerTokenReport> {
  const decoded = decode(token);
  if (decoded === undefined) {
    const sentence = "It is not a JWT in compact form: three parts of base64url with dots between.";
    return { findings: [wrong("form", "malformed", sentence)], refusal: "malformed" };
  }
  const { header, claims } = decoded;
  const findings = [
    // "crit" changes what the signature covers (RFC 7515 section 4.1.11).
    ...(header.crit === undefined
      ? []
      : [wrong("form", "malformed", 'The header must not have "crit".')]),
    ...(await inspectSignature(token, header, findKey)),
    ...inspectClaims(claims, expected),
  ];
  const refusal = findings.find((finding) => finding.refusal !== undefined)?.refusal;
  if (refusal !== undefined) return { findings, refusal };
  const { sub, iat: issuedAtS = 0 } = claims;
  return { findings, subject: String(sub), issuedAtS, assurance: assuranceOf(claims) ?? 0 };
}

function decode(token: string) {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (error) {
    // jose throws a TypeError if the header is not one.
    if (joseCode(error) === undefined && !(error instanceof TypeError)) throw error;
    return undefined;
  }
}
