import type { JWTPayload } from "jose";
import { z } from "zod";
import { assuranceLevels, type AssuranceLevel } from "../../../policies/sign-in-facts.ts";
import { right, wrong, type Finding } from "./finding.ts";

/** Longest time from `iat` to `exp` of a customer token, in seconds. */
export const MAX_CUSTOMER_TOKEN_LIFETIME_S = 600;
/** Accepted difference between the clocks of a tenant's backend and the server, in seconds. */
const CLOCK_TOLERANCE_S = 30;
const MAX_SUBJECT_LENGTH = 256;

/** The expected values of the claims. */
export interface ExpectedClaims {
  /** The tenant's slug. */
  readonly issuer: string;
  /** The server's public URL. */
  readonly audience: string;
  /** Thumbprint (RFC 7638) of the device key that signs in. Undefined if it is not known. */
  readonly thumbprint: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Inspects every claim (RFC 7519 section 4.1, RFC 7800). The findings have the order in which they
 * are reported.
 */
export function inspectClaims(claims: JWTPayload, expected: ExpectedClaims): readonly Finding[] {
  return [
    inspectIssuer(claims.iss, expected.issuer),
    inspectAudience(claims.aud, expected.audience),
    inspectSubject(claims.sub),
    ...inspectTimes(claims, expected.nowMs / 1000),
    inspectBinding(claims["cnf"], expected.thumbprint),
    inspectAssurance(claims),
  ];
}

function inspectIssuer(iss: unknown, slug: string): Finding {
  const should = `It must be ${JSON.stringify(slug)}, the tenant's slug.`;
  if (iss === undefined) return wrong("iss", "missing_claim", `There is no "iss". ${should}`);
  return iss === slug
    ? right("iss", "It is the tenant's slug.")
    : wrong("iss", "wrong_issuer", `It is ${JSON.stringify(iss)}. ${should}`);
}

function inspectAudience(aud: unknown, url: string): Finding {
  const should = `It must be ${JSON.stringify(url)}, the server's PUBLIC_URL, character by character.`;
  if (aud === undefined) return wrong("aud", "missing_claim", `There is no "aud". ${should}`);
  return [aud].flat().includes(url)
    ? right("aud", "It is the server's public URL.")
    : wrong("aud", "wrong_audience", `It is ${JSON.stringify(aud)}. ${should}`);
}

function inspectSubject(sub: unknown): Finding {
  const should = "It must be the customer's permanent id in your system.";
  if (sub === undefined) return wrong("sub", "missing_claim", `There is no "sub". ${should}`);
  return typeof sub === "string" && sub !== "" && sub.length <= MAX_SUBJECT_LENGTH
    ? right("sub", `It is a text of ${sub.length} characters.`)
    : wrong(
        "sub",
        "invalid_claim",
        `It is not a text of 1 to ${MAX_SUBJECT_LENGTH} characters. ${should}`,
      );
}

function inspectTimes(claims: JWTPayload, nowS: number): readonly Finding[] {
  const { iat, nbf, exp } = claims;
  return [
    inspectStart("iat", iat, nowS),
    ...(nbf === undefined ? [] : [inspectStart("nbf", nbf, nowS)]),
    inspectEnd(exp, iat, nowS),
  ];
}

function inspectStart(part: "iat" | "nbf", atS: unknown, nowS: number): Finding {
  if (typeof atS !== "number") return notATime(part, atS);
  const ahead = Math.ceil(atS - nowS);
  return ahead > CLOCK_TOLERANCE_S
    ? wrong(part, "not_yet_valid", `It is ${ahead} s in the future. ${clockAdvice(atS)}`)
    : right(part, `It is ${-ahead} s ago.`);
}

function inspectEnd(exp: unknown, iat: unknown, nowS: number): Finding {
  if (typeof exp !== "number") return notATime("exp", exp);
  const left = Math.floor(exp - nowS);
  if (left <= -CLOCK_TOLERANCE_S)
    return wrong("exp", "expired", `It was ${-left} s ago. Make a token for each sign-in.`);
  if (typeof iat === "number" && exp - iat > MAX_CUSTOMER_TOKEN_LIFETIME_S)
    return wrong(
      "exp",
      "lifetime_too_long",
      `It is ${exp - iat} s after "iat". ${MAX_CUSTOMER_TOKEN_LIFETIME_S} s is the most. ${clockAdvice(exp)}`,
    );
  return right("exp", `It is in ${left} s.`);
}

function notATime(part: "iat" | "nbf" | "exp", at: unknown): Finding {
  const should = "It must be a number of seconds since 1970.";
  return at === undefined
    ? wrong(part, "missing_claim", `There is no "${part}". ${should}`)
    : wrong(part, "invalid_claim", `It is not a number. ${should}`);
}

/**
 * Returns advice about clocks. The limit is the year 5138 in seconds. A larger number is almost
 * certainly in milliseconds.
 */
const clockAdvice = (atS: number): string =>
  atS > 1e11
    ? "Count seconds, not milliseconds."
    : "Compare the clock of the backend with the server's.";

/** See RFC 9449 section 6.1. */
const bindingSchema = z.object({ jkt: z.string() });

function inspectBinding(cnf: unknown, thumbprint: string | undefined): Finding {
  if (cnf === undefined)
    return right(
      "cnf",
      'There is none, so any device may use this token. Set "cnf": {"jkt": thumbprint} with the thumbprint that the SDK hands over.',
    );
  const parsed = bindingSchema.safeParse(cnf);
  if (!parsed.success)
    return wrong("cnf", "not_bound", 'It has no "jkt". It must be {"jkt": thumbprint}.');
  if (thumbprint === undefined)
    return right("cnf", "It names a device key. Give --thumbprint to compare it.");
  const { jkt } = parsed.data;
  return jkt === thumbprint
    ? right("cnf", "It names the device's key.")
    : wrong(
        "cnf",
        "bound_to_another_key",
        `"jkt" is ${JSON.stringify(jkt)}. It must be ${JSON.stringify(thumbprint)}, the thumbprint that the SDK hands over.`,
      );
}

/**
 * Returns the identity assurance level (NIST SP 800-63A) that the claims state: 0 without one, undefined if it is none.
 */
export const assuranceOf = ({ ial = 0 }: JWTPayload): AssuranceLevel | undefined =>
  assuranceLevels.find((level) => level === ial);

function inspectAssurance(claims: JWTPayload): Finding {
  const { ial } = claims;
  if (ial === undefined) return right("ial", "There is none, which counts as 0.");
  return assuranceOf(claims) === undefined
    ? wrong("ial", "invalid_claim", `It is ${JSON.stringify(ial)}. It must be 0, 1, 2 or 3.`)
    : right("ial", `It is the identity assurance level ${JSON.stringify(ial)}.`);
}
