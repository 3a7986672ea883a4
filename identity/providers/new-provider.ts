import { z } from "zod";
import { Secret } from "../../keys/secret.ts";
import { groupRoles, groupTeams } from "./identity-provider.ts";
import { isRedirectUri } from "./redirect-uri.ts";

/** The settings of a new provider that its registration need not name. */
export const providerDefaults = {
  scope: "openid profile",
  groupsClaim: "groups",
  accounts: "jit",
  subjectClaim: "sub",
} as const;

/** A provider as the administrator registers it. */
export const newProvider = z
  .object({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9-]{0,62}$/,
        "The name of a provider has 1 to 63 lower-case letters, digits and hyphens, and does not begin with a hyphen.",
      ),
    issuer: z.string().max(512, "The issuer has at most 512 characters."),
    clientId: z
      .string()
      .regex(/^[\x21-\x7e]{1,256}$/, "The client id has 1 to 256 visible characters."),
    clientSecret: z
      .instanceof(Secret<string>)
      .refine(
        (secret) => /^[\x20-\x7e]{1,1024}$/.test(secret.reveal()),
        "The client secret has 1 to 1024 visible characters.",
      ),
    redirectUris: z
      .array(
        z
          .string()
          .refine(
            isRedirectUri,
            "A redirect URI is an https URL, http://127.0.0.1/PATH, or a scheme of an app, without a query. Write it as a browser does, such as https://desk.example/ with the slash.",
          ),
      )
      .min(1, "A provider needs a redirect URI.")
      .max(16, "A provider has at most 16 redirect URIs."),
    scope: z
      .string()
      .regex(
        /^openid( [\x21\x23-\x5b\x5d-\x7e]{1,128}){0,16}$/,
        'The scope is "openid", and perhaps others with one space before each.',
      ),
    groupsClaim: z
      .string()
      .min(1, "The claim of the groups has a name.")
      .max(128, "The name of the claim is too long."),
    roles: groupRoles.max(100, "A provider has at most 100 groups with a role."),
    teams: groupTeams.default([]),
    accounts: z.enum(["jit", "existing", "scim-only"]),
    subjectClaim: z.enum(["sub", "oid"]),
  })
  .refine(
    ({ accounts, roles }) => accounts === "existing" || roles.length > 0,
    "A provider that creates accounts needs a group with a role.",
  );

export type NewProvider = z.input<typeof newProvider>;
