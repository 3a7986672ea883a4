import { createHash, createPrivateKey, randomUUID, sign, type KeyObject } from "node:crypto";
import { request, type Agent } from "node:http";
import type { SealdeskLinkSpec } from "../load/party.ts";

const base64url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

/** One account that requests its conversations, as an app does when it opens. */
export class Caller {
  readonly #spec: SealdeskLinkSpec;
  readonly #key: KeyObject;
  readonly #agent: Agent;

  constructor(spec: SealdeskLinkSpec, agent: Agent) {
    this.#spec = spec;
    this.#key = createPrivateKey({ key: { ...spec.jwk }, format: "jwk" });
    this.#agent = agent;
  }

  /** @returns the status of the answer */
  list(): Promise<number> {
    const url = `${this.#spec.url}/v1/conversations`;
    const headers = {
      authorization: `DPoP ${this.#spec.accessToken}`,
      dpop: this.#proof("GET", url),
    };
    return new Promise((resolve, reject) => {
      const sent = request(`${url}?limit=200`, { headers, agent: this.#agent }, (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode ?? 0));
        response.once("error", reject);
      });
      sent.once("error", reject);
      sent.end();
    });
  }

  #proof(htm: string, htu: string): string {
    const { accessToken, jwk } = this.#spec;
    const { kty, crv, x } = jwk;
    const header = { alg: "EdDSA", typ: "dpop+jwt", jwk: { kty, crv, x } };
    const ath = createHash("sha256").update(accessToken).digest("base64url");
    const claims = { jti: randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000), ath };
    const input = `${base64url(header)}.${base64url(claims)}`;
    return `${input}.${sign(null, Buffer.from(input), this.#key).toString("base64url")}`;
  }
}
