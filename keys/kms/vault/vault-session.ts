import { setTimeout as wait } from "node:timers/promises";
import vault from "node-vault";
import { z } from "zod";
import { KeysError } from "../../keys-error.ts";
import type { Transport, TransportRequest } from "./transport.ts";
import { isPassing, serviceError, VaultAnswer } from "./vault-errors.ts";
import type { VaultOptions } from "./vault-options.ts";

type Verb = "read" | "write" | "delete";
type Client = Record<Verb, (path: string, data?: object) => Promise<unknown>> & { token: string };

const authSchema = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number(),
    renewable: z.boolean(),
  }),
});

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 50;
/** The shortest time between two renewals. */
const LEAST_RENEWAL_MS = 1_000;

/**
 * A token that stays valid. A token from AppRole is renewed before it expires. If it cannot be
 * renewed, or turns out to be invalid, the session logs in again.
 */
export class VaultSession {
  readonly #client: Client;
  /** The client for logging in. It sends no token. */
  readonly #stranger: Client;
  readonly #options: VaultOptions;
  #loggingIn: Promise<void> | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: VaultOptions, transport: Transport) {
    this.#options = options;
    const send = (request: TransportRequest) => transport.send(request);
    const config = {
      endpoint: options.address,
      "request-promise": { defaults: () => send },
      // The shipped function writes tokens and bodies to stderr if DEBUG is set.
      debug: () => undefined,
      requestOptions: {},
    };
    this.#client = vault(config);
    this.#stranger = vault(config);
    // Set explicitly, so that node-vault does not take a token from the environment.
    const token = "token" in options.login ? options.login.token.reveal() : "";
    const place = { pathPrefix: "", namespace: options.namespace ?? "" };
    Object.assign(this.#client, place, { token });
    Object.assign(this.#stranger, place, { token: "" });
  }

  /**
   * Logs in.
   * @throws KeysError of the service
   */
  async open(): Promise<void> {
    if ("token" in this.#options.login) return;
    await retrying(() => this.#login());
  }

  /**
   * Sends a request to Vault. It repeats the request after a temporary failure, and after a new
   * login if the token is no longer valid.
   * @throws KeysError of the service, VaultAnswer for other refusals
   */
  async ask(verb: Verb, path: string, data?: object): Promise<unknown> {
    return retrying(async () => {
      const token = this.#client.token;
      try {
        return await this.#send(verb, path, data);
      } catch (error) {
        if (!(error instanceof KeysError && error.code === "kms_denied")) throw error;
        if ("token" in this.#options.login) throw error;
        // Another call may have logged in meanwhile.
        if (this.#client.token === token) await this.#login();
        return this.#send(verb, path, data);
      }
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#renewal);
  }

  async #send(
    verb: Verb,
    path: string,
    data?: object,
    client: Client = this.#client,
  ): Promise<unknown> {
    try {
      // A copy, because node-vault keeps its argument.
      return await client[verb](path, data === undefined ? undefined : { ...data });
    } catch (error) {
      if (error instanceof KeysError) throw error;
      const answer = answerIn(error);
      throw serviceError(answer) ?? answer;
    }
  }

  #login(): Promise<void> {
    this.#loggingIn ??= this.#logInAgain().finally(() => {
      this.#loggingIn = undefined;
    });
    return this.#loggingIn;
  }

  async #logInAgain(): Promise<void> {
    const { login } = this.#options;
    if ("token" in login) return;
    const credentials = { role_id: login.roleId, secret_id: login.secretId.reveal() };
    try {
      this.#take(await this.#send("write", "auth/approle/login", credentials, this.#stranger));
    } catch (error) {
      // Vault answers 400 to a wrong role or secret.
      if (error instanceof VaultAnswer)
        throw new KeysError("kms_denied", "Vault refused the AppRole's credentials.");
      throw error;
    }
  }

  #take(answer: unknown): void {
    const { auth } = authSchema.parse(answer);
    this.#client.token = auth.client_token;
    this.#renewIn((auth.lease_duration * 1000 * 2) / 3, auth.renewable);
  }

  #renewIn(delayMs: number, renewable: boolean): void {
    clearTimeout(this.#renewal);
    if (this.#closed || delayMs <= 0) return;
    const renew = () => {
      void (renewable ? this.#renew() : this.#login()).catch(() =>
        // Tries again later. Until then requests log in themselves.
        this.#renewIn(LEAST_RENEWAL_MS * 5, renewable),
      );
    };
    // Timers are limited to 32 bits.
    const dueMs = Math.min(Math.max(delayMs, LEAST_RENEWAL_MS), 2 ** 31 - 1);
    this.#renewal = setTimeout(renew, dueMs);
    this.#renewal.unref();
  }

  async #renew(): Promise<void> {
    try {
      this.#take(await this.#send("write", "auth/token/renew-self", {}));
    } catch {
      await this.#login();
    }
  }
}

function answerIn(error: unknown): VaultAnswer {
  const { response } = error as { readonly response?: { statusCode?: unknown; body?: unknown } };
  const { errors } = (response?.body ?? {}) as { readonly errors?: unknown };
  const status = typeof response?.statusCode === "number" ? response.statusCode : 0;
  return new VaultAnswer(status, Array.isArray(errors) ? errors.join("; ") : "");
}

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error;
    }
    // The wait doubles each time, plus a random part of the same size, so that many nodes do not
    // ask at once.
    await wait(FIRST_WAIT_MS * 2 ** attempt * (1 + Math.random()), undefined, { ref: false });
  }
}
