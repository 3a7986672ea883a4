import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { Keyring } from "../../../keys/kms/local/keyring.ts";
import { readKeyFile } from "../../../keys/kms/local/read-key-file.ts";
import { LocalKms } from "../../../keys/kms/local/local-kms.ts";
import { Secret } from "../../../keys/secret.ts";

let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sealdesk-keyring-"));
  file = join(home, "keyring.json");
});
afterEach(() => rm(home, { recursive: true }));

const passphrase = new Secret("correct horse battery staple");
const keyFile = new Secret(new Uint8Array(randomBytes(48)));
type Options = Partial<Parameters<typeof Keyring.open>[0]>;
const open = (options: Options = {}) => Keyring.open({ home, mustBeSealed: false, ...options });
const withCode = (code: string) => expect.objectContaining({ name: "KeysError", code });
const read = () => readFile(file, "utf8");
/** The bytes of a key in the keyring. */
async function makeKey(options: Options = {}): Promise<string> {
  const keyring = await open(options);
  await new LocalKms(keyring).ensureKey("kek", "wrapping");
  return (await keyring.contents()).keys["kek"]?.versions["1"] ?? "missing";
}

test("is created on first use, readable for this user only, and found again", async () => {
  const key = await makeKey();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(home)).toEqual(["keyring.json"]);
  expect(await makeKey()).toEqual(key);
});

test("an unsealed copy that everybody can read becomes private when it is opened", async () => {
  const key = await makeKey();
  await chmod(file, 0o644);
  expect(await makeKey()).toEqual(key);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a destroyed key is in no file that a killed process left beside the keyring", async () => {
  const key = await makeKey();
  // A process was killed after it wrote the new file and before it put it into place.
  await writeFile(`${file}.${randomUUID()}`, await read());
  const kms = new LocalKms(await open());
  await kms.destroy("kek");
  const left = await readdir(home);
  expect(left).toEqual(["keyring.json"]);
  expect(await read()).not.toContain(key);
});

test("a repeated destruction also removes what a killed process left", async () => {
  await makeKey();
  const left = await read();
  const kms = new LocalKms(await open());
  await kms.destroy("kek");
  await writeFile(`${file}.${randomUUID()}`, left);
  await kms.destroy("kek");
  expect(await readdir(home)).toEqual(["keyring.json"]);
});

test("created by several processes at once, all get the same keyring", async () => {
  const all = await Promise.all(Array.from({ length: 5 }, () => makeKey()));
  expect(new Set(all).size).toBe(1);
});

test("does not show its keys when printed", async () => {
  const key = await makeKey();
  const keyring = await open({ passphrase });
  await keyring.contents();
  for (const text of [inspect(keyring, { depth: 9 }), JSON.stringify(keyring)])
    for (const secret of [key, "correct horse"]) expect(text).not.toContain(secret);
});

describe.each([
  ["a passphrase", { passphrase }, { passphrase: new Secret("another passphrase") }],
  ["a key file", { keyFile }, { keyFile: new Secret(new Uint8Array(32)) }],
])("sealed by %s", (_what, seal, another) => {
  test("the file reveals nothing, and opens only with the secret", async () => {
    const key = await makeKey(seal);
    const text = await read();
    expect(text).not.toContain(key);
    expect(await makeKey({ ...seal, mustBeSealed: true })).toBe(key);
    await expect(open(another)).rejects.toThrow(withCode("wrong_passphrase"));
    await expect(open()).rejects.toThrow(withCode("passphrase_required"));
    expect(await read()).toBe(text);
  });

  test("a keyring made without it is sealed and keeps its keys", async () => {
    const key = await makeKey();
    expect(await makeKey(seal)).toBe(key);
    expect(await read()).not.toContain(key);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("a changed parameter or byte is noticed", async () => {
    await makeKey(seal);
    const whole = JSON.parse(await read()) as { kdf: object; sealed: string };
    const flipped = whole.sealed.startsWith("A") ? "B" : "A";
    for (const changed of [
      { ...whole, kdf: { ...whole.kdf, salt: "AAAAAAAAAAAAAAAAAAAAAA" } },
      { ...whole, sealed: flipped + whole.sealed.slice(1) },
      { ...whole, sealed: "" },
    ]) {
      await writeFile(file, JSON.stringify(changed));
      await expect(open(seal)).rejects.toThrow(withCode("wrong_passphrase"));
    }
  });
});

test("the key file replaces the passphrase if both are given", async () => {
  const key = await makeKey({ passphrase });
  await expect(open({ keyFile })).rejects.toThrow(withCode("passphrase_required"));
  expect(await makeKey({ passphrase, keyFile })).toBe(key);
  expect(await makeKey({ keyFile })).toBe(key);
  await expect(open({ passphrase })).rejects.toThrow(withCode("passphrase_required"));
});

test("production refuses to run unsealed and creates nothing", async () => {
  await expect(open({ mustBeSealed: true })).rejects.toThrow(withCode("passphrase_required"));
  expect(await readdir(home)).toEqual([]);
});

test("a key file must exist and hold a key", async () => {
  const path = join(home, "key");
  await expect(readKeyFile(path)).rejects.toThrow(withCode("keyring_unreachable"));
  await writeFile(path, "short", { mode: 0o600 });
  await expect(readKeyFile(path)).rejects.toThrow(withCode("keyring_damaged"));
  await writeFile(path, randomBytes(32));
  expect((await readKeyFile(path)).reveal()).toHaveLength(32);
});

describe("a keyring of version 1", () => {
  const seed = Buffer.alloc(32, 1).toString("base64url");
  const keys = {
    signingKey: { kty: "OKP", crv: "Ed25519", x: seed, d: seed },
    frankingKey: Buffer.alloc(32, 2).toString("base64url"),
    blindIndexKey: Buffer.alloc(32, 3).toString("base64url"),
  };
  // Files as the previous version wrote them, with this passphrase.
  const sealed = {
    format: "sealdesk-keyring-v1-sealed",
    kdf: { name: "argon2id", memoryKib: 65536, passes: 3, salt: "I0TfwqUCbu4i_Vm72OmY4g" },
    nonce: "tGJjAVOHRBcYAO0D",
    sealed:
      "1htn3KXMxC4iMsF_jGMjzawIxle9dSlImnjXW9wCPuDPhjo34wOzS7VIicXis3jecJt82Vvnintd0dGS070gkfDuZhl7ZSW9GstfjHlot2n6r0V8HL-hXRS4Q3-cMSbis56HvjGtM2FU9Z6bq7TYFZbEYXm1z-YCVefyVO7dVTmlqFepFR0Z0LoZiQLtGUePqKYnZlpt5Ofz0v8O70bpIR8Ulkm8THRh4rLoJkHK7B9Ls_fEV74odNwL2Fu_QwgalTOMxKf7JsemGPSRs_j9MM95u_cFEHAcUJqZk1I0EL9QhUxOhDV1FnA4qvS7hXH44G3IycuKwMQghU9lDFjgZYc1_aqVG6QnpfNoqtDb_jc7KRBMs90n8YzI",
  };

  test.each([
    ["plain", { format: "sealdesk-keyring-v1", keys }, {}],
    ["sealed", sealed, { passphrase }],
    ["plain, and sealed now", { format: "sealdesk-keyring-v1", keys }, { keyFile }],
  ])("that is %s keeps its keys and becomes one of version 2", async (_how, text, options) => {
    await writeFile(file, JSON.stringify(text));
    const before = await (await open(options)).contents();
    expect(before.firstKeys).toEqual(keys);
    expect(JSON.parse(await read())).toMatchObject({
      format: expect.stringMatching(/^sealdesk-keyring-v2/),
    });
    expect(await (await open(options)).contents()).toEqual(before);
  });

  test("gets the same id on every node that has a copy", async () => {
    const ids = [];
    for (let node = 0; node < 2; node++) {
      await writeFile(file, JSON.stringify({ format: "sealdesk-keyring-v1", keys }));
      ids.push((await (await open()).contents()).id);
    }
    expect(ids[0]).toBe(ids[1]);
  });
});

test.each<[string, (text: string) => string]>([
  ["cut off", (text) => text.slice(0, text.length / 2)],
  ["empty", () => ""],
  ["of another format", () => '{"format":"something-else"}'],
  ["without a key", (text) => text.replace(/"latest": 1,/, "")],
])("a file that is %s is an error and is not changed", async (_what, damage) => {
  await makeKey();
  const damaged = damage(await read());
  await writeFile(file, damaged, { mode: 0o600 });
  await expect(open()).rejects.toThrow(withCode("keyring_damaged"));
  expect(await read()).toBe(damaged);
});

test("a place that cannot be written to is an error that names the cause", async () => {
  await writeFile(join(home, "file"), "");
  await expect(Keyring.open({ home: join(home, "file"), mustBeSealed: false })).rejects.toThrow(
    withCode("keyring_unreachable"),
  );
});
