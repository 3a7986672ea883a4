import { addOperatorKey } from "../../identity/operator-keys/operator-keys.ts";
import { tenantActions } from "../../policies/operator-keys.ts";
import type { TestServer } from "./server.ts";

/** Makes a key of the operator, with every scope unless told otherwise. */
export async function operatorKeyOf(
  server: TestServer,
  { scopes = tenantActions, days = 30 }: { scopes?: readonly string[]; days?: number } = {},
): Promise<string> {
  const key = { name: "automation", scopes, days, nowMs: server.clock.now() };
  return (await addOperatorKey(server.database.ownerUrl, key)).reveal();
}

/** Sends requests with a key of the operator. */
export function operatorWith(server: TestServer, key: string, address = server.address) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const answer = await fetch(`${address}/v1/operator/tenants${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      // Whatever the server answered; tests look into it.
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}

type Act = () => Promise<{ readonly status: number }>;

/** What each route of the operator is called for, with a tenant of its own. */
export function operatorCalls(server: TestServer): Readonly<Record<string, () => Promise<Act>>> {
  const act = async (method: string, path: string, body?: unknown): Promise<Act> => {
    const { slug } = await server.createTenant();
    const send = operatorWith(server, await operatorKeyOf(server));
    return () => send(method, path.replace("{tenant}", slug), body);
  };
  return {
    "POST /v1/operator/tenants": () => act("POST", "", { slug: "made-by-key", name: "Made" }),
    "GET /v1/operator/tenants/{tenant}": () => act("GET", "/{tenant}"),
    "PUT /v1/operator/tenants/{tenant}/suspension": () => act("PUT", "/{tenant}/suspension"),
    "DELETE /v1/operator/tenants/{tenant}/suspension": () => act("DELETE", "/{tenant}/suspension"),
    "PUT /v1/operator/tenants/{tenant}/limits": () =>
      act("PUT", "/{tenant}/limits", { limit: "tenant_socket_limit", value: "100" }),
    "PUT /v1/operator/tenants/{tenant}/required-consents": () =>
      act("PUT", "/{tenant}/required-consents", { purposes: ["archiving"] }),
  };
}
