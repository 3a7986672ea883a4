import {
  provisionedParams,
  provisioningParams,
  provisioningQuery,
  scimUrns,
  scimUser,
  scimUsers,
  sentPatch,
  sentPerson,
} from "../../../../contract/provisioning.ts";
import { isId, type UserId } from "../../../../crypto/wire/ids.ts";
import { userNotFound } from "../../../../identity/identity-error.ts";
import { patchedPerson, personOf } from "../../../../identity/provisioning/person-attributes.ts";
import { listPeople, readPerson } from "../../../../identity/provisioning/read-people.ts";
import type { StoredPerson } from "../../../../identity/provisioning/stored-person.ts";
import {
  changePerson,
  createPerson,
  removePerson,
} from "../../../../identity/provisioning/write-people.ts";
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

/** GET /scim/v2/{tenant}/{provider}/Users */
const listUsersRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "get",
      path: `${BASE}/Users`,
      summary: "List or find the people of an identity provider",
      ...overScim,
      audits: ["provisioning.read"],
      params: provisioningParams,
      query: provisioningQuery,
      answers: { 200: { description: "A page in order of id", schema: scimUsers } },
      problems: [...readProblems, "invalid_scim_filter"],
    },
    (call) => {
      const page = pageIn(call.query);
      return administer(deps, call, actOf(call, "provisioning.read"), async (by) => {
        const found = await listPeople(deps, by, placeOf(call), page);
        return { status: 200, body: listOf(found, page, (each) => userOf(deps, call, each)) };
      });
    },
  );

/** GET /scim/v2/{tenant}/{provider}/Users/{id} */
const readUserRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "get",
      path: `${BASE}/Users/{id}`,
      summary: "Read a person of an identity provider",
      ...overScim,
      audits: ["provisioning.read"],
      params: provisionedParams,
      answers: { 200: { description: "The person", schema: scimUser } },
      problems: [...readProblems, "user_not_found"],
    },
    (call) =>
      administer(deps, call, actOf(call, "provisioning.read"), async (by) => {
        const person = await readPerson(deps, by, placeOf(call), userIn(call.params.id));
        return { status: 200, body: userOf(deps, call, person) };
      }),
  );

/** POST /scim/v2/{tenant}/{provider}/Users */
const createUserRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "post",
      path: `${BASE}/Users`,
      summary: "Write a person, who gets an account once a group gives them a role",
      ...overScim,
      audits: ["provisioning.create_person"],
      params: provisioningParams,
      body: sentPerson,
      bodyLimit: bodyLimits.provisioning,
      answers: { 201: { description: "The person", schema: scimUser } },
      problems: writeProblems,
    },
    (call) => {
      const id = deps.newId<UserId>();
      return changeOverScim(
        deps,
        call,
        "provisioning.create_person",
        async (by) => createPerson(deps, by, placeOf(call), personOf(call.body), id),
        (person) => ({ status: 201, body: userOf(deps, call, person) }),
      );
    },
  );

/** PUT and PATCH of /scim/v2/{tenant}/{provider}/Users/{id} */
const changeUserRoutes = (deps: ProvisioningRouteDeps): readonly Route[] => {
  const change = (call: KeyCall & ScimCall, id: string, to: Parameters<typeof changePerson>[4]) =>
    changeOverScim(
      deps,
      call,
      "provisioning.change_person",
      async (by) => changePerson(deps, by, placeOf(call), userIn(id), to),
      (person) => ({ status: 200, body: userOf(deps, call, person) }),
    );
  const common = {
    path: `${BASE}/Users/{id}`,
    ...overScim,
    audits: ["provisioning.change_person"],
    params: provisionedParams,
    bodyLimit: bodyLimits.provisioning,
    answers: { 200: { description: "The person", schema: scimUser } },
  } as const;
  return [
    route(
      {
        method: "put",
        summary:
          "Replace what is kept of a person. Without active and externalId, these stay as they are",
        ...common,
        body: sentPerson,
        problems: [...writeProblems, "user_not_found", "immutable_scim_attribute"],
      },
      (call) =>
        change(call, call.params.id, (before) => {
          const replaced = personOf(call.body);
          const isSilent = (call.body.active ?? null) === null;
          return {
            ...replaced,
            externalId: replaced.externalId ?? before.externalId,
            active: isSilent ? before.active : replaced.active,
          };
        }),
    ),
    route(
      {
        method: "patch",
        summary: "Change a person, such as active",
        ...common,
        body: sentPatch,
        problems: [...patchProblems, "user_not_found", "immutable_scim_attribute"],
      },
      (call) =>
        change(call, call.params.id, (person) => patchedPerson(person, call.body.Operations)),
    ),
  ];
};

/** DELETE /scim/v2/{tenant}/{provider}/Users/{id} */
const removeUserRoute = (deps: ProvisioningRouteDeps): Route =>
  route(
    {
      method: "delete",
      path: `${BASE}/Users/{id}`,
      summary: "Remove a person, whose account is disabled",
      ...overScim,
      audits: ["provisioning.remove_person"],
      params: provisionedParams,
      answers: { 204: { description: "The person is removed" } },
      problems: [...writeProblems, "user_not_found"],
    },
    (call) =>
      changeOverScim(
        deps,
        call,
        "provisioning.remove_person",
        async (by) => removePerson(deps, by, placeOf(call), userIn(call.params.id)),
        () => ({ status: 204 }),
      ),
  );

/** The routes of people. */
export const userRoutes = (deps: ProvisioningRouteDeps): readonly Route[] => [
  listUsersRoute(deps),
  readUserRoute(deps),
  createUserRoute(deps),
  ...changeUserRoutes(deps),
  removeUserRoute(deps),
];

/** An id that is not a UUID is nobody's. */
function userIn(id: string): UserId {
  if (isId<UserId>(id)) return id;
  throw userNotFound();
}

function userOf({ publicUrl }: ProvisioningRouteDeps, { params }: ScimCall, person: StoredPerson) {
  const { id, userName, displayName, externalId, active } = person;
  return {
    schemas: [scimUrns.user],
    id,
    userName,
    ...(externalId !== undefined && { externalId }),
    ...(displayName !== undefined && { displayName }),
    active,
    meta: metaOf(baseOf(publicUrl, params), "User", person),
  };
}
