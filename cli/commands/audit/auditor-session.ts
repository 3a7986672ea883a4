import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { output } from "zod/mini";
import { PURPOSE_HEADER } from "../../../contract/purpose-of-use.ts";
import { renewedSession, type SignIn } from "../../../contract/sessions.ts";
import { readPassword } from "../../read-password.ts";
import { CommandError } from "../../settings.ts";
import { readProblem } from "./read-problem.ts";

/** The account that reads a log over HTTP: an auditor or a compliance officer. */
export interface Credentials {
  readonly tenant: string;
  readonly username: string;
  readonly password: string;
  /** What the log is read for: a code of purpose of use. */
  readonly purpose?: string | undefined;
}

/** The URL at which a server serves the log of the signed-in user's tenant. */
const SERVED = /^(https?:\/\/.+)\/v1\/audit\/log\/?$/;

/**
 * Asks for the password of the account that reads the log at `place`.
 * @returns undefined if no account was given. Otherwise also the base URL of the API, without /v1
 * @throws CommandError
 */
export async function askCredentials(
  place: string,
  {
    tenant,
    username,
    purpose,
  }: { readonly tenant?: string; readonly username?: string; readonly purpose?: string },
): Promise<(Credentials & { readonly server: string }) | undefined> {
  if (tenant === undefined && username === undefined) return undefined;
  const server = SERVED.exec(place)?.[1];
  if (tenant === undefined || username === undefined || server === undefined)
    throw new CommandError(
      "To sign in, give --tenant and --username, and a URL that ends with /v1/audit/log.",
    );
  const password = (await readPassword("known")).reveal();
  return { server, tenant, username, password, purpose };
}

/** A session that reads with the rights of its user. */
export interface AuditorSession {
  readonly fetch: (url: URL) => Promise<Response>;
  /** Ends the session on the server. */
  readonly end: () => Promise<void>;
}

const ANSWER_MS = 30_000;
/** A token is renewed this long before it expires. */
const AHEAD_MS = 30_000;

/**
 * Signs in with a key that exists only during the command. No device is registered.
 * @param server base URL of the API, without /v1
 * @throws CommandError
 */
export async function openAuditorSession(
  server: string,
  { tenant, username, password, purpose }: Credentials,
): Promise<AuditorSession> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { kty = "", crv = "", x = "" } = publicKey.export({ format: "jwk" });
  let token: output<typeof renewedSession> | undefined;

  /** RFC 9449 section 4.2. */
  async function headersFor(method: string, url: URL): Promise<Record<string, string>> {
    const ath = token && createHash("sha256").update(token.accessToken).digest("base64url");
    const htu = url.origin + url.pathname;
    const proof = await new SignJWT({ jti: randomUUID(), htm: method, htu, ...(ath && { ath }) })
      .setProtectedHeader({ alg: "EdDSA", typ: "dpop+jwt", jwk: { kty, crv, x } })
      .setIssuedAt()
      .sign(privateKey);
    return {
      dpop: proof,
      ...(token && { authorization: `DPoP ${token.accessToken}` }),
      ...(purpose !== undefined && { [PURPOSE_HEADER]: purpose }),
    };
  }

  async function ask(method: string, url: URL, body?: object): Promise<Response> {
    return fetch(url, {
      method,
      headers: {
        ...(await headersFor(method, url)),
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }

  const sessions = (path: string) => new URL(`${server}/v1/sessions${path}`);
  async function take(answer: Response): Promise<void> {
    if (!answer.ok) {
      const why = (await readProblem(answer))?.detail ?? `It answered ${answer.status}.`;
      throw new CommandError(`The server refused the sign-in. ${why}`);
    }
    // The answer to a sign-in says more, which the command does not need.
    const opened = renewedSession.safeParse(await answer.json().catch(() => undefined));
    if (!opened.success)
      throw new CommandError(
        "The server answered the sign-in in a form that Sealdesk does not have.",
      );
    token = opened.data;
  }

  const signIn: SignIn = { grant: "password", tenant, username, password };
  await take(await ask("POST", sessions(""), signIn));
  let renewal: Promise<void> | undefined;
  return {
    async fetch(url) {
      if (token !== undefined && token.expiresAtMs - Date.now() < AHEAD_MS)
        await (renewal ??= ask("POST", sessions("/current/renew"))
          .then(take)
          .finally(() => (renewal = undefined)));
      return ask("GET", url);
    },
    async end() {
      await ask("DELETE", sessions("/current"));
    },
  };
}
