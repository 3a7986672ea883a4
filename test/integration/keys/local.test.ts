import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Keyring } from "../../../keys/kms/local/keyring.ts";
import { LocalKms } from "../../../keys/kms/local/local-kms.ts";
import { Secret } from "../../../keys/secret.ts";
import { kmsConformance, kmsError } from "../../support/kms-conformance.ts";

const keyFile = new Secret(new Uint8Array(randomBytes(32)));
const newHome = () => mkdtemp(join(tmpdir(), "sealdesk-kms-"));
const openIn = async (home: string) =>
  new LocalKms(await Keyring.open({ home, keyFile, mustBeSealed: true }));

kmsConformance(async () => {
  const home = await newHome();
  return { kms: await openIn(home), close: () => rm(home, { recursive: true }) };
});

describe("the keyring file", () => {
  let home: string;
  beforeEach(async () => {
    home = await newHome();
  });
  afterEach(() => rm(home, { recursive: true }));
  const context = new Uint8Array([1]);

  test("a change by one process is visible to another that has the keyring open", async () => {
    const [server, command] = [await openIn(home), await openIn(home)];
    await server.ensureKey("kek", "wrapping");
    const old = await command.wrap("kek", new Uint8Array(32), context);
    expect(await command.rotate("kek")).toBe(2);
    expect((await server.wrap("kek", new Uint8Array(32), context)).version).toBe(2);
    await command.destroy("kek", 2);
    await expect(server.unwrap("kek", old, context)).rejects.toThrow(kmsError("kms_key_destroyed"));
  });

  test("concurrent rotations by several processes are all kept", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => openIn(home)));
    const first = await openIn(home);
    await first.ensureKey("kek", "wrapping");
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (all[index % 4] ?? first).rotate("kek")),
    );
    expect(made.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
    expect(await readdir(home)).toEqual(["keyring.json"]);
  });

  test("destroyed keys are not in it any more", async () => {
    const plain = new LocalKms(await Keyring.open({ home, mustBeSealed: false }));
    await plain.ensureKey("kek", "wrapping");
    const read = async () => readFile(join(home, "keyring.json"), "utf8");
    const [, secret = "missing"] = /"1": "([\w-]{43})"/.exec(await read()) ?? [];
    await plain.rotate("kek");
    expect(await read()).toContain(secret);
    await plain.destroy("kek", 2);
    expect(await read()).not.toContain(secret);
    expect(await readdir(home)).toEqual(["keyring.json"]);
  });

  test("a lock left by a killed process is taken over once it is old", async () => {
    const kms = await openIn(home);
    const lock = join(home, "keyring.json.lock");
    await writeFile(lock, "left behind");
    await utimes(lock, 1, 1);
    await kms.ensureKey("kek", "wrapping");
    expect(await kms.latestVersion("kek")).toBe(1);
    expect(await readdir(home)).toEqual(["keyring.json"]);
  });

  test("any schedule of rotations and destructions leaves just the versions it should", async () => {
    const kms = await openIn(home);
    let serial = 0;
    const step = fc.oneof(
      fc.constant({ kind: "rotate" as const }),
      fc.record({
        kind: fc.constant("destroy" as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const key = `p-${serial++}`;
        await kms.ensureKey(key, "wrapping");
        const wraps = [await kms.wrap(key, new Uint8Array(32).fill(1), context)];
        let first = 1;
        for (const next of steps)
          if (next.kind === "rotate") {
            const version = await kms.rotate(key);
            wraps.push(await kms.wrap(key, new Uint8Array(32).fill(version), context));
          } else {
            const before = 1 + Math.floor(next.share * wraps.length * 0.999);
            await kms.destroy(key, before);
            first = Math.max(first, before);
          }
        const reopened = await openIn(home);
        for (const wrapped of wraps) {
          const opened = reopened.unwrap(key, wrapped, context);
          if (wrapped.version < first)
            await expect(opened).rejects.toThrow(kmsError("kms_key_destroyed"));
          else expect((await opened)[0]).toBe(wrapped.version);
        }
      }),
      { numRuns: 25, seed: 4 },
    );
  });
});
