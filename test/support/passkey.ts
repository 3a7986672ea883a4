import { hash } from "node:crypto";
import emulator from "nid-webauthn-emulator";
import { changeOrigins } from "../../identity/accounts/origins.ts";
import { TestDevice } from "./device.ts";
import type { TestServer, TestStaff } from "./server.ts";

// The package is CommonJS.
const {
  default: WebAuthnEmulator,
  AuthenticatorEmulator,
  PasskeysCredentialsMemoryRepository,
} = emulator;

/** The page on which the passkeys of tests are made. The tenant of a test must serve its origin. */
export const page = "https://desk.example";

export type Authenticator = InstanceType<typeof WebAuthnEmulator>;

/** The private keys in an authenticator. */
type Keys = InstanceType<typeof PasskeysCredentialsMemoryRepository>;
export const newKeys = (): Keys => new PasskeysCredentialsMemoryRepository();

/** @param userVerified whether it asks the person for a PIN or a finger */
export const newAuthenticator = (keys = newKeys(), userVerified = true): Authenticator =>
  new WebAuthnEmulator(
    new AuthenticatorEmulator({
      algorithmIdentifiers: ["ES256"],
      credentialsRepository: keys,
      userGetAssertionInteraction: (user) => ({
        ...(user && { user }),
        options: { uv: userVerified, up: true, rk: true },
      }),
    }),
  );

/** The challenge as docs/protocol.md describes it: not by the code under test. */
const challengeOf = ({ thumbprint }: TestDevice, seed: string): string =>
  hash(
    "sha256",
    Buffer.concat([
      Buffer.from("sealdesk/passkey-challenge/v1"),
      Buffer.from(thumbprint, "base64url"),
      Buffer.from(seed),
    ]),
    "base64url",
  );

export interface Asking {
  /** Where the authenticator thinks that the page is. */
  readonly at?: string;
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerification?: "required" | "discouraged";
  /** The device whose key is in the challenge. */
  readonly challengeFor?: TestDevice;
}

/** Asks for a challenge and has the authenticator answer it. */
export async function answerOf(
  device: TestDevice,
  authenticator: Authenticator,
  {
    at = page,
    origin = page,
    rpId,
    userVerification = "required",
    challengeFor = device,
  }: Asking = {},
) {
  const reply = await device.request("POST", "/v1/passkey-challenges", {
    origin,
    token: "",
  });
  if (reply.status !== 201) throw new Error(`expected 201, got ${JSON.stringify(reply.body)}`);
  const { seed, rpId: given } = reply.body as { readonly seed: string; readonly rpId: string };
  const { id, rawId, type, response } = authenticator.getJSON(at, {
    challenge: challengeOf(challengeFor, seed),
    rpId: rpId ?? given,
    userVerification,
    allowCredentials: [],
  });
  const { clientDataJSON, authenticatorData, signature } = response;
  const signed = { clientDataJSON, authenticatorData, signature };
  return { seed, response: { id, rawId, type, response: signed } };
}

/** Asks for options, and has the authenticator make a passkey. @returns the refusal, or the request's body */
export async function madePasskey(
  device: TestDevice,
  authenticator: Authenticator,
  { password }: Partial<Pick<TestStaff, "password">>,
) {
  const asked = await device.request("POST", "/v1/account/passkeys/options", {
    origin: page,
    body: { ...(password !== undefined && { password }) },
  });
  if (asked.status !== 201) return { refused: asked };
  const { seed, publicKey } = asked.body as { readonly seed: string; readonly publicKey: object };
  const options = { ...publicKey, challenge: challengeOf(device, seed) };
  const { id, rawId, type, response } = authenticator.createJSON(page, options as never);
  const { clientDataJSON, attestationObject, transports } = response;
  const made = { clientDataJSON, attestationObject, transports };
  return { body: { seed, name: "Blue key", response: { id, rawId, type, response: made } } };
}

/** Adds a passkey to the account that the device is signed in to. */
export async function addPasskey(
  device: TestDevice,
  authenticator: Authenticator,
  proof: Partial<Pick<TestStaff, "password">>,
) {
  const { body, refused } = await madePasskey(device, authenticator, proof);
  return refused ?? device.request("POST", "/v1/account/passkeys", { origin: page, body });
}

/** Lets the tenant's staff use passkeys on `page`. */
export const allowPage = ({ database }: TestServer, slug: string, origin = page) =>
  changeOrigins(database.ownerUrl, { slug, kind: "add", origin, nowMs: 1 });

/** A device of a new agent who has a passkey, with the authenticator that has it. */
export async function staffWithPasskey(server: TestServer) {
  await allowPage(server, server.tenant.slug);
  const [device, authenticator] = [new TestDevice(server), newAuthenticator()];
  const staff = await server.createStaff("agent");
  await device.signInAsStaff(staff);
  const added = await addPasskey(device, authenticator, staff);
  if (added.status !== 201) throw new Error(`expected 201, got ${JSON.stringify(added.body)}`);
  return { staff, device, authenticator, path: `/v1/account/passkeys/${String(added.body.id)}` };
}
