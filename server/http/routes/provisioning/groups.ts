import {
  provisionedParams,
  provisioningParams,
  provisioningQuery,
  scimGroup,
  scimGroups,
  scimUrns,
  sentGroup,
  sentPatch,
} from "../../../../contract/provisioning.ts";
import { isId, type ProvisionedGroupId } from "../../../../crypto/wire/ids.ts";
import { groupNotFound } from "../../../../identity/identity-error.ts";
import { groupOf, patchedGroup } from "../../../../identity/provisioning/group-attributes.ts";
import { listGroups, readGroup } from "../../../../identity/provisioning/read-groups.ts";
import type { ReadGroup } from "../../../../identity/provisioning/stored-group.ts";
import {
  changeGroup,
  createGroup,
  removeGroup,
} from "../../../../identity/provisioning/write-groups.ts";
import { bodyLimits } from "../../../limits.ts";
import { route, type Route } from "../../route.ts";
import { administer, type KeyCall } from "../administration/administer.ts";
import {
  actOf,
  BASE,
  baseOf,
  changeOverScim,
  listOf,
  metaOf,
  overScim,
  pageIn,
  patchProblems,
  placeOf,
  readProblems,
  writeProblems,
  type ProvisioningRouteDeps,
  type ScimCall,
} from "./provision.ts";

/** GET /scim/v2/{tenant}/{provider}/Groups */
const listGroupsRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "get",
      path: `${BASE}/Groups`,
      summary: "List or find the groups of an identity provider",
      ...overScim,
      audits: ["provisioning.read"],
      params: provisioningParams,
      query: provisioningQuery,
      answers: { 200: { description: "A page in order of id", schema: scimGroups } },
      problems: [...readProblems, "invalid_scim_filter"],
    },
    (call) => {
      const page = pageIn(call.query);
      return administer(deps, call, actOf(call, "provisioning.read"), async (by) => {
        const found = await listGroups(deps, by, placeOf(call), {
          ...page,
          withMembers: showsMembers(call.query),
        });
        const shown = (each: ReadGroup) => resourceOf(deps, call, each);
        return { status: 200, body: listOf(found, page, shown) };
      });
    },
  );

/** GET /scim/v2/{tenant}/{provider}/Groups/{id} */
const readGroupRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "get",
      path: `${BASE}/Groups/{id}`,
      summary: "Read a group of an identity provider",
      ...overScim,
      audits: ["provisioning.read"],
      params: provisionedParams,
      query: provisioningQuery,
      answers: { 200: { description: "The group", schema: scimGroup } },
      problems: [...readProblems, "group_not_found"],
    },
    (call) =>
      administer(deps, call, actOf(call, "provisioning.read"), async (by) => {
        const id = groupIn(call.params.id);
        const group = await readGroup(deps, by, placeOf(call), id, showsMembers(call.query));
        return { status: 200, body: resourceOf(deps, call, group) };
      }),
  );

/** POST /scim/v2/{tenant}/{provider}/Groups */
const createGroupRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "post",
      path: `${BASE}/Groups`,
      summary: "Write a group. Its members get the role that is mapped to its name",
      ...overScim,
      audits: ["provisioning.create_group"],
      params: provisioningParams,
      body: sentGroup,
      bodyLimit: bodyLimits.provisioning,
      answers: { 201: { description: "The group", schema: scimGroup } },
      problems: writeProblems,
    },
    (call) => {
      const id = deps.newId<ProvisionedGroupId>();
      return changeOverScim(
        deps,
        call,
        "provisioning.create_group",
        async (by) => createGroup(deps, by, placeOf(call), groupOf(call.body), id),
        (group) => ({ status: 201, body: resourceOf(deps, call, group) }),
      );
    },
  );

/** PUT and PATCH of /scim/v2/{tenant}/{provider}/Groups/{id} */
const changeGroupRoutes = (deps: ProvisioningRouteDeps): readonly Route[] => {
  const change = (call: KeyCall & ScimCall, id: string, to: Parameters<typeof changeGroup>[4]) =>
    changeOverScim(
      deps,
      call,
      "provisioning.change_group",
      async (by) => changeGroup(deps, by, placeOf(call), groupIn(id), to),
      (group) => ({ status: 200, body: resourceOf(deps, call, group) }),
    );
  const common = {
    path: `${BASE}/Groups/{id}`,
    ...overScim,
    audits: ["provisioning.change_group"],
    params: provisionedParams,
    bodyLimit: bodyLimits.provisioning,
    answers: { 200: { description: "The group", schema: scimGroup } },
  } as const;
  return [
    route(
      {
        method: "put",
        summary: "Replace a group. Without members, they stay",
        ...common,
        body: sentGroup,
        problems: [...writeProblems, "group_not_found"],
      },
      (call) => change(call, call.params.id, ({ members }) => groupOf(call.body, members)),
    ),
    route(
      {
        method: "patch",
        summary: "Add and remove members of a group, or rename it",
        ...common,
        body: sentPatch,
        problems: [...patchProblems, "group_not_found"],
      },
      (call) => change(call, call.params.id, (group) => patchedGroup(group, call.body.Operations)),
    ),
  ];
};

/** DELETE /scim/v2/{tenant}/{provider}/Groups/{id} */
const removeGroupRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "delete",
      path: `${BASE}/Groups/{id}`,
      summary: "Remove a group. Who has no other group with a role loses the account",
      ...overScim,
      audits: ["provisioning.remove_group"],
      params: provisionedParams,
      answers: { 204: { description: "The group is removed" } },
      problems: [...writeProblems, "group_not_found"],
    },
    (call) =>
      changeOverScim(
        deps,
        call,
        "provisioning.remove_group",
        async (by) => removeGroup(deps, by, placeOf(call), groupIn(call.params.id)),
        () => ({ status: 204 }),
      ),
  );

/** The routes of groups. */
export const groupRoutes = (deps: ProvisioningRouteDeps): readonly Route[] => [
  listGroupsRoute(deps),
  readGroupRoute(deps),
  createGroupRoute(deps),
  ...changeGroupRoutes(deps),
  removeGroupRoute(deps),
];

/** RFC 7644 section 3.9. */
const showsMembers = ({
  excludedAttributes = "",
}: {
  readonly excludedAttributes?: string | undefined;
}) =>
  !excludedAttributes
    .toLowerCase()
    .split(/[\s,]+/)
    .includes("members");

/** An id that is not a UUID is no group's. */
function groupIn(id: string): ProvisionedGroupId {
  if (isId<ProvisionedGroupId>(id)) return id;
  throw groupNotFound();
}

function resourceOf({ publicUrl }: ProvisioningRouteDeps, { params }: ScimCall, group: ReadGroup) {
  const { id, displayName, externalId, members } = group;
  return {
    schemas: [scimUrns.group],
    id,
    displayName,
    ...(externalId !== undefined && { externalId }),
    ...(members !== undefined && { members: [...members].map((value) => ({ value })) }),
    meta: metaOf(baseOf(publicUrl, params), "Group", group),
  };
}
