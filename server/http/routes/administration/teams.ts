import { administeredProviderParams } from "../../../../contract/administered-providers.ts";
import { onceHeaders, tenantParams } from "../../../../contract/administration.ts";
import {
  mappedTeams,
  membershipsPage,
  membershipsQuery,
  teamMemberParams,
} from "../../../../contract/teams.ts";
import type { Profiles } from "../../../../identity/accounts/profiles.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import {
  listTeamsByKey,
  MEMBERSHIPS_PER_PAGE,
} from "../../../../identity/administration/list-teams.ts";
import { mapTeams } from "../../../../identity/providers/map-teams.ts";
import { changeMembership } from "../../../../identity/teams/change-membership.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, changeProblems } from "./administer.ts";

interface TeamsDeps extends KeyActDeps {
  readonly ownerUrl: string;
  readonly profiles: Profiles;
}

/** The routes of the teams that staff work in. */
export const teamRoutes = (deps: TeamsDeps): readonly Route[] => [
  listTeamsRoute(deps),
  ...changeMembershipRoutes(deps),
  mapTeamsRoute(deps),
];

/** GET /v1/admin/{tenant}/teams */
const listTeamsRoute = (deps: TeamsDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/admin/{tenant}/teams",
      summary: "List who is in which team",
      tag: "Administration",
      access: "api-key",
      audits: ["team.list"],
      params: tenantParams,
      query: membershipsQuery,
      answers: {
        200: { description: "A page in order of team and account", schema: membershipsPage },
      },
      problems: ["forbidden", "overloaded"],
    },
    (call) => {
      const { tenant } = call.who;
      const resource = { type: "tenant", id: tenant } as const;
      const act = { action: "read_staff", audit: "team.list", resource } as const;
      const { afterTeam: team, afterUser: id } = call.query;
      const after = team === undefined || id === undefined ? undefined : { team, id };
      return administer(deps, call, act, async (by) => {
        const found = await listTeamsByKey(deps, by, tenant, after);
        const memberships = found.map(({ team: of, id: user, provider }) => ({
          team: of,
          user,
          provider,
        }));
        const last = found.length === MEMBERSHIPS_PER_PAGE ? found.at(-1) : undefined;
        const next = last === undefined ? null : { afterTeam: last.team, afterUser: last.id };
        return { status: 200, body: { memberships, next } };
      });
    },
  );

/** PUT and DELETE /v1/admin/{tenant}/teams/{team}/members/{user} */
const changeMembershipRoutes = (deps: TeamsDeps): readonly Route[] =>
  (
    [
      ["put", true, "Put an account of staff into a team", "team.add_member"],
      ["delete", false, "Take an account of staff out of a team", "team.remove_member"],
    ] as const
  ).map(([method, isMember, summary, audit]) =>
    route(
      {
        method,
        path: "/v1/admin/{tenant}/teams/{team}/members/{user}",
        summary,
        tag: "Administration",
        access: "api-key",
        audits: [audit],
        params: teamMemberParams,
        headers: onceHeaders,
        answers: { 204: { description: "The certificate follows at once" } },
        problems: [
          ...changeProblems,
          "user_not_found",
          "team_follows_directory",
          ...(isMember ? (["account_disabled", "too_many_teams"] as const) : []),
        ],
      },
      (call) => {
        const { team, user } = call.params;
        const act = {
          action: "change_teams",
          audit,
          resource: { type: "user", id: user },
          subject: user,
        } as const;
        return administer(deps, call, act, async (by) => {
          await changeMembership(deps.ownerUrl, deps.profiles, {
            tenant: call.who.tenant,
            team,
            account: { user },
            isMember,
            nowMs: deps.now(),
            by,
          });
          return { status: 204 };
        });
      },
    ),
  );

/** PUT /v1/admin/{tenant}/identity-providers/{provider}/teams */
const mapTeamsRoute = (deps: TeamsDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/admin/{tenant}/identity-providers/{provider}/teams",
      summary: "Map groups of an identity provider to teams, instead of those mapped before",
      tag: "Administration",
      access: "api-key",
      audits: ["tenant.map_teams"],
      params: administeredProviderParams,
      headers: onceHeaders,
      body: mappedTeams,
      bodyLimit: bodyLimits.provisioning,
      answers: { 204: { description: "The groups have these teams now" } },
      problems: [...changeProblems, "identity_provider_not_found"],
    },
    (call) => {
      const { slug, tenant } = call.who;
      const act = {
        action: "change_identity_providers",
        audit: "tenant.map_teams",
        resource: { type: "tenant", id: tenant },
      } as const;
      return administer(deps, call, act, async (by) => {
        const { provider: name } = call.params;
        await mapTeams(deps.ownerUrl, { slug, name, ...call.body, nowMs: deps.now(), by });
        return { status: 204 };
      });
    },
  );
