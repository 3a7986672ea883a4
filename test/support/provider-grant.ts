import { createHash, randomBytes } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { jwkOf, type TestDevice } from "./device.ts";
import { REDIRECT_URI } from "./identity-provider.ts";
import { ProviderBrowser } from "./provider-browser.ts";

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("base64url");
};

/** The nonce of a device, as docs/crypto.md describes it: not by the code under test. */
export async function nonceOf(device: TestDevice, seed: Uint8Array): Promise<string> {
  const thumbprint = await calculateJwkThumbprint(jwkOf(device.deviceKey), "sha256");
  return sha256("sealdesk/oidc-nonce/v1", Buffer.from(thumbprint, "base64url"), seed);
}

/**
 * Signs a person in at a provider for a device.
 * @param asked further parameters of the authorization request
 * @returns the body with which the device signs in, and the cookies of the person's browser
 */
export async function grantFrom(
  provider: { readonly name: string; readonly issuer: string },
  device: TestDevice,
  person: string,
  tenant: string = device.server.tenant.slug,
  browser: ProviderBrowser = new ProviderBrowser(),
  asked: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const [seed, codeVerifier] = [randomBytes(32), randomBytes(32).toString("base64url")];
  const discovery = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
  const metadata = (await discovery.json()) as { readonly authorization_endpoint: string };
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: "sealdesk",
    redirect_uri: REDIRECT_URI,
    scope: "openid profile groups",
    state: "state",
    nonce: await nonceOf(device, seed),
    code_challenge: sha256(codeVerifier),
    code_challenge_method: "S256",
    ...asked,
  }).toString();
  const answer = new URL(await browser.signIn(url.href, person)).searchParams;
  return {
    grant: "oidc",
    tenant,
    provider: provider.name,
    code: answer.get("code"),
    codeVerifier,
    redirectUri: REDIRECT_URI,
    nonceSeed: seed.toString("base64url"),
    iss: answer.get("iss"),
  };
}
