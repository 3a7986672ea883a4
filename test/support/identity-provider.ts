import { randomBytes } from "node:crypto";
import { newId } from "../../tools/testkit/ids.ts";
import { addProvider } from "../../identity/providers/add-provider.ts";
import type { InspectionDeps } from "../../identity/providers/inspect-provider.ts";
import type { NewProvider } from "../../identity/providers/new-provider.ts";
import { createProviderFetch } from "../../identity/providers/provider-fetch.ts";
import { Secret } from "../../keys/secret.ts";
import {
  startLocalProvider,
  type LocalPerson,
  type LocalProvider,
} from "../../tools/idp/local-provider.ts";
import { AtRest } from "../../tools/testkit/at-rest.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** Registered for a program on this machine, with any port. */
export const REDIRECT_URI = "http://127.0.0.1:9/callback";

/** A real OpenID provider, and its people, who may change. */
export interface TestProvider extends LocalProvider {
  readonly name: string;
  readonly people: LocalPerson[];
  /** Replaces the groups of a person. */
  setGroups(id: string, ...groups: readonly string[]): void;
}

export const ada: LocalPerson = {
  id: "ada-at-the-provider",
  username: "ada@example.test",
  name: "Ada Agent",
  groups: ["support"],
};

/** Starts a provider, and registers the server there and the provider with the server. */
export async function startProvider(
  server: TestServer,
  settings: Partial<NewProvider> & { readonly inIdToken?: boolean } = {},
  tenant: TestTenant = server.tenant,
): Promise<TestProvider> {
  const { inIdToken = true, ...changes } = settings;
  const name = changes.name ?? `idp-${randomBytes(4).toString("hex")}`;
  const people = [ada];
  const secret = randomBytes(24).toString("hex");
  const provider = await startLocalProvider({
    port: 0,
    clients: [
      {
        id: "sealdesk",
        secret,
        redirectUris: [REDIRECT_URI],
        backchannelLogoutUri: `${server.url}/v1/tenants/${tenant.slug}/identity-providers/${name}/backchannel-logout`,
      },
    ],
    people: () => people,
    inIdToken,
  });
  await register(server, tenant, {
    name,
    issuer: provider.issuer,
    clientSecret: new Secret(secret),
    ...changes,
  });
  return {
    ...provider,
    name,
    people,
    setGroups(id, ...groups) {
      const index = people.findIndex((person) => person.id === id);
      const person = people[index];
      if (person === undefined) throw new Error(`nobody is ${id}`);
      people[index] = { ...person, groups };
    },
  };
}

const inspecting: InspectionDeps = {
  fetch: createProviderFetch({ networks: ["127.0.0.0/8", "::1"], allowsLocalHttp: true }),
  allowsHttp: true,
  tellsNetwork: true,
};

/** Adds a provider to a tenant, as `sealdesk idp add` does. */
export async function register(
  server: TestServer,
  tenant: TestTenant,
  settings: Partial<NewProvider> & Pick<NewProvider, "name" | "issuer">,
): Promise<void> {
  const atRest = await AtRest.open(server.home, server.database.ownerUrl);
  try {
    await addProvider(
      {
        ownerUrl: server.database.ownerUrl,
        subjects: atRest.subjects,
        newId,
        ...inspecting,
      },
      { tenant: tenant.id, slug: tenant.slug, nowMs: server.clock.now() },
      {
        clientId: "sealdesk",
        clientSecret: new Secret("a secret of the client"),
        redirectUris: [REDIRECT_URI],
        scope: "openid profile groups",
        groupsClaim: "groups",
        roles: [
          { group: "leads", role: "supervisor" },
          { group: "support", role: "agent" },
        ],
        accounts: "jit",
        subjectClaim: "sub",
        ...settings,
      },
    );
  } finally {
    await atRest.close();
  }
}
