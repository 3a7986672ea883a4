import * as z from "zod/mini";
import { tenantParams } from "./administration.ts";
import { documentation } from "./documentation.ts";
import { userId } from "./values.ts";

const team = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/))
  .register(documentation, {
    description: "The team's name, as labels of conversations and certificates of staff have it",
  });

export const teamMemberParams = z.strictObject({
  tenant: tenantParams.shape.tenant,
  team,
  user: userId,
});

export const membershipsQuery = z.strictObject({
  afterTeam: z.optional(team),
  afterUser: z.optional(userId),
});

export const membershipsPage = z
  .object({
    memberships: z.array(
      z.object({
        team,
        user: userId,
        provider: z.nullable(z.string()).register(documentation, {
          description: "The identity provider whose group gives it; null if an administrator did",
        }),
      }),
    ),
    next: z.nullable(z.object({ afterTeam: team, afterUser: userId })).register(documentation, {
      description: "The query of the next page; null at the end of the list",
    }),
  })
  .register(documentation, { id: "TeamMemberships" });

/** Whoever is in a group is in its team. */
export const mappedTeams = z
  .strictObject({
    teams: z
      .array(z.strictObject({ group: z.string().check(z.minLength(1), z.maxLength(256)), team }))
      .check(z.maxLength(100)),
  })
  .register(documentation, { id: "MappedTeams" });
