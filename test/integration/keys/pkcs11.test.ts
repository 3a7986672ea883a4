import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { inspect } from "node:util";
import { openLibrary } from "../../../keys/kms/pkcs11/library.ts";
import { Pkcs11Kms } from "../../../keys/kms/pkcs11/pkcs11-kms.ts";
import { Secret } from "../../../keys/secret.ts";
import { kmsConformance, kmsError } from "../../support/kms-conformance.ts";
import { newToken } from "../../support/softhsm.ts";
import { until } from "../../support/until.ts";

// Debian's SoftHSM, for real.
const options = newToken();
const context = new Uint8Array([1]);

kmsConformance(async () => {
  const kms = await Pkcs11Kms.open(options);
  return { kms, close: () => kms.close() };
});

describe("with an HSM", () => {
  let kms: Pkcs11Kms;
  beforeAll(async () => {
    kms = await Pkcs11Kms.open(options);
  });
  afterAll(() => kms.close());

  test("the token never gives out the bytes of a key", async () => {
    await kms.ensureKey("hidden-a", "wrapping");
    await kms.ensureKey("hidden-b", "mac");
    await kms.ensureKey("hidden-c", "signing");
    const library = await openLibrary(options.library);
    const { pkcs11, module } = library;
    const flags = module.CKF_SERIAL_SESSION | module.CKF_RW_SESSION;
    const session = pkcs11.C_OpenSession(library.slotOf(options.token), flags);
    for (const key of ["hidden-a", "hidden-b", "hidden-c"]) {
      pkcs11.C_FindObjectsInit(session, [
        { type: module.CKA_LABEL, value: `sealdesk/${key}/1` },
        { type: module.CKA_SENSITIVE, value: true },
      ]);
      const [handle] = pkcs11.C_FindObjects(session, 5);
      pkcs11.C_FindObjectsFinal(session);
      expect(handle).toBeDefined();
      if (handle === undefined) continue;
      const [extractable] = pkcs11.C_GetAttributeValue(session, handle, [
        { type: module.CKA_EXTRACTABLE },
      ]);
      expect(extractable?.value).toEqual(Buffer.from([0]));
      expect(() =>
        pkcs11.C_GetAttributeValue(session, handle, [{ type: module.CKA_VALUE }]),
      ).toThrow(expect.objectContaining({ message: "CKR_ATTRIBUTE_SENSITIVE" }));
    }
    pkcs11.C_CloseSession(session);
    library.release();
  });

  test("sessions that are lost, with the login, are opened again", async () => {
    await kms.ensureKey("kek", "wrapping");
    const wrapped = await kms.wrap("kek", new Uint8Array(32), context);
    const library = await openLibrary(options.library);
    library.pkcs11.C_CloseAllSessions(library.slotOf(options.token));
    await expect(kms.unwrap("kek", wrapped, context)).resolves.toHaveLength(32);
    library.pkcs11.C_CloseAllSessions(library.slotOf(options.token));
    await kms.check();
    library.release();
  });

  test("a token that was away is found again, and so are its keys", async () => {
    const other = await Pkcs11Kms.open(options);
    await kms.ensureKey("kept", "signing");
    await kms.ensureKey("kept-too", "signing");
    await other.check();
    const before = await kms.sign("kept", context);
    const failing = () =>
      kms.sign("kept", context).then(
        () => false,
        () => true,
      );
    const tokens = /tokendir = (.*)/.exec(
      await readFile(process.env["SOFTHSM2_CONF"] ?? "", "utf8"),
    )?.[1] as string;
    await rename(tokens, `${tokens}-away`);
    await mkdir(tokens);
    await until(failing);
    await rm(tokens, { recursive: true });
    await rename(`${tokens}-away`, tokens);
    await until(async () => !(await failing()));
    // Handles from before would be those of other keys and sessions now.
    expect(await kms.sign("kept", context)).toEqual(before);
    const all = Array.from({ length: 8 }, (_, index) =>
      (index % 2 === 0 ? kms : other).sign(index % 4 < 2 ? "kept" : "kept-too", context),
    );
    const [kept, , keptToo] = await Promise.all(all);
    expect(await Promise.all(all)).toEqual(all.map((_, index) => (index % 4 < 2 ? kept : keptToo)));
    expect(kept).toEqual(before);
    expect(keptToo).not.toEqual(before);
    await other.close();
  });

  test("a key that another process destroyed is gone here at once", async () => {
    const other = await Pkcs11Kms.open(options);
    await kms.ensureKey("shared", "wrapping");
    const wrapped = await kms.wrap("shared", new Uint8Array(32), context);
    expect(await other.rotate("shared")).toBe(2);
    await other.destroy("shared", 2);
    await expect(kms.unwrap("shared", wrapped, context)).rejects.toThrow(
      kmsError("kms_key_destroyed"),
    );
    expect((await kms.wrap("shared", new Uint8Array(32), context)).version).toBe(2);
    await other.close();
  });

  test("two that rotate at once make two versions", async () => {
    const other = await Pkcs11Kms.open(options);
    try {
      await kms.ensureKey("raced", "wrapping");
      const made = await Promise.all(
        Array.from({ length: 6 }, (_, index) => rotated(index % 2 ? kms : other, "raced")),
      );
      expect(new Set(made).size).toBe(6);
    } finally {
      await other.close();
    }
  });

  test("a library or token that is not there is said to be", async () => {
    const wrong = { ...options, library: "/nonexistent.so" };
    await expect(Pkcs11Kms.open(wrong)).rejects.toThrow(kmsError("kms_unreachable"));
    await expect(Pkcs11Kms.open({ ...options, token: "another" })).rejects.toThrow(
      kmsError("kms_unreachable"),
    );
  });
});

/**
 * The version that a rotation made. SoftHSM2 answers CKR_GENERAL_ERROR when it reads an object that
 * another session is writing, and the caller of `kms_unreachable` tries again.
 */
async function rotated(service: Pkcs11Kms, key: string): Promise<number> {
  for (;;)
    try {
      return await service.rotate(key);
    } catch (error) {
      expect(error).toEqual(kmsError("kms_unreachable"));
    }
}

test("a wrong PIN is denied, tried once, and shown nowhere", async () => {
  const pin = new Secret("wrong-pin-4711");
  const opened = await Pkcs11Kms.open({ ...options, pin }).catch((error: unknown) => error);
  expect(opened).toEqual(kmsError("kms_denied"));
  expect(inspect(opened, { depth: 9 })).not.toContain("wrong-pin-4711");
});
