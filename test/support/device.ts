import {
  createHash,
  generateKeyPairSync,
  randomInt,
  randomUUID,
  sign,
  type KeyObject,
} from "node:crypto";
import { deviceApprovalBytes, type DeviceRecord } from "../../crypto/wire/signed-records.ts";
import { nilId, type TenantId, type UserId, type DeviceId } from "../../crypto/wire/ids.ts";
import { testIdentity, testPreKeys } from "../../tools/testkit/prekeys.ts";
import type { TestServer, TestStaff, TestTenant } from "./server.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { certificateBy, firstApproval } from "./certified.ts";
import { signedList } from "./signed-list.ts";

export interface KeyPair {
  readonly privateKey: KeyObject;
  /** Raw, 32 bytes. */
  readonly publicKey: Buffer;
}

export function ed25519(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, publicKey: Buffer.from(x, "base64url") };
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const json = (value: unknown): string => base64url(Buffer.from(JSON.stringify(value)));

/** A JWS in compact form, RFC 7515, signed with Ed25519: not by the library under test. */
export function signedJwt(key: KeyPair, header: object, claims: object): string {
  const input = `${json({ alg: "EdDSA", ...header })}.${json(claims)}`;
  return `${input}.${base64url(sign(null, Buffer.from(input), key.privateKey))}`;
}

export const jwkOf = (key: KeyPair) => ({
  kty: "OKP",
  crv: "Ed25519",
  x: base64url(key.publicKey),
});

export interface ProofOptions {
  readonly method: string;
  readonly url: string;
  readonly token?: string | undefined;
  readonly nowMs?: number;
  /** What is said instead of the truth. */
  readonly claims?: object;
  readonly header?: object;
}

/** A DPoP proof, RFC 9449 section 4.2. */
export function dpopProof(key: KeyPair, options: ProofOptions): string {
  const { method, url, token, nowMs = Date.now() } = options;
  return signedJwt(
    key,
    { typ: "dpop+jwt", jwk: jwkOf(key), ...options.header },
    {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(nowMs / 1000),
      ...(token !== undefined && { ath: createHash("sha256").update(token).digest("base64url") }),
      ...options.claims,
    },
  );
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // Whatever the server answered; tests look into it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

interface RequestOptions {
  readonly body?: unknown;
  readonly token?: string;
  readonly proof?: string;
  /** A code of purpose of use. */
  readonly purpose?: string;
  /** The page that sends the request, if it is not the server's own. */
  readonly origin?: string;
}

/** All devices of a test have it, so that prekeys can be made before their device. */
const identity = testIdentity();

/** Prekeys that the server accepts from any `TestDevice`; nobody can start a session from them. */
export function fakePreKeys(
  options: {
    readonly oneTime?: number;
    readonly firstId?: number;
    readonly signedId?: number;
  } = {},
) {
  const { oneTime = 3, firstId = 1, signedId = 1 } = options;
  const ids = Array.from({ length: oneTime }, (_, index) => firstId + index);
  return testPreKeys(identity, { ids, signedId });
}

/** What the devices of each account know of its list: by user and account key. */
const lists = new Map<string, { version: number; readonly devices: Map<string, DeviceRecord> }>();

/** Drives the routes as a device would: real Ed25519 keys and proofs, made-up message keys. */
export class TestDevice {
  readonly id = newId<DeviceId>();
  readonly deviceKey: KeyPair = ed25519();
  readonly receiptKey: KeyPair = ed25519();
  readonly identityKey: Buffer = identity.identityKey;
  accountKey: KeyPair = ed25519();
  #sibling: TestDevice | undefined;
  token = "";
  user = nilId<UserId>();
  tenant = nilId<TenantId>();
  readonly server: TestServer;

  constructor(server: TestServer) {
    this.server = server;
  }

  proof(method: string, path: string, options: Partial<ProofOptions> = {}): string {
    const nowMs = this.server.clock.now();
    return dpopProof(this.deviceKey, { method, url: this.server.url + path, nowMs, ...options });
  }

  /** RFC 7638 with SHA-256, base64url. */
  get thumbprint(): string {
    const { crv, kty, x } = jwkOf(this.deviceKey);
    return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
  }

  /** One request with this device's token and a fresh proof, unless told otherwise. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const { body, token = this.token, origin, purpose } = options;
    const proof =
      options.proof ?? this.proof(method, path, { token: token === "" ? undefined : token });
    const response = await fetch(this.server.url + path, {
      method,
      headers: {
        dpop: proof,
        ...(origin !== undefined && { origin }),
        ...(purpose !== undefined && { "purpose-of-use": purpose }),
        ...(token !== "" && { authorization: `DPoP ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = text === "" ? undefined : (JSON.parse(text) as unknown);
    if (response.ok && method === "POST") this.#noteList(path, body);
    return { status: response.status, headers: response.headers, body: answer };
  }

  /** Signs in and remembers token, user and tenant when that succeeded. */
  async signIn(grant: object, options: Pick<RequestOptions, "origin"> = {}): Promise<Reply> {
    const request = { body: grant, token: "", ...options };
    const reply = await this.request("POST", "/v1/sessions", request);
    if (reply.status === 201) {
      this.token = reply.body.accessToken;
      this.user = reply.body.user.id;
      this.tenant = reply.body.tenant.id;
    }
    return reply;
  }

  signInAsStaff({ tenant, username, password }: TestStaff): Promise<Reply> {
    return this.signIn({ grant: "password", tenant, username, password });
  }

  async signInAsCustomer(subject: string, tenant: TestTenant = this.server.tenant): Promise<Reply> {
    const token = await this.server.customerToken(subject, tenant);
    return this.signIn({ grant: "customer_token", tenant: tenant.slug, token });
  }

  /** Makes this a further device of the account of `sibling`, which approves it. */
  joinAccountOf(sibling: TestDevice): void {
    this.accountKey = sibling.accountKey;
    this.#sibling = sibling;
  }

  /** An approval of `device`, as this device gives it. */
  approve(device: TestDevice) {
    const approval = deviceApprovalBytes({
      tenant: device.tenant,
      user: device.user,
      device: device.id,
      deviceKey: device.deviceKey.publicKey,
      accountKey: device.accountKey.publicKey,
      approvedBy: this.id,
    });
    return {
      device: this.id,
      signature: base64url(sign(null, approval, this.deviceKey.privateKey)),
    };
  }

  /** The body that registers this device, certified by its device key. */
  registration(changes: object = {}): Record<string, unknown> {
    const certificate = certificateBy(this.record, this.deviceKey);
    const first = firstApproval(this.record, this.accountKey);
    const { devices } = this.#list;
    return {
      id: this.id,
      registrationId: randomInt(1, 16_380),
      accountKey: base64url(this.accountKey.publicKey),
      identityKey: base64url(this.identityKey),
      receiptKey: base64url(this.receiptKey.publicKey),
      certificate: base64url(certificate),
      list: this.nextList([...new Map(devices).set(this.id, this.record).values()]),
      approval: this.#sibling?.approve(this) ?? { signature: base64url(first.signature) },
      preKeys: fakePreKeys(),
      ...changes,
    };
  }

  register(changes: object = {}): Promise<Reply> {
    return this.request("POST", "/v1/devices", { body: this.registration(changes) });
  }

  /** Removes a device of this account. */
  remove({ id }: Pick<TestDevice, "id">): Promise<Reply> {
    const left = [...this.#list.devices.values()].filter(({ device }) => device !== id);
    return this.request("POST", `/v1/devices/${id}/removal`, {
      body: { list: this.nextList(left) },
    });
  }

  get record(): DeviceRecord {
    return {
      tenant: this.tenant,
      user: this.user,
      device: this.id,
      accountKey: this.accountKey.publicKey,
      deviceKey: this.deviceKey.publicKey,
      identityKey: this.identityKey,
      receiptKey: this.receiptKey.publicKey,
    };
  }

  /** The account's next list, as requests carry it. */
  nextList(
    records: readonly DeviceRecord[] = [...this.#list.devices.values()],
    changes: Parameters<typeof signedList>[3] = {},
  ) {
    const version = this.#list.version + 1;
    const by = { device: this.id, key: this.deviceKey };
    const { signature, ...list } = signedList(this, by, records, { version, ...changes });
    return { ...list, signature: base64url(signature) };
  }

  get #list() {
    const name = `${this.user} ${this.accountKey.publicKey.toString("hex")}`;
    const known = lists.get(name) ?? { version: 0, devices: new Map<string, DeviceRecord>() };
    lists.set(name, known);
    return known;
  }

  #noteList(path: string, body: unknown): void {
    const removed = /^\/v1\/devices\/([^/]+)\/removal$/.exec(path)?.[1];
    if (path === "/v1/devices") this.#list.devices.set(this.id, this.record);
    else if (removed === undefined) return;
    else this.#list.devices.delete(removed);
    const { list } = body as { readonly list: { readonly version: number } };
    this.#list.version = Math.max(this.#list.version, list.version);
  }
}

/** A registered device of a new member of staff. */
export async function staffDevice(
  server: TestServer,
  role: Parameters<TestServer["createStaff"]>[0] = "agent",
  tenant?: TestTenant,
): Promise<TestDevice> {
  const device = new TestDevice(server);
  expectStatus(await device.signInAsStaff(await server.createStaff(role, tenant)), 201);
  expectStatus(await device.register(), 201);
  return device;
}

/** A registered device of the customer `subject`. */
export async function customerDevice(
  server: TestServer,
  subject: string = newId<UserId>(),
  tenant?: TestTenant,
): Promise<TestDevice> {
  const device = new TestDevice(server);
  expectStatus(await device.signInAsCustomer(subject, tenant), 201);
  expectStatus(await device.register(), 201);
  return device;
}

function expectStatus(reply: Reply, status: number): void {
  if (reply.status !== status)
    throw new Error(`expected ${status}, got ${reply.status} ${JSON.stringify(reply.body)}`);
}
