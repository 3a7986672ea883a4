import { linkedCertificate, linkedRequest, requestLink } from "../../contract/request-link.ts";
import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { generateSigningKey, ready } from "../../crypto/device/sodium.ts";
import { func, invalidArgument, object, optional, text } from "../arguments.ts";
import { proofMaker } from "../http/device-proof.ts";
import { nothing, writeBody, type Schema } from "../http/messages.ts";
import { createExchange, type Exchange } from "../http/transport.ts";
import { ServerClock, systemClock, type Runtime } from "../runtime.ts";
import type { OwnRequest } from "./rights.ts";

/** How far a request is, as its link shows it. Times are milliseconds since the Unix epoch. */
export type LinkedRequest = Omit<OwnRequest, "id"> & { readonly endedAtMs: number | null };

const LONGEST_LINK = 2_048;
const PAGE = "/request-status";
const EVERY_MS = 5_000;

/** A request by its link. It needs no account, so it works when the account is fenced or gone. */
export class RequestLink {
  readonly #exchange: Exchange;
  readonly #body: unknown;

  /** Use `openRequestLink`. */
  constructor(exchange: Exchange, body: unknown) {
    this.#exchange = exchange;
    this.#body = body;
  }

  /** Returns how far the request is. @throws SealdeskError request_refused: the link was revoked, or never given */
  status(): Promise<LinkedRequest> {
    return this.#send("", linkedRequest);
  }

  /**
   * Withdraws the request. Its erasure ends, and the account is as it was before.
   * @throws SealdeskError request_refused: it is over, or keys may be destroyed by now
   */
  async withdraw(): Promise<void> {
    await this.#send("/withdrawal", nothing);
  }

  /**
   * Returns the file of the certificate. Verify it with `verifyCertificate`.
   * @throws SealdeskError request_refused: there is none yet
   */
  async certificate(): Promise<Uint8Array> {
    return (await this.#send("/certificate", linkedCertificate)).file;
  }

  /**
   * Tells how far the request is: now, and each time that something changes, until it is over. It asks the server every
   * five seconds, and goes on when the server does not answer.
   * @returns a function that stops it
   */
  follow(listener: (request: LinkedRequest) => void): () => void {
    func(listener, "listener");
    let told = "";
    let hasStopped = false;
    let cancel = () => {};
    const look = async () => {
      const found = await this.status().catch(() => undefined);
      if (hasStopped) return;
      const seen = JSON.stringify(found);
      if (found !== undefined && seen !== told) {
        told = seen;
        listener(found);
      }
      if ((found?.endedAtMs ?? null) === null)
        cancel = systemClock.after(EVERY_MS, () => void look());
    };
    void look();
    return () => {
      hasStopped = true;
      cancel();
    };
  }

  #send<T>(part: string, answer: Schema<T>): Promise<T> {
    const path = `v1${PAGE}${part}`;
    return this.#exchange({ method: "POST", path, body: this.#body, answer });
  }
}

/**
 * Opens the link of a request, as `rights.request` or an officer has given it. It asks no server yet.
 * @throws SealdeskError invalid_argument
 */
export async function openRequestLink(
  link: string,
  options: { readonly runtime?: Partial<Pick<Runtime, "fetch">> } = {},
): Promise<RequestLink> {
  text(LONGEST_LINK)(link, "link");
  object({ runtime: optional(object({ fetch: optional(func) })) })(options, "options");
  const { baseUrl, tenant, secret } = partsOf(link);
  await ready;
  const clock = new ServerClock(systemClock);
  const exchange = createExchange({
    baseUrl,
    fetch: options.runtime?.fetch ?? ((to, init) => globalThis.fetch(to, init)),
    clock,
    // The server does not read it: nobody signs in here.
    prove: proofMaker(generateSigningKey(), clock),
    signal: new AbortController().signal,
  });
  return new RequestLink(exchange, writeBody(requestLink, { tenant, secret }));
}

function partsOf(link: string) {
  const [, baseUrl, tenant, secret] =
    /^(https?:\/\/[^#?]+)\/request-status#([^.]{1,64})\.([\w-]{43})$/.exec(link) ?? [];
  if (baseUrl === undefined || tenant === undefined || secret === undefined)
    throw invalidArgument("link", "the link of a request");
  return { baseUrl, tenant, secret: fromBase64Url(secret) };
}
