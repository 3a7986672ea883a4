import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The token that a dishonest provider hands out. */
export interface ForgedToken {
  readonly header?: object;
  readonly claims: object;
  /** The default is the provider's own key, with ES256. */
  readonly signedWith?: KeyObject | { readonly hmac: string } | "nothing";
}

/** A double of an OpenID provider that says what a test wants. */
export interface DishonestProvider {
  readonly issuer: string;
  readonly key: KeyObject;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
  /** What the token endpoint answers with. */
  idToken: ForgedToken;
  /** Answers a request instead. It returns false if it does not. */
  instead: (path: string, response: ServerResponse) => boolean;
  /** Makes a token in compact form (RFC 7515). */
  token(forged: ForgedToken): string;
  close(): Promise<void>;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export const ecKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

function compact({ header = {}, claims, signedWith }: ForgedToken, own: KeyObject): string {
  const input = `${part({ alg: "ES256", kid: "own", ...header })}.${part(claims)}`;
  if (signedWith === "nothing") return `${input}.`;
  if (signedWith !== undefined && "hmac" in signedWith)
    return `${input}.${createHmac("sha256", signedWith.hmac).update(input).digest("base64url")}`;
  const options = { key: signedWith ?? own, dsaEncoding: "ieee-p1363" } as const;
  return `${input}.${sign("sha256", Buffer.from(input), options).toString("base64url")}`;
}

export async function startDishonestProvider(): Promise<DishonestProvider> {
  const key = ecKey();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    if (provider.instead(path, response)) return;
    const json = (body: object) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    switch (path) {
      case "/.well-known/openid-configuration":
        return void json({
          issuer: provider.issuer,
          authorization_endpoint: `${provider.issuer}/authorize`,
          token_endpoint: `${provider.issuer}/token`,
          jwks_uri: `${provider.issuer}/keys`,
          // It offers what nobody may accept.
          id_token_signing_alg_values_supported: ["none", "HS256", "ES256"],
          code_challenge_methods_supported: ["S256"],
        });
      case "/keys": {
        const { kty, crv, x, y } = key.export({ format: "jwk" });
        return void json({ keys: [{ kty, crv, x, y, kid: "own" }] });
      }
      case "/token":
        return void json({
          access_token: "access",
          token_type: "Bearer",
          id_token: provider.token(provider.idToken),
        });
      default:
        return void response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const provider: DishonestProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    asked,
    idToken: { claims: {} },
    instead: () => false,
    token: (forged) => compact(forged, key),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

/** Makes the provider refuse every code, as an honest one does while it is added. */
export function refuseCodes(provider: DishonestProvider): void {
  provider.instead = (path, response) => {
    if (path !== "/token") return false;
    const type = { "content-type": "application/json" };
    response.writeHead(400, type).end('{"error":"invalid_grant"}');
    return true;
  };
}

/** The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4). */
export const logoutClaims = (issuer: string, nowMs: number, changes: object = {}): object => ({
  iss: issuer,
  aud: "sealdesk",
  iat: Math.floor(nowMs / 1000),
  exp: Math.floor(nowMs / 1000) + 120,
  jti: randomUUID(),
  sub: "somebody",
  events: { "http://schemas.openid.net/event/backchannel-logout": {} },
  ...changes,
});
