import { z } from "zod";
import type { IdentityProvider } from "./identity-provider.ts";
import { ProviderFailure } from "./provider-failure.ts";

/** What a provider says about the person who signs in. */
export interface ProviderPerson {
  /** The provider's permanent id of the person: `sub`, or another claim that the operator chose. */
  readonly subject: string;
  readonly groups: readonly string[];
  /** The name of the account: `preferred_username` in Unicode's form NFC. */
  readonly username: string | undefined;
  /** The name that others see: `name`, or else `preferred_username`. */
  readonly displayName: string | undefined;
  /** The provider's session (`sid`). */
  readonly session: string | undefined;
  /** When the person last proved who they are, in milliseconds since the Unix epoch (`auth_time`). */
  readonly authenticatedAtMs: number | undefined;
  /** When the provider made the ID token, in milliseconds since the Unix epoch (`iat`). */
  readonly issuedAtMs: number;
}

/** One line of text, as a person's name is. */
export const lineOf = (most: number) =>
  z
    .string()
    .transform((text) =>
      text
        .normalize("NFC")
        .replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, "")
        .trim(),
    )
    .transform((text) => (text === "" || text.length > most ? undefined : text))
    .optional()
    .catch(undefined);

const claimsSchema = z.looseObject({
  sub: z.string().min(1).max(255),
  sid: z.string().min(1).max(512).optional(),
  auth_time: z.number().nonnegative().optional(),
  iat: z.number().nonnegative(),
  preferred_username: lineOf(128),
  name: lineOf(256),
});

/** Groups of an ID token: a list, or one text. */
const groupsSchema = z.union([
  z.array(z.string().max(256)).max(1_000),
  z
    .string()
    .max(256)
    .transform((one) => [one]),
]);

/**
 * Reads the claims of a person (OpenID Connect Core 1.0 section 5.1).
 * @param provider.groupsClaim the claim that lists the person's groups. Without it the person has none
 * @param provider.subjectClaim the claim that identifies the person
 * @throws ProviderFailure invalid_claim; groups_overage, if the provider left the groups out because
 *   they are too many (`_claim_names`, section 5.6.2)
 */
export function personIn(
  claims: Record<string, unknown>,
  { groupsClaim, subjectClaim }: Pick<IdentityProvider, "groupsClaim" | "subjectClaim">,
): ProviderPerson {
  const parsed = claimsSchema.safeParse({ ...claims, sub: own(claims, subjectClaim) });
  if (!parsed.success) throw new ProviderFailure("invalid_claim", { cause: parsed.error });
  const { sub, sid, auth_time: authTimeS, iat, preferred_username: username } = parsed.data;
  return {
    subject: sub,
    groups: groupsIn(claims, groupsClaim),
    username,
    displayName: parsed.data.name ?? username,
    session: sid,
    authenticatedAtMs: authTimeS === undefined ? undefined : Math.floor(authTimeS * 1000),
    issuedAtMs: Math.floor(iat * 1000),
  };
}

const own = (object: unknown, name: string): unknown =>
  typeof object === "object" && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;

function groupsIn(claims: Record<string, unknown>, claim: string): readonly string[] {
  const groups = own(claims, claim);
  if (groups === undefined) {
    if (own(own(claims, "_claim_names"), claim) !== undefined)
      throw new ProviderFailure("groups_overage");
    return [];
  }
  const { data } = groupsSchema.safeParse(groups);
  if (data === undefined) throw new ProviderFailure("invalid_claim");
  return data;
}
