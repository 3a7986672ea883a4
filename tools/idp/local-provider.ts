import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Provider } from "oidc-provider";

/** Somebody who signs in at the local provider. */
export interface LocalPerson {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly groups: readonly string[];
}

/** A program that is registered with the local provider. */
export interface LocalClient {
  readonly id: string;
  readonly secret: string;
  readonly redirectUris: readonly string[];
  readonly backchannelLogoutUri?: string;
}

export interface LocalProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

/** The scope with which people's groups are asked for. */
const GROUPS_SCOPE = "groups";
const HOUR_S = 3_600;

/**
 * Starts an OpenID provider on this machine. Whoever opens its sign-in page chooses who they are: it asks
 * for no password.
 * @param given.port 0 selects any free port
 * @param given.person returns the person of an id, as they are now
 * @param given.inIdToken whether the ID token has the names and groups, or only the UserInfo endpoint
 */
export async function startLocalProvider(given: {
  readonly port: number;
  readonly clients: readonly LocalClient[];
  readonly people: () => readonly LocalPerson[];
  readonly inIdToken?: boolean;
}): Promise<LocalProvider> {
  const { people, inIdToken = true } = given;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(given.port, "127.0.0.1", resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: given.clients.map((client) => ({
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: client.redirectUris,
      response_types: ["code"],
      grant_types: ["authorization_code"],
      id_token_signed_response_alg: "ES256",
      // Native clients have redirect URIs of http on this machine, with any port.
      application_type: "native",
      ...(client.backchannelLogoutUri !== undefined && {
        backchannel_logout_uri: client.backchannelLogoutUri,
        backchannel_logout_session_required: true,
      }),
    })),
    jwks: { keys: [signingKey()] },
    pkce: { required: () => true },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    claims: {
      openid: ["sub", "auth_time"],
      profile: ["name", "preferred_username"],
      [GROUPS_SCOPE]: ["groups"],
    },
    scopes: ["openid", "profile", GROUPS_SCOPE],
    conformIdTokenClaims: !inIdToken,
    ttl: {
      Session: 12 * HOUR_S,
      Interaction: HOUR_S,
      Grant: HOUR_S,
      AccessToken: 60,
      IdToken: 300,
    },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: {
      url: (_context: unknown, { uid }: { readonly uid: string }) => `/sign-in/${uid}`,
    },
    findAccount: (_context: unknown, id: string) => {
      const person = people().find((each) => each.id === id);
      if (person === undefined) return undefined;
      const { username, name, groups } = person;
      const claims = { sub: id, preferred_username: username, name, groups };
      return { accountId: id, claims: () => claims };
    },
  });
  const serve = provider.callback();
  server.on("request", (request, response) => {
    if (request.url?.startsWith("/sign-in/") !== true) return serve(request, response);
    signIn(provider, people(), request, response).catch(() => response.writeHead(400).end());
  });
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns a new private key as a JWK. */
function signingKey(): object {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = randomBytes(8).toString("hex");
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" };
}

/** Shows the people, or signs in the one who was chosen. */
async function signIn(
  provider: Provider,
  people: readonly LocalPerson[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "POST") {
    const choices = people.map(
      ({ id, name, groups }) =>
        `<p><button name="person" value="${id}">${name} (${groups.join(", ")})</button>`,
    );
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8" })
      .end(
        `<!doctype html><title>Local provider</title><form method="post">${choices.join("")}</form>`,
      );
    return;
  }
  const accountId = new URLSearchParams(await text(request)).get("person") ?? "";
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId, clientId: String(params["client_id"]) });
  grant.addOIDCScope(`openid profile ${GROUPS_SCOPE}`);
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
