import { randomBytes, randomUUID } from "node:crypto";
import { compactVerify, importJWK, type JWK } from "jose";
import type { Browser, Page } from "playwright-core";
import { openAttachment } from "../../../crypto/device/attachments/open-attachment.ts";
import { verifyDevice } from "../../../crypto/device/identity.ts";
import { generateSigningKey, ready, verifySignature } from "../../../crypto/device/sodium.ts";
import { Secret } from "../../../keys/secret.ts";
import { makeConsumer, type Consumer } from "../../architecture/consumer.ts";
import { buildPage, callIn, launchChromium } from "../../support/browser.ts";
import { ada, register } from "../../support/identity-provider.ts";
import { startPageServer, type PageServer } from "../../support/page-server.ts";
import { startTestServer, type TestServer, type TestStaff } from "../../support/server.ts";
import { startLocalProvider } from "../../../tools/idp/local-provider.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId, DeviceId, AttachmentId } from "../../../crypto/wire/ids.ts";

let consumer: Consumer;
let site: PageServer;
let server: TestServer;
let browser: Browser;
let page: Page;
let agent: TestStaff;

beforeAll(async () => {
  await ready;
  consumer = await makeConsumer();
  site = await startPageServer(await buildPage(consumer, "page.js"));
  server = await startTestServer({ publicUrl: site.url });
  site.target = server.address;
  agent = await server.createStaff("agent");
  browser = await launchChromium();
  page = await browser.newPage();
  await page.goto(site.url);
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await site?.close();
  await consumer?.remove();
});

/** Calls a function of the page, see page.js. */
const call = <T>(name: string, ...values: readonly unknown[]): Promise<T> =>
  callIn<T>(page, name, ...values);

const secret = [...randomBytes(32)];
const credentials = () => ({
  grant: "password",
  tenant: agent.tenant,
  username: agent.username,
  password: agent.password,
});

/** The key that signed a proof, whose signature Node has checked. */
async function signerOf(proof: string): Promise<string> {
  const [header = ""] = proof.split(".");
  const { jwk } = JSON.parse(Buffer.from(header, "base64url").toString()) as { jwk: JWK };
  await compactVerify(proof, await importJWK(jwk, "EdDSA"));
  return jwk.x ?? "";
}

test("a page signs in, and is the same device after a reload", async () => {
  interface Found {
    readonly device: DeviceId;
    readonly user: { readonly id: string; readonly role: string };
    readonly staff: readonly string[];
  }
  const first = await call<Found>("signIn", credentials(), secret);
  expect(first.user).toMatchObject({ id: agent.id, role: "agent" });
  expect(first.staff).toContain(agent.id);

  await page.reload();
  expect(await call<Found>("signIn", credentials(), secret)).toEqual(first);
  const signers = await Promise.all(site.proofs.map(signerOf));
  expect(signers.length).toBeGreaterThanOrEqual(4);
  expect(new Set(signers).size).toBe(1);

  expect(await call("openStoreWith", "desk", [...randomBytes(32)])).toBe("StoreError wrong_key");
});

test("calls that need a cipher suite report suite_required, and wrong arguments are named", async () => {
  const needsSuite = "SealdeskError suite_required";
  expect(await call("withoutSuite", credentials(), secret)).toEqual({
    openConversation: needsSuite,
    conversations: needsSuite,
    setPresence: needsSuite,
    approveDevice: needsSuite,
    safetyCode: needsSuite,
    synced: needsSuite,
    wrongArgument: "SealdeskError invalid_argument",
    secondStore: "SealdeskError store_in_use",
  });
});

test("the password hash is loaded when a passphrase needs it", async () => {
  const hashes = () => site.files.filter((path) => path.includes("argon2id"));
  expect(hashes()).toEqual([]);

  expect(await call("openStoreWith", "phrase", "correct horse")).toBe("no error");
  expect(hashes()).toHaveLength(1);
  expect(await call("openStoreWith", "phrase", "correct horse")).toBe("no error");
  expect(await call("openStoreWith", "phrase", "another horse")).toBe("StoreError wrong_key");
});

test("Node verifies a record that a page signed", async () => {
  const ids = { tenant: newId<TenantId>(), user: newId<UserId>(), device: newId<DeviceId>() };
  const made = await call<{
    readonly record: Record<string, string | number[]>;
    readonly signature: number[];
  }>("certify", ids, secret);
  const key = (name: string) => Uint8Array.from(made.record[name] as number[]);
  const record = {
    ...ids,
    accountKey: key("accountKey"),
    deviceKey: key("deviceKey"),
    identityKey: key("identityKey"),
    receiptKey: key("receiptKey"),
  };
  const signature = Uint8Array.from(made.signature);

  expect(() => verifyDevice({ record, signature }, record.accountKey)).not.toThrow();
  const other = { ...record, device: newId<DeviceId>() };
  expect(() => verifyDevice({ record: other, signature }, record.accountKey)).toThrow(
    expect.objectContaining({ code: "invalid_device_record" }),
  );
});

test("a page signs messages with the platform's Ed25519, and Node verifies them", async () => {
  const { publicKey, privateKey } = generateSigningKey();
  const message = Uint8Array.from(randomBytes(135));
  const { signature, byPlatform } = await call<{
    readonly signature: number[];
    readonly byPlatform: number;
  }>("sign", [...privateKey], [...message]);
  expect(verifySignature(message, Uint8Array.from(signature), publicKey)).toBe(true);
  expect(byPlatform).toBe(1);
});

test("Node opens a file that a page sealed", async () => {
  const content = randomBytes(150_000);
  const { sealed, ciphertext } = await call<{
    readonly sealed: Record<"key" | "plaintextDigest" | "ciphertextDigest", number[]> & {
      readonly id: AttachmentId;
      readonly size: number;
      readonly chunkBytes: number;
    };
    readonly ciphertext: string;
  }>("seal", randomUUID(), content.toString("base64"));
  async function* received() {
    yield Buffer.from(ciphertext, "base64");
  }
  const opened: Uint8Array[] = [];
  const attachment = {
    ...sealed,
    key: Uint8Array.from(sealed.key),
    plaintextDigest: Uint8Array.from(sealed.plaintextDigest),
    ciphertextDigest: Uint8Array.from(sealed.ciphertextDigest),
  };
  for await (const piece of openAttachment(attachment, received())) opened.push(piece);

  expect(Buffer.concat(opened).equals(content)).toBe(true);
});

test("the store's database keeps order, ranges and whole batches", async () => {
  expect(await call("database")).toEqual({
    order: ["B!0", "a!1", "b!1", "b!2", "c"],
    range: ["b!1", "b!2"],
    after: ["b!2"],
    limit: ["B!0", "a!1"],
    values: [[3], null, [2]],
    changed: [null, [9]],
    failure: "DataCloneError",
    half: [null, null],
    reopened: 4,
  });
});

test("a page signs in with an identity provider without a pop-up, and takes no answer of another tab", async () => {
  const redirectUri = `${site.url}/`;
  const given = { id: "sealdesk", secret: "a secret of the client", redirectUris: [redirectUri] };
  const provider = await startLocalProvider({ port: 0, clients: [given], people: () => [ada] });
  await register(server, server.tenant, {
    name: "staff",
    issuer: provider.issuer,
    clientSecret: new Secret(given.secret),
    redirectUris: [redirectUri],
  });
  const oidc = { grant: "oidc", tenant: server.tenant.slug, provider: "staff", redirectUri };
  const [tab, stranger] = [await browser.newPage(), await browser.newPage()];
  const signIn = (on: Page) => callIn<object>(on, "signInByRedirect", oidc, secret);
  await tab.goto(site.url);
  // The page is left, so the call has no answer.
  signIn(tab).catch(() => undefined);
  await tab.waitForURL(`${provider.issuer}/**`);
  await tab.click(`button[value="${ada.id}"]`);
  await tab.waitForURL(`${site.url}/?*`);
  const answer = tab.url();
  expect(answer).toContain("code=");
  // Another browser, which a link with the answer lures here.
  await stranger.goto(answer);
  // It takes no answer that it has not asked for, and begins a sign-in of its own.
  signIn(stranger).catch(() => undefined);
  await stranger.waitForURL(`${provider.issuer}/**`);
  expect(await signIn(tab)).toMatchObject({
    user: { role: "agent" },
    href: redirectUri,
    kept: 0,
  });
  expect(await callIn(tab, "violations")).toEqual([]);
  await Promise.all([tab.close(), stranger.close()]);
  await provider.close();
});

test("a policy of own scripts alone is enough", async () => {
  expect(await call<readonly string[]>("violations")).toEqual([]);
});
