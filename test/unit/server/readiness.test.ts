import { KeysError } from "../../../keys/keys-error.ts";
import { createReadiness } from "../../../server/readiness.ts";

const checkKms = () => Promise.resolve();
const isKeystoreCurrent = () => Promise.resolve(true);

test.each<[string, () => Promise<boolean>, boolean, string[]]>([
  ["the schema is current", () => Promise.resolve(true), false, []],
  ["a migration is missing", () => Promise.resolve(false), false, ["schema_behind"]],
  ["the database refuses", () => Promise.reject(new Error()), false, ["database_unreachable"]],
  ["the server stops", () => Promise.resolve(true), true, ["draining"]],
])("when %s", async (_when, isCurrent, draining, reasons) => {
  expect(
    await createReadiness({ isCurrent, isKeystoreCurrent, checkKms }, () => draining)(),
  ).toEqual(reasons);
});

test("a database that does not answer delays nothing and is asked once at a time", async () => {
  let asked = 0;
  let answer: (current: boolean) => void = () => undefined;
  const isCurrent = () => {
    asked++;
    return new Promise<boolean>((resolve) => (answer = resolve));
  };
  const notReady = createReadiness(
    { isCurrent, isKeystoreCurrent, checkKms },
    () => false,
    () => undefined,
    5,
  );
  expect(await Promise.all([notReady(), notReady()])).toEqual([
    ["database_unreachable"],
    ["database_unreachable"],
  ]);
  expect(await notReady()).toEqual(["database_unreachable"]);
  expect(asked).toBe(1);
  const recovered = notReady();
  answer(true);
  expect(await recovered).toEqual([]);
  expect(asked).toBe(1);
});

test.each<[string, Error, string]>([
  ["is sealed", new KeysError("kms_sealed", ""), "kms_sealed"],
  ["denies", new KeysError("kms_denied", ""), "kms_denied"],
  ["has lost its keyring", new KeysError("keyring_unreachable", ""), "kms_unreachable"],
  ["fails in an unexpected way", new Error(), "kms_unreachable"],
])("a key service that %s is a reason of its own", async (_how, error, reason) => {
  const isCurrent = () => Promise.resolve(true);
  const probes = { isCurrent, isKeystoreCurrent, checkKms: () => Promise.reject(error) };
  expect(await createReadiness(probes, () => false)()).toEqual([reason]);
});

test("a stopped audit log is reported beside other problems", async () => {
  const ask = (current: boolean) =>
    createReadiness(
      { isCurrent: () => Promise.resolve(current), isKeystoreCurrent, checkKms },
      () => false,
      () => "audit_log_behind",
    )();
  expect(await ask(true)).toEqual(["audit_log_behind"]);
  expect(await ask(false)).toEqual(["schema_behind", "audit_log_behind"]);
});

test("a database that answers and stores nothing is a reason of its own", async () => {
  const isCurrent = () => Promise.resolve(true);
  const none = () => undefined;
  const ask = createReadiness(
    { isCurrent, isKeystoreCurrent, checkKms },
    () => false,
    none,
    undefined,
    () => true,
  );
  expect(await ask()).toEqual(["storage_failing"]);
});
