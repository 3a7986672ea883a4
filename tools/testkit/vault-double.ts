import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Secret } from "../../keys/secret.ts";
import type { VaultOptions } from "../../keys/kms/vault/vault-options.ts";
import { TransitDouble, VaultRefusal } from "./transit-double.ts";

/**
 * A DOUBLE of HashiCorp Vault, in memory: Transit and AppRole as far as they are used, with the
 * refusals that are relied on, and faults to order. It shows that our side does as it should when
 * Vault does as its documentation says, not that Vault does; for that, run the same suite with
 * VAULT_ADDR, VAULT_ROLE_ID and VAULT_SECRET_ID set.
 */
export interface VaultDouble {
  readonly options: VaultOptions;
  /** "POST transit/keys/a", oldest first. */
  readonly asked: readonly string[];
  sealed: boolean;
  /** Answers the next `count` requests with `status`. */
  fail(status: number, count: number): void;
  /** Answers every request with a redirect there; undefined: no more. */
  redirectTo: string | undefined;
  /** Keeps requests waiting until the connection is given up. */
  silent: boolean;
  /** As an operator who revokes every token. */
  revokeTokens(): void;
  renewalFails: boolean;
  /** Of new tokens, in seconds. */
  leaseS: number;
  /** Refuses logins from then on. */
  roleRemoved: boolean;
  /** Paths that the policy does not permit. */
  forbidden: RegExp | undefined;
  close(): Promise<void>;
}

export async function startVaultDouble(): Promise<VaultDouble> {
  const transit = new TransitDouble();
  const role = { role_id: randomUUID(), secret_id: randomUUID() };
  let tokens = new Set<string>();
  let failures: number[] = [];
  const asked: string[] = [];

  const server = createServer((request, response) => {
    void readJson(request).then((body) => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const double: VaultDouble = {
    options: {
      address: `http://127.0.0.1:${port}`,
      login: { roleId: role.role_id, secretId: new Secret(role.secret_id) },
      mount: "transit",
      namespace: undefined,
      caFile: undefined,
    },
    asked,
    sealed: false,
    fail(status, count) {
      failures = Array.from({ length: count }, () => status);
    },
    redirectTo: undefined,
    silent: false,
    revokeTokens() {
      tokens = new Set();
    },
    renewalFails: false,
    leaseS: 3600,
    roleRemoved: false,
    forbidden: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function answer(request: IncomingMessage, response: ServerResponse, body: Body): void {
    const path = (request.url ?? "").replace(/^\/v1\//, "");
    asked.push(`${request.method} ${path}`);
    const reply = (status: number, value?: object) =>
      response
        .writeHead(status, { "content-type": "application/json" })
        .end(value === undefined ? undefined : JSON.stringify(value));
    if (double.silent) return;
    if (double.redirectTo !== undefined)
      return void response.writeHead(307, { location: `${double.redirectTo}/v1/${path}` }).end();
    if (double.sealed) return void reply(503, { errors: ["Vault is sealed"] });
    const failure = failures.shift();
    if (failure !== undefined)
      return void reply(failure, { errors: ["internal error", JSON.stringify(body)] });
    try {
      const given = handle(request.method ?? "", path, body, request.headers["x-vault-token"]);
      reply(given === undefined ? 204 : 200, given);
    } catch (error) {
      if (!(error instanceof VaultRefusal)) throw error;
      reply(error.status, { errors: error.message === "" ? [] : [error.message] });
    }
  }

  function newToken(): object {
    const token = `hvs.${randomBytes(16).toString("hex")}`;
    tokens.add(token);
    return { auth: { client_token: token, lease_duration: double.leaseS, renewable: true } };
  }

  function handle(
    method: string,
    path: string,
    body: Body,
    token: string | string[] | undefined,
  ): object | undefined {
    if (path === "auth/approle/login") {
      const known = body["role_id"] === role.role_id && body["secret_id"] === role.secret_id;
      if (!known || double.roleRemoved) throw new VaultRefusal(400, "invalid role or secret ID");
      return newToken();
    }
    if (typeof token !== "string" || !tokens.has(token) || double.forbidden?.test(path) === true)
      throw new VaultRefusal(403, "permission denied");
    if (path === "auth/token/lookup-self") return { data: { ttl: double.leaseS } };
    if (path === "auth/token/renew-self") {
      if (double.renewalFails) throw new VaultRefusal(400, "lease is not renewable");
      return { auth: { client_token: token, lease_duration: double.leaseS, renewable: true } };
    }
    return transit.handle(method, path.replace(/^transit\//, ""), body);
  }

  return double;
}

type Body = Readonly<Record<string, unknown>>;

async function readJson(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? {} : (JSON.parse(text) as Body);
}
