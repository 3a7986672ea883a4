import {
  openedSession,
  RENEWAL_GRACE_MS,
  renewedSession,
  signIn,
  type FactorCode,
  type SignIn,
} from "../../contract/sessions.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { isProblem, SealdeskError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import type { OidcCredentials } from "../sign-in/authorize.ts";
import { answerPasskey, type PasskeyCredentials, type UsePasskey } from "../sign-in/passkeys.ts";
import { nothing, writeBody } from "./messages.ts";
import type { Exchange, JsonRequest } from "./transport.ts";

/** Credentials for signing in. */
export type Credentials =
  | {
      readonly grant: "password";
      /** The tenant's slug. */
      readonly tenant: string;
      readonly username: string;
      readonly password: string;
      /** Asked at each sign-in of an account with a second factor, for a code that was not used before. */
      readonly secondFactor?: (request: FactorRequest) => Promise<FactorCode> | FactorCode;
    }
  | PasskeyCredentials
  | {
      readonly grant: "customer_token";
      /** The tenant's slug. */
      readonly tenant: string;
      /** Asked at each sign-in for a fresh token, which the tenant's own backend makes. */
      readonly token: (request: TokenRequest) => Promise<string> | string;
      /**
       * The `sub` of the tokens, or any text that differs between customers. If you pass it, a
       * session that the store keeps for another customer is not continued.
       */
      readonly subject?: string;
      /**
       * True to sign in even if the store has a session, such as with a token that states a higher identity assurance level.
       * Acts that are refused with `step_up_required` need it.
       */
      readonly fresh?: boolean;
    }
  | {
      /**
       * A customer without a customer token, if the tenant allows it. This store's device is the customer's only one. When
       * your backend knows the customer, connect the same store with a customer token: the conversations go on.
       */
      readonly grant: "anonymous";
      /** The tenant's slug. */
      readonly tenant: string;
    }
  | OidcCredentials;

/** How the application proves the second factor. */
export interface FactorRequest {
  /** Has a passkey prove it. Return the result. */
  readonly passkey: (use: UsePasskey) => Promise<FactorCode>;
}

/** The data that the SDK passes to the application when it asks for a customer token. */
export interface TokenRequest {
  /**
   * Thumbprint of this device's key, RFC 7638 with SHA-256. A token that has it as `cnf.jkt` serves
   * this device only, so a stolen token is worth nothing.
   */
  readonly thumbprint: string;
}

/** The signed-in user and tenant, according to the server. */
export interface SignedIn {
  readonly tenant: { readonly id: TenantId; readonly slug: string };
  readonly user: {
    readonly id: UserId;
    readonly role: string;
    readonly displayName: string | undefined;
  };
  /** The account key; undefined until the account's first device is registered. */
  readonly accountKey: Uint8Array | undefined;
}

/** A session with its access token. */
export interface KeptSession extends SignedIn {
  readonly accessToken: string;
  readonly expiresAtMs: number;
}

/** Keeps a session beyond this program. */
export interface SessionKeeper {
  /** Returns the session to continue, if there is one for these credentials. */
  load(): Promise<KeptSession | undefined>;
  save(session: KeptSession): Promise<void>;
  forget(): Promise<void>;
}

/** A token this close to its end is renewed first, because it must last for its request. */
const renewBeforeMs = 60_000;

const renewal = {
  method: "POST",
  path: "v1/sessions/current/renew",
  answer: renewedSession,
} as const;
const end = { method: "DELETE", path: "v1/sessions/current", answer: nothing } as const;

/**
 * A session and its access token. The token is renewed shortly before it expires. When the session
 * itself has ended, the credentials open another one.
 */
export class Session {
  readonly #exchange: Exchange;
  #credentials: Credentials;
  readonly #clock: Clock;
  readonly #thumbprint: string;
  readonly #keeper: SessionKeeper;
  #session: KeptSession | undefined;
  /** The server refused the present token. */
  #isRefused = false;
  #isForgotten = false;
  #renewing: Promise<string> | undefined;

  /** @param thumbprint of the device key, which signs the proofs of `exchange` */
  constructor(
    exchange: Exchange,
    credentials: Credentials,
    clock: Clock,
    thumbprint: string,
    keeper: SessionKeeper,
  ) {
    this.#thumbprint = thumbprint;
    this.#exchange = exchange;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#keeper = keeper;
  }

  /**
   * Continues the kept session, or signs in if there is none or it is over.
   * @throws SealdeskError sign_in_failed, device_revoked, tenant_suspended, rate_limited, network
   */
  async resume(): Promise<SignedIn> {
    const kept = await this.#keeper.load();
    if (kept === undefined) return this.signIn();
    try {
      // Even if the token is still valid: the session may have ended, and the answer has the
      // server's time, which proofs need.
      await this.#keep({ ...kept, ...(await this.#exchange(renewal, kept.accessToken)) });
      return kept;
    } catch (error) {
      // A person asked for this connection.
      if (isOver(error) || isIdle(error)) return this.signIn();
      if (!isLimited(error) || this.#isSpent(kept)) throw error;
      this.#session = kept;
      return kept;
    }
  }

  /**
   * @throws SealdeskError sign_in_failed, second_factor_required, second_factor_failed, device_revoked,
   *   rate_limited, network
   */
  async signIn(): Promise<SignedIn> {
    const credentials = this.#credentials;
    try {
      return await this.#open(credentials);
    } catch (error) {
      const isAsked = isProblem(error, "second_factor_required");
      if (!isAsked || credentials.grant !== "password" || credentials.secondFactor === undefined)
        throw error;
      const passkey = (use: UsePasskey) => this.provePasskey(use);
      return this.#open(credentials, await credentials.secondFactor({ passkey }));
    }
  }

  /**
   * Has a passkey prove the second factor to this server.
   * @throws SealdeskError passkeys_unavailable, network
   */
  async provePasskey(use: UsePasskey): Promise<FactorCode> {
    return { passkey: await answerPasskey(this.#exchange, this.#thumbprint, use) };
  }

  /** Thumbprint of this device's key, RFC 7638 with SHA-256. */
  get thumbprint(): string {
    return this.#thumbprint;
  }

  async #open(credentials: Credentials, secondFactor?: FactorCode): Promise<SignedIn> {
    const { user, accountKey, ...opened } = await this.#exchange({
      method: "POST",
      path: "v1/sessions",
      body: writeBody(
        signIn,
        await grantOf(this.#exchange, credentials, this.#thumbprint, secondFactor),
      ),
      answer: openedSession,
    });
    const session = {
      ...opened,
      user: { ...user, displayName: user.displayName ?? undefined },
      accountKey: accountKey ?? undefined,
    };
    await this.#keep(session);
    return session;
  }

  /**
   * Returns an access token that is valid for at least a minute.
   * @throws SealdeskError closed, after `forget`; session_idle; and what `signIn` throws
   */
  accessToken(): Promise<string> {
    if (this.#isForgotten)
      return Promise.reject(new SealdeskError("closed", "This device has signed out."));
    const session = this.#session;
    if (session !== undefined && !this.#isRefused && !this.#isSpent(session))
      return Promise.resolve(session.accessToken);
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /**
   * Makes the next `accessToken` a fresh one. Call it when the server has refused the present one.
   */
  expire(): void {
    this.#isRefused = true;
  }

  /**
   * Sends a request of this session. Sends it once more with a fresh token if this one was refused.
   */
  request<T>(request: JsonRequest<T>): Promise<T> {
    return this.authorised((accessToken) => this.#exchange(request, accessToken));
  }

  /** Signs in with another password from now on, if this session has a password. */
  passwordChanged(password: string): void {
    if (this.#credentials.grant === "password")
      this.#credentials = { ...this.#credentials, password };
  }

  /** Calls `send` with an access token, and once more with a fresh one if it was refused. */
  async authorised<T>(send: (accessToken: string) => Promise<T>): Promise<T> {
    const accessToken = await this.accessToken();
    try {
      return await send(accessToken);
    } catch (error) {
      if (!isOver(error)) throw error;
      if (this.#session?.accessToken === accessToken) this.expire();
      return send(await this.accessToken());
    }
  }

  /**
   * Forgets the session, here and where it is kept. Afterwards no request can be made, and
   * credentials are not requested.
   * @returns a function that ends the session on the server, over this exchange. It throws
   *   SealdeskError network if the server was not reached
   */
  async forget(): Promise<(exchange: Exchange) => Promise<void>> {
    const session = this.#session;
    this.#session = undefined;
    this.#isForgotten = true;
    await this.#keeper.forget();
    return async (exchange) => {
      if (session === undefined) return;
      try {
        await exchange(end, session.accessToken).catch(async (error: unknown) => {
          if (!isOver(error)) throw error;
          // The token may have expired before its session.
          const { accessToken } = await exchange(renewal, session.accessToken);
          await exchange(end, accessToken);
        });
      } catch (error) {
        if (!isOver(error)) throw error;
      }
    };
  }

  async #renew(): Promise<string> {
    const session = this.#session;
    if (session !== undefined) {
      if (this.#isBeyondRenewal(session))
        throw new SealdeskError("session_idle", "Nobody used this session for too long.");
      try {
        const token = await this.#exchange(renewal, session.accessToken);
        await this.#keep({ ...session, ...token });
        return token.accessToken;
      } catch (error) {
        if (!isOver(error)) throw error;
      }
    }
    await this.signIn();
    return this.#session?.accessToken ?? "";
  }

  async #keep(session: KeptSession): Promise<void> {
    this.#session = session;
    this.#isRefused = false;
    await this.#keeper.save(session);
  }

  /**
   * Returns whether the server can no longer say if a person of staff was idle, such as after a long sleep of the computer.
   * Only `resume`, for which a person asks, signs in then.
   */
  #isBeyondRenewal({ expiresAtMs, user }: KeptSession): boolean {
    const isLoggedOffWhenIdle = !["customer", "bot", "archiver"].includes(user.role);
    return isLoggedOffWhenIdle && this.#clock.now() - expiresAtMs > RENEWAL_GRACE_MS;
  }

  #isSpent({ expiresAtMs }: KeptSession): boolean {
    return expiresAtMs - this.#clock.now() <= renewBeforeMs;
  }
}

const isLimited = (error: unknown): boolean =>
  error instanceof SealdeskError && error.code === "rate_limited";

const isIdle = (error: unknown): boolean =>
  error instanceof SealdeskError && error.code === "session_idle";

/** Another session may be opened without a person. */
const isOver = (error: unknown): boolean =>
  error instanceof SealdeskError && error.code === "signed_out";

async function grantOf(
  exchange: Exchange,
  credentials: Credentials,
  thumbprint: string,
  secondFactor: FactorCode | undefined,
): Promise<SignIn> {
  const { grant, tenant } = credentials;
  switch (grant) {
    case "password": {
      const { username, password } = credentials;
      return { grant, tenant, username, password, ...(secondFactor && { secondFactor }) };
    }
    case "passkey":
      return {
        grant,
        tenant,
        answer: await answerPasskey(exchange, thumbprint, credentials.passkey),
      };
    case "customer_token":
      return { grant, tenant, token: await credentials.token({ thumbprint }) };
    case "anonymous":
      return { grant, tenant };
    case "oidc": {
      // Customers never need it.
      const { authorize } = await import("../sign-in/authorize.ts");
      return authorize(exchange, credentials, thumbprint);
    }
  }
}
