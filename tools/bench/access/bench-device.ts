import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A device without registration: a key, and after a sign-in an access token. */
export class BenchDevice {
  readonly #publicUrl: string;
  readonly #keys = generateKeyPairSync("ed25519");
  #token: string | undefined;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  /** @returns the status. With 201, later requests have the token. */
  async signIn(node: string, grant: object): Promise<number> {
    const answer = await this.#send(node, "POST", "/v1/sessions", grant);
    const body = (await answer.json()) as { readonly accessToken?: string };
    if (answer.status === 201) this.#token = body.accessToken;
    return answer.status;
  }

  async request(node: string, method: string, path: string): Promise<number> {
    const answer = await this.#send(node, method, path);
    await answer.body?.cancel();
    return answer.status;
  }

  #send(node: string, method: string, path: string, body?: object): Promise<Response> {
    return fetch(node + path, {
      method,
      headers: {
        dpop: this.#proof(method, path),
        ...(this.#token !== undefined && { authorization: `DPoP ${this.#token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** A DPoP proof (RFC 9449). It names the public URL, whichever node gets it. */
  #proof(htm: string, path: string): string {
    const { kty, crv, x } = this.#keys.publicKey.export({ format: "jwk" });
    const token = this.#token;
    const claims = {
      jti: randomUUID(),
      htm,
      htu: this.#publicUrl + path,
      iat: Math.floor(Date.now() / 1000),
      ...(token !== undefined && { ath: createHash("sha256").update(token).digest("base64url") }),
    };
    const input = `${part({ alg: "EdDSA", typ: "dpop+jwt", jwk: { kty, crv, x } })}.${part(claims)}`;
    return `${input}.${sign(null, Buffer.from(input), this.#keys.privateKey).toString("base64url")}`;
  }
}
