import type { Uuid } from "../../crypto/wire/uuid.ts";
import { SealdeskError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import * as read from "./schema.ts";
import type { Exchange, JsonRequest } from "./transport.ts";

/** Credentials for signing in. */
export type Credentials =
  | {
      readonly grant: "password";
      /** The tenant's slug. */
      readonly tenant: string;
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly grant: "customer_token";
      /** The tenant's slug. */
      readonly tenant: string;
      /** Asked at each sign-in for a fresh token, which the tenant's own backend makes. */
      readonly token: (request: TokenRequest) => Promise<string> | string;
    };

/** What a customer token is made for. */
export interface TokenRequest {
  /**
   * Thumbprint of this device's key, RFC 7638 with SHA-256. A token that has it as `cnf.jkt` serves
   * this device only, so a stolen token is worth nothing.
   */
  readonly thumbprint: string;
}

const tokenFields = { accessToken: read.text, expiresAtMs: read.integer };

const signedIn = read.object({
  ...tokenFields,
  tenant: read.object({ id: read.uuid, slug: read.text }),
  user: read.object({ id: read.uuid, role: read.text, displayName: read.nullable(read.text) }),
  accountKey: read.nullable(read.bytes),
});

/** Who has signed in, according to the server. */
export interface SignedIn {
  readonly tenant: { readonly id: Uuid; readonly slug: string };
  readonly user: {
    readonly id: Uuid;
    readonly role: string;
    readonly displayName: string | undefined;
  };
  /** The account key; undefined until the account's first device is registered. */
  readonly accountKey: Uint8Array | undefined;
}

/** A token this close to its end is renewed first, because it must last for its request. */
const renewBeforeMs = 60_000;

/**
 * A session and its access token. The token is renewed shortly before it expires. When the session
 * itself has ended, the credentials open another one.
 */
export class Session {
  readonly #exchange: Exchange;
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #thumbprint: string;
  #token: { readonly accessToken: string; readonly expiresAtMs: number } | undefined;
  #renewing: Promise<string> | undefined;

  /** @param thumbprint of the device key, which signs the proofs of `exchange` */
  constructor(exchange: Exchange, credentials: Credentials, clock: Clock, thumbprint: string) {
    this.#thumbprint = thumbprint;
    this.#exchange = exchange;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** @throws SealdeskError sign_in_failed, device_revoked, rate_limited, network */
  async signIn(): Promise<SignedIn> {
    const answer = await this.#exchange({
      method: "POST",
      path: "v1/sessions",
      body: await grantOf(this.#credentials, this.#thumbprint),
      answer: signedIn,
    });
    this.#token = answer;
    return answer;
  }

  /** Returns an access token that is valid for at least a minute. Throws what `signIn` throws. */
  accessToken(): Promise<string> {
    const token = this.#token;
    if (token !== undefined && token.expiresAtMs - this.#clock.now() > renewBeforeMs)
      return Promise.resolve(token.accessToken);
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /**
   * Makes the next `accessToken` a fresh one. Call it when the server has refused the present one.
   */
  expire(): void {
    if (this.#token !== undefined) this.#token = { ...this.#token, expiresAtMs: 0 };
  }

  /**
   * Sends a request of this session. Sends it once more with a fresh token if this one was refused.
   */
  request<T>(request: JsonRequest<T>): Promise<T> {
    return this.authorised((accessToken) => this.#exchange(request, accessToken));
  }

  /** Calls `send` with an access token, and once more with a fresh one if it was refused. */
  async authorised<T>(send: (accessToken: string) => Promise<T>): Promise<T> {
    const accessToken = await this.accessToken();
    try {
      return await send(accessToken);
    } catch (error) {
      if (!isOver(error)) throw error;
      if (this.#token?.accessToken === accessToken) this.expire();
      return send(await this.accessToken());
    }
  }

  async #renew(): Promise<string> {
    if (this.#token !== undefined) {
      try {
        this.#token = await this.#exchange(
          {
            method: "POST",
            path: "v1/sessions/current/renew",
            answer: read.object(tokenFields),
          },
          this.#token.accessToken,
        );
        return this.#token.accessToken;
      } catch (error) {
        if (!isOver(error)) throw error;
      }
    }
    await this.signIn();
    return this.#token?.accessToken ?? "";
  }
}

const isOver = (error: unknown): boolean =>
  error instanceof SealdeskError && error.code === "signed_out";

async function grantOf(
  credentials: Credentials,
  thumbprint: string,
): Promise<Readonly<Record<string, string>>> {
  const { grant, tenant } = credentials;
  switch (credentials.grant) {
    case "password":
      return { grant, tenant, username: credentials.username, password: credentials.password };
    case "customer_token":
      return { grant, tenant, token: await credentials.token({ thumbprint }) };
  }
}
