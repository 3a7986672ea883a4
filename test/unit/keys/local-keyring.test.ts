import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { openLocalKeyring } from "../../../keys/local-keyring.ts";
import { Secret } from "../../../keys/secret.ts";

let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sealdesk-keyring-"));
  file = join(home, "keyring.json");
});
afterEach(() => rm(home, { recursive: true }));

const passphrase = new Secret("correct horse battery staple");
const open = (options: { passphrase?: Secret<string>; mustBeSealed?: boolean } = {}) =>
  openLocalKeyring({ home, passphrase: undefined, mustBeSealed: false, ...options });
const keysOf = async (options?: Parameters<typeof open>[0]) => {
  const keyring = await open(options);
  return {
    signing: keyring.signingKey.export({ format: "jwk" }).d,
    franking: Buffer.from(keyring.frankingKey.reveal()).toString("hex"),
    blindIndex: Buffer.from(keyring.blindIndexKey.reveal()).toString("hex"),
  };
};
const withCode = (code: string) => expect.objectContaining({ name: "KeysError", code });

test("is made on first use, for this user alone, and found again", async () => {
  const made = await keysOf();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(home)).toEqual(["keyring.json"]);
  expect(await keysOf()).toEqual(made);
  expect(made.franking).toHaveLength(64);
  expect(made.blindIndex).not.toBe(made.franking);
});

test("of several that make it at once, all get the same keys", async () => {
  const all = await Promise.all(Array.from({ length: 5 }, () => keysOf()));
  expect(new Set(all.map((keys) => JSON.stringify(keys))).size).toBe(1);
});

test("does not show its keys when printed", async () => {
  const { franking } = await keysOf();
  const keyring = await open();
  for (const text of [inspect(keyring, { depth: 9 }), JSON.stringify(keyring)])
    expect(text).not.toContain(Buffer.from(franking, "hex").toString("base64url"));
});

describe("with a passphrase", () => {
  test("the file shows nothing, and opens with that passphrase alone", async () => {
    const made = await keysOf({ passphrase });
    const text = await readFile(file, "utf8");
    expect(text).not.toContain(String(made.signing));
    expect(await keysOf({ passphrase, mustBeSealed: true })).toEqual(made);
    await expect(open({ passphrase: new Secret("another passphrase") })).rejects.toThrow(
      withCode("wrong_passphrase"),
    );
    await expect(open()).rejects.toThrow(withCode("passphrase_required"));
    expect(await readFile(file, "utf8")).toBe(text);
  });

  test("a keyring made without one is sealed, and keeps its keys", async () => {
    const made = await keysOf();
    expect(await keysOf({ passphrase })).toEqual(made);
    expect(await readFile(file, "utf8")).not.toContain(String(made.signing));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("a changed parameter or byte is noticed", async () => {
    await open({ passphrase });
    const whole = JSON.parse(await readFile(file, "utf8")) as {
      kdf: { passes: number };
      sealed: string;
    };
    const flipped = whole.sealed.startsWith("A") ? "B" : "A";
    for (const changed of [
      { ...whole, kdf: { ...whole.kdf, passes: 2 } },
      { ...whole, sealed: flipped + whole.sealed.slice(1) },
      { ...whole, sealed: "" },
    ]) {
      await writeFile(file, JSON.stringify(changed));
      await expect(open({ passphrase })).rejects.toThrow(withCode("wrong_passphrase"));
    }
  });
});

test("production refuses to do without a passphrase, and makes nothing", async () => {
  await expect(open({ mustBeSealed: true })).rejects.toThrow(withCode("passphrase_required"));
  expect(await readdir(home)).toEqual([]);
});

test.each<[string, (text: string) => string]>([
  ["cut off", (text) => text.slice(0, text.length / 2)],
  ["empty", () => ""],
  ["of another format", () => '{"format":"something-else"}'],
  ["without a key", (text) => text.replace(/"frankingKey":[^,]*,/, "")],
])("a file that is %s is an error, and left as it is", async (_what, damage) => {
  await open();
  const damaged = damage(await readFile(file, "utf8"));
  await writeFile(file, damaged);
  await expect(open()).rejects.toThrow(withCode("keyring_damaged"));
  expect(await readFile(file, "utf8")).toBe(damaged);
});

test("a place that cannot be written to is an error that says so", async () => {
  await writeFile(join(home, "file"), "");
  await expect(
    openLocalKeyring({ home: join(home, "file"), passphrase: undefined, mustBeSealed: false }),
  ).rejects.toThrow(withCode("keyring_unreachable"));
});
