import { addApiKey } from "../../identity/administration/api-keys.ts";
import { administrationActions } from "../../policies/administration.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** Makes an API key of a tenant, with every scope but that of SCIM unless told otherwise. */
export async function apiKeyOf(
  server: TestServer,
  {
    tenant = server.tenant,
    scopes = administrationActions.filter((action) => action !== "scim"),
    days = 30,
  }: {
    readonly tenant?: TestTenant;
    readonly scopes?: readonly string[];
    readonly days?: number;
  } = {},
): Promise<string> {
  const { slug } = tenant;
  const nowMs = server.clock.now();
  const key = { slug, name: "backend", scopes, days, nowMs };
  return (await addApiKey(server.database.ownerUrl, key)).reveal();
}

/** Sends requests with an API key, as a tenant's backend does. */
export function backendWith(
  server: TestServer,
  key: string,
  { slug }: TestTenant = server.tenant,
  address = server.address,
) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const answer = await fetch(`${address}/v1/admin/${slug}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
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
