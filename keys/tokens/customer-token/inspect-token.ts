import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from "jose";
import { checkClaims, type ExpectedClaims } from "./check-claims.ts";
import { checkSignature } from "./check-signature.ts";
import { wrong, type CustomerTokenRefusal, type Finding } from "./finding.ts";
import { joseCode } from "../jose-errors.ts";

/** Whether a token signs its subject in, and what each part of it is worth. */
export type CustomerTokenReport = { readonly findings: readonly Finding[] } & (
  | { readonly subject: string; readonly refusal?: undefined }
  | { readonly refusal: CustomerTokenRefusal }
);

/**
 * Checks a token by which the tenant's own backend vouches for a customer: a JWT (RFC 7519) that one
 * of the tenant's keys signed, with `iss` the tenant's slug, `aud` this server's public URL, and at
 * most ten minutes from `iat` to `exp`. With `cnf.jkt` (RFC 7800) it serves that device key only.
 * Every part is looked at, also when an earlier one is wrong; the first wrong one decides.
 * docs/customer-sign-in.md is for those who make such tokens.
 */
export async function inspectCustomerToken(
  token: string,
  customerKeys: JSONWebKeySet,
  expected: ExpectedClaims,
): Promise<CustomerTokenReport> {
  const decoded = decode(token);
  if (decoded === undefined) {
    const sentence = "It is not a JWT in compact form: three parts of base64url with dots between.";
    return { findings: [wrong("form", "malformed", sentence)], refusal: "malformed" };
  }
  const { header, claims } = decoded;
  const findings = [
    // Such a header changes what the signature covers, RFC 7515 section 4.1.11.
    ...(header.crit === undefined
      ? []
      : [wrong("form", "malformed", 'The header must not have "crit".')]),
    ...(await checkSignature(token, header, customerKeys)),
    ...checkClaims(claims, expected),
  ];
  const refusal = findings.find((finding) => finding.refusal !== undefined)?.refusal;
  return refusal === undefined ? { findings, subject: String(claims.sub) } : { findings, refusal };
}

function decode(token: string) {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (error) {
    // jose throws a TypeError for a header that is none.
    if (joseCode(error) === undefined && !(error instanceof TypeError)) throw error;
    return undefined;
  }
}
