import { patchOf, personOf, startScimProvider, type ScimProvider } from "./provisioning.ts";
import { scimUrns } from "../../contract/provisioning.ts";
import type { TestServer } from "./server.ts";

type Act = () => Promise<{ readonly status: number }>;

const BASE = "/scim/v2/{tenant}/{provider}";

/** What each route of SCIM is called for, once everything it needs is there. */
export function provisioningCalls(
  server: TestServer,
): Readonly<Record<string, () => Promise<Act>>> {
  let started: Promise<ScimProvider> | undefined;
  const provider = () => {
    started ??= startScimProvider(server).then(async (idp) => {
      // Nobody signs in with it.
      await idp.close();
      return idp;
    });
    return started;
  };
  const act =
    (
      method: string,
      path: (ids: { readonly user: string; readonly group: string }) => string,
      body?: unknown,
    ) =>
    async (): Promise<Act> => {
      const idp = await provider();
      const ids = { user: await idp.person(), group: await idp.group("others") };
      return () => idp.scim(method, path(ids), body);
    };
  const group = { schemas: [scimUrns.group], displayName: "others" };
  const rename = patchOf({ op: "replace", path: "displayName", value: "Other" });
  return {
    [`GET ${BASE}/ServiceProviderConfig`]: act("GET", () => "ServiceProviderConfig"),
    [`GET ${BASE}/ResourceTypes`]: act("GET", () => "ResourceTypes"),
    [`GET ${BASE}/Schemas`]: act("GET", () => "Schemas"),
    [`GET ${BASE}/Users`]: act("GET", () => "Users"),
    [`GET ${BASE}/Users/{id}`]: act("GET", ({ user }) => `Users/${user}`),
    [`POST ${BASE}/Users`]: act("POST", () => "Users", personOf()),
    [`PUT ${BASE}/Users/{id}`]: act("PUT", ({ user }) => `Users/${user}`, personOf()),
    [`PATCH ${BASE}/Users/{id}`]: act("PATCH", ({ user }) => `Users/${user}`, rename),
    [`DELETE ${BASE}/Users/{id}`]: act("DELETE", ({ user }) => `Users/${user}`),
    [`GET ${BASE}/Groups`]: act("GET", () => "Groups"),
    [`GET ${BASE}/Groups/{id}`]: act("GET", (ids) => `Groups/${ids.group}`),
    [`POST ${BASE}/Groups`]: act("POST", () => "Groups", group),
    [`PUT ${BASE}/Groups/{id}`]: act("PUT", (ids) => `Groups/${ids.group}`, group),
    [`PATCH ${BASE}/Groups/{id}`]: act("PATCH", (ids) => `Groups/${ids.group}`, rename),
    [`DELETE ${BASE}/Groups/{id}`]: act("DELETE", (ids) => `Groups/${ids.group}`),
  };
}
