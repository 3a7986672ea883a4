import { randomUUID } from "node:crypto";
import { apiKeyOf, backendWith } from "./administration.ts";
import { refuseCodes, startDishonestProvider } from "./dishonest-provider.ts";
import { REDIRECT_URI, register } from "./identity-provider.ts";
import type { TestServer } from "./server.ts";

type Act = () => Promise<{ readonly status: number }>;

/** What each route of the identity providers is called for, once everything it needs is there. */
export function providerCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const aName = () => `idp-${randomUUID().slice(0, 8)}`;
  /** Sends a request while a provider runs, which the tenant has already if `isKnown`. */
  const act = async (
    isKnown: boolean,
    method: string,
    path: (name: string) => string,
    body?: (issuer: string, name: string) => unknown,
  ): Promise<Act> => {
    const provider = await startDishonestProvider();
    refuseCodes(provider);
    const { issuer } = provider;
    const name = aName();
    if (isKnown) await register(server, server.tenant, { name, issuer });
    const send = backendWith(server, await apiKeyOf(server));
    return async () => {
      const answer = await send(method, path(name), body?.(issuer, name));
      await provider.close();
      return answer;
    };
  };
  return {
    "GET /v1/admin/{tenant}/identity-providers": () => act(true, "GET", () => "identity-providers"),
    "POST /v1/admin/{tenant}/identity-providers": () =>
      act(
        false,
        "POST",
        () => "identity-providers",
        (issuer, name) => ({
          name,
          issuer,
          clientId: "sealdesk",
          clientSecret: "a secret of the client",
          redirectUris: [REDIRECT_URI],
          roles: [{ group: "support", role: "agent" }],
        }),
      ),
    "DELETE /v1/admin/{tenant}/identity-providers/{provider}": () =>
      act(true, "DELETE", (name) => `identity-providers/${name}`),
    "POST /v1/admin/{tenant}/identity-providers/{provider}/test": () =>
      act(true, "POST", (name) => `identity-providers/${name}/test`),
    "PUT /v1/admin/{tenant}/identity-providers/{provider}/teams": () =>
      act(
        true,
        "PUT",
        (name) => `identity-providers/${name}/teams`,
        () => ({ teams: [{ group: "support", team: "claims" }] }),
      ),
    "PUT /v1/admin/{tenant}/staff/{user}/identity": async () => {
      const { id } = await server.createStaff("agent");
      return act(
        true,
        "PUT",
        () => `staff/${id}/identity`,
        (_issuer, provider) => ({ provider, subject: randomUUID() }),
      );
    },
  };
}
