import { randomUUID } from "node:crypto";
import { apiKeyOf, backendWith } from "./administration.ts";
import { ed25519, jwkOf } from "./device.ts";
import { startKeySetServer } from "./key-set-server.ts";
import { staffWithPasskey } from "./passkey.ts";
import { providerCalls } from "./provider-calls.ts";
import type { TestServer } from "./server.ts";

type Act = () => Promise<{ readonly status: number }>;

const aKey = () => ({ keys: [{ ...jwkOf(ed25519()), kid: randomUUID() }] });

/** What each route of the administration API is called for, once everything it needs is there. */
export function administrationCalls(
  server: TestServer,
): Readonly<Record<string, () => Promise<Act>>> {
  const backend = async () => backendWith(server, await apiKeyOf(server));
  const act = async (method: string, path: string, body?: unknown): Promise<Act> => {
    const send = await backend();
    return () => send(method, path, body);
  };
  return {
    ...providerCalls(server),
    "GET /v1/admin/{tenant}/staff": async () => act("GET", "staff"),
    "POST /v1/admin/{tenant}/staff": async () =>
      act("POST", "staff", {
        username: `made-${randomUUID().slice(0, 8)}`,
        role: "agent",
        password: "a passphrase of somebody",
      }),
    "PUT /v1/admin/{tenant}/staff/{user}/role": async () => {
      const { id } = await server.createStaff("agent");
      return act("PUT", `staff/${id}/role`, { role: "bot" });
    },
    "POST /v1/admin/{tenant}/staff/{user}/reset": async () => {
      const { id } = await server.createStaff("agent");
      return act("POST", `staff/${id}/reset`, { reason: "devices_lost" });
    },
    "POST /v1/admin/{tenant}/staff/{user}/disable": async () => {
      const { id } = await server.createStaff("agent");
      return act("POST", `staff/${id}/disable`);
    },
    "POST /v1/admin/{tenant}/staff/{user}/enable": async () => {
      const { id } = await server.createStaff("agent");
      return act("POST", `staff/${id}/enable`);
    },
    "POST /v1/admin/{tenant}/staff/{user}/password-reset": async () => {
      const { id } = await server.createStaff("agent");
      return act("POST", `staff/${id}/password-reset`);
    },
    "DELETE /v1/admin/{tenant}/staff/{user}/second-factor": async () => {
      const { staff } = await staffWithPasskey(server);
      return act("DELETE", `staff/${staff.id}/second-factor`);
    },
    "GET /v1/admin/{tenant}/staff/{user}/passkeys": async () => {
      const { id } = await server.createStaff("agent");
      return act("GET", `staff/${id}/passkeys`);
    },
    "DELETE /v1/admin/{tenant}/staff/{user}/passkeys/{passkey}": async () => {
      const { staff, path } = await staffWithPasskey(server);
      return act("DELETE", `staff/${staff.id}/passkeys/${path.split("/").at(-1)}`);
    },
    "GET /v1/admin/{tenant}/teams": async () => act("GET", "teams"),
    "PUT /v1/admin/{tenant}/teams/{team}/members/{user}": async () => {
      const { id } = await server.createStaff("agent");
      return act("PUT", `teams/claims/members/${id}`);
    },
    "DELETE /v1/admin/{tenant}/teams/{team}/members/{user}": async () => {
      const { id } = await server.createStaff("agent");
      return act("DELETE", `teams/claims/members/${id}`);
    },
    "GET /v1/admin/{tenant}/settings": async () => act("GET", "settings"),
    "PUT /v1/admin/{tenant}/settings/staff-grants": async () =>
      act("PUT", "settings/staff-grants", { allowed: true }),
    "PUT /v1/admin/{tenant}/settings/purpose-of-use": async () =>
      act("PUT", "settings/purpose-of-use", { reads: [], codes: ["CLAIMS_REVIEW"] }),
    "PUT /v1/admin/{tenant}/settings/message-revisions": async () =>
      act("PUT", "settings/message-revisions", { minutes: 15 }),
    "PUT /v1/admin/{tenant}/settings/accounting": async () =>
      act("PUT", "settings/accounting", { operations: true }),
    "PUT /v1/admin/{tenant}/settings/anonymous-customers": async () =>
      act("PUT", "settings/anonymous-customers", { allowed: true }),
    "PUT /v1/admin/{tenant}/settings/second-factor": async () =>
      act("PUT", "settings/second-factor", { role: "archiver", isRequired: true }),
    "PUT /v1/admin/{tenant}/settings/idle-log-off": async () =>
      act("PUT", "settings/idle-log-off", { minutes: 15 }),
    "POST /v1/admin/{tenant}/origins": async () =>
      act("POST", "origins", { origin: "https://www.example.com" }),
    "DELETE /v1/admin/{tenant}/origins": async () =>
      act("DELETE", "origins?origin=https%3A%2F%2Fwww.example.com"),
    "POST /v1/admin/{tenant}/customer-keys": async () => act("POST", "customer-keys", aKey()),
    "PUT /v1/admin/{tenant}/customer-keys": async () => {
      const { rows } = await server.database.owner.query<{ keys: object }>(
        "select customer_keys as keys from sealdesk.tenants where id = $1",
        [server.tenant.id],
      );
      const [{ keys } = { keys: {} }] = rows;
      const before = JSON.stringify(keys);
      const replace = await act("PUT", "customer-keys", aKey());
      return async () => {
        const reply = await replace();
        // Customers of the other routes sign in with the keys from before.
        await server.database.owner.query(
          "update sealdesk.tenants set customer_keys = $2 where id = $1",
          [server.tenant.id, before],
        );
        return reply;
      };
    },
    "DELETE /v1/admin/{tenant}/customer-keys/{kid}": async () => {
      const set = aKey();
      await (
        await act("POST", "customer-keys", set)
      )();
      return act("DELETE", `customer-keys/${set.keys[0]?.kid}`);
    },
    "POST /v1/admin/{tenant}/customer-keys/{kid}/revocation": async () =>
      act("POST", "customer-keys/stolen/revocation"),
    "DELETE /v1/admin/{tenant}/customer-keys/{kid}/revocation": async () => {
      await (
        await act("POST", "customer-keys/found-again/revocation")
      )();
      return act("DELETE", "customer-keys/found-again/revocation");
    },
    "PUT /v1/admin/{tenant}/customer-jwks-url": async () => {
      const keySet = await startKeySetServer({ published: ed25519() });
      const set = await act("PUT", "customer-jwks-url", { url: keySet.url });
      return async () => {
        const reply = await set();
        await keySet.close();
        return reply;
      };
    },
  };
}
