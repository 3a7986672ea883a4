/**
 * The page of browser.test.ts: an application on `@sealdesk/client`, bundled by Vite. It gives the test
 * functions to call. What is imported by path is no public part of the package.
 */
import { fullPageRedirect, openStore, Sealdesk } from "@sealdesk/client";
import {
  certifyDevice,
  createIdentityKey,
} from "./node_modules/@sealdesk/client/dist/crypto/device/identity.js";
import { createSigner } from "./node_modules/@sealdesk/client/dist/crypto/device/sodium.js";
import { sealAttachment } from "./node_modules/@sealdesk/client/dist/crypto/device/attachments/seal-attachment.js";
import { IndexedDbLevel } from "./node_modules/@sealdesk/client/dist/client/indexed-db-level.js";
import { encodings } from "./node_modules/@sealdesk/client/dist/crypto/device/level.js";

const violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`),
);

/** Text with the bytes in it as lists of numbers: what the test can be given. */
const plain = (value) =>
  JSON.parse(
    JSON.stringify(value, (_name, each) => (each instanceof Uint8Array ? [...each] : each)),
  );

const base64Of = (blob) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1]));
    reader.readAsDataURL(blob);
  });

/** @returns the code of the error that the work ends with */
const codeOf = (work) =>
  Promise.resolve()
    .then(work)
    .then(
      () => "no error",
      (error) => `${error.name} ${error.code}`,
    );

const signedIn = async (credentials, secret) => {
  const store = await openStore("desk", Array.isArray(secret) ? Uint8Array.from(secret) : secret);
  return { desk: await Sealdesk.connect({ url: location.origin, credentials, store }), store };
};

const page = {
  violations: () => violations,

  async signIn(credentials, secret) {
    const { desk } = await signedIn(credentials, secret);
    const staff = await desk.staff();
    const { device, user } = desk;
    await desk.close();
    return { device, user, staff: staff.map(({ id }) => id) };
  },

  async withoutSuite(credentials, secret) {
    const { desk } = await signedIn(credentials, secret);
    const codes = {
      openConversation: await codeOf(() => desk.openConversation({ with: [] })),
      conversations: await codeOf(() => desk.conversations()),
      setPresence: await codeOf(() => desk.setPresence("online")),
      approveDevice: await codeOf(() => desk.approveDevice("a code")),
      safetyCode: await codeOf(() => desk.safetyCode(desk.user.id)),
      synced: await codeOf(() => desk.synced()),
      wrongArgument: await codeOf(() => desk.staff(7)),
      secondStore: await codeOf(() => openStore("desk", new Uint8Array(32))),
    };
    await desk.close();
    return codes;
  },

  /** Leaves the page for the provider's, or goes on with the sign-in that the tab has begun. */
  async signInByRedirect(credentials, secret) {
    const store = await openStore("by-redirect", Uint8Array.from(secret));
    try {
      const { user } = await Sealdesk.connect({
        url: location.origin,
        credentials: { ...credentials, authorize: fullPageRedirect() },
        store,
      });
      return { user: plain(user), href: location.href, kept: sessionStorage.length };
    } catch (error) {
      return { code: error.code, href: location.href, kept: sessionStorage.length };
    }
  },

  openStoreWith: (name, secret) =>
    codeOf(async () => {
      const store = await openStore(name, Array.isArray(secret) ? Uint8Array.from(secret) : secret);
      await store.close();
    }),

  /** A device record that the device key of this store certifies. */
  async certify(ids, secret) {
    const store = await openStore("records", Uint8Array.from(secret));
    const certified = await store.transact(async (transaction) =>
      certifyDevice(transaction, {
        ...ids,
        accountKey: crypto.getRandomValues(new Uint8Array(32)),
        deviceKey: await createIdentityKey(transaction, "device"),
        receiptKey: await createIdentityKey(transaction, "receipt"),
        identityKey: new Uint8Array(33).fill(5),
      }),
    );
    await store.close();
    return plain(certified);
  },

  /** A signature by a private key, and how many of WebCrypto's were made for it. */
  async sign(privateKey, message) {
    const { subtle } = crypto;
    let byPlatform = 0;
    subtle.sign = (...of) => {
      byPlatform++;
      return SubtleCrypto.prototype.sign.apply(subtle, of);
    };
    const sign = await createSigner(Uint8Array.from(privateKey));
    const signature = await sign(Uint8Array.from(message));
    delete subtle.sign;
    return { signature: plain(signature), byPlatform };
  },

  /** @param content base64; so is what is returned */
  async seal(id, content) {
    const bytes = Uint8Array.from(atob(content), (each) => each.codePointAt(0));
    const pieces = [];
    const sealing = sealAttachment(id, [bytes], bytes.length);
    for (;;) {
      const { done, value } = await sealing.next();
      if (done) return { sealed: plain(value), ciphertext: await base64Of(new Blob(pieces)) };
      pieces.push(value);
    }
  },

  /** What the database of a store promises. */
  async database() {
    const level = new IndexedDbLevel("level");
    const put = (key, ...bytes) => ({ type: "put", key, value: Uint8Array.from(bytes) });
    const keys = async (range) =>
      (await level.iterator({ ...encodings, ...range }).all()).map(([key]) => key);
    await level.open();
    await level.batch([put("b!2", 2), put("a!1", 1), put("b!1", 1), put("B!0", 0), put("c", 3)]);
    const found = {
      order: await keys({}),
      range: await keys({ gte: "b!", lt: "b!\x7f" }),
      after: await keys({ gt: "b!1", lt: "b!\x7f" }),
      limit: await keys({ limit: 2 }),
      values: plain(await level.getMany(["c", "none", "b!2"])),
    };
    await level.batch([{ type: "del", key: "c" }, put("b!2", 9)]);
    found.changed = plain(await level.getMany(["c", "b!2"]));
    const bad = { type: "put", key: "bad", value: () => undefined };
    found.failure = await level.batch([put("half", 1), bad, put("other", 1)]).then(
      () => "no error",
      ({ name }) => name,
    );
    found.half = plain(await level.getMany(["half", "other"]));
    await level.close();
    const again = new IndexedDbLevel("level");
    await again.open();
    found.reopened = (await again.iterator({ ...encodings }).all()).length;
    await again.close();
    return found;
  },
};
globalThis.page = page;
