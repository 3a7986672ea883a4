import * as z from "zod/mini";
import { staffRoles } from "../policies/actor.ts";
import { tenantParams } from "./administration.ts";
import { documentation } from "./documentation.ts";
import { providerName } from "./identity-providers.ts";
import { mappedTeams } from "./teams.ts";
import { openEnum } from "./values.ts";

export const administeredProviderParams = z.strictObject({
  tenant: tenantParams.shape.tenant,
  provider: providerName,
});

const group = z.string().check(z.minLength(1), z.maxLength(256));
const groupRoles = z
  .array(z.strictObject({ group, role: z.enum(staffRoles) }))
  .check(z.maxLength(100));

/** What may be in it is checked by `addProvider`, which also asks the provider itself. */
export const newIdentityProvider = z
  .strictObject({
    name: z.string().check(z.maxLength(63)),
    issuer: z.string().check(z.maxLength(512)),
    clientId: z.string().check(z.maxLength(256)),
    clientSecret: z.string().check(z.maxLength(1024)).register(documentation, {
      writeOnly: true,
      description: "No answer has it",
    }),
    redirectUris: z.array(z.string().check(z.maxLength(2048))).check(z.maxLength(16)),
    scope: z.optional(z.string().check(z.maxLength(2200))),
    groupsClaim: z.optional(z.string().check(z.maxLength(128))),
    subjectClaim: z.optional(z.enum(["sub", "oid"])),
    accounts: z.optional(z.enum(["jit", "existing", "scim-only"])),
    teams: z.optional(mappedTeams.shape.teams),
    roles: groupRoles.register(documentation, {
      description: "The role of each group's members. The first match decides",
    }),
  })
  .register(documentation, { id: "NewIdentityProvider" });

const administeredProvider = z
  .object({
    name: z.string(),
    issuer: z.string(),
    clientId: z.string(),
    redirectUris: z.array(z.string()),
    scope: z.string(),
    groupsClaim: z.string(),
    subjectClaim: z.string(),
    accounts: z.string(),
    roles: z.array(z.object({ group: z.string(), role: openEnum(staffRoles) })),
    teams: z.array(z.object({ group: z.string(), team: z.string() })),
    backchannelLogoutUri: z.string().register(documentation, {
      description: "What to register at the provider for back-channel logout",
    }),
  })
  .register(documentation, { id: "AdministeredIdentityProvider" });

export const administeredProviders = z.object({ providers: z.array(administeredProvider) });

/** What was compared with the real provider, part by part. */
export const providerFindings = z.object({
  findings: z.array(
    z.object({
      part: z.string(),
      verdict: openEnum(["right", "note", "wrong"]),
      sentence: z.string(),
    }),
  ),
});

export const identityLink = z.strictObject({
  provider: providerName,
  subject: z
    .string()
    .check(z.minLength(1), z.maxLength(255))
    .register(documentation, { description: "The person's `sub` at the provider" }),
});
