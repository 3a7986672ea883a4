import { KeysError } from "../../../keys/keys-error.ts";
import { createReadiness, type Probes } from "../../../server/readiness.ts";

/** A function that returns why a server with these probes cannot serve. */
const reasonsOf = (probes: Probes, limitMs?: number) => {
  const ask = createReadiness(probes, limitMs);
  return async () => (await ask()).reasons;
};

const ready = {
  isCurrent: () => Promise.resolve(true),
  isKeystoreCurrent: () => Promise.resolve(true),
  takesMessages: () => Promise.resolve(true),
  checkKms: () => Promise.resolve(),
  isStorageFailing: () => false,
  auditRefusal: () => undefined,
  ledgerRefusal: () => undefined,
  auditWarnings: () => [],
  isDraining: () => false,
};

test.each<[string, () => Promise<boolean>, boolean, string[]]>([
  ["the schema is current", () => Promise.resolve(true), false, []],
  ["a migration is missing", () => Promise.resolve(false), false, ["schema_behind"]],
  ["the database refuses", () => Promise.reject(new Error()), false, ["database_unreachable"]],
  ["the server stops", () => Promise.resolve(true), true, ["draining"]],
])("when %s", async (_when, isCurrent, draining, reasons) => {
  const given = { ...ready, isCurrent, isDraining: () => draining };
  expect(await reasonsOf(given)()).toEqual(reasons);
});

test("a database that does not answer delays nothing and is asked once at a time", async () => {
  let asked = 0;
  let answer: (current: boolean) => void = () => undefined;
  const isCurrent = () => {
    asked++;
    return new Promise<boolean>((resolve) => (answer = resolve));
  };
  const notReady = reasonsOf({ ...ready, isCurrent }, 5);
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
  const given = { ...ready, checkKms: () => Promise.reject(error) };
  expect(await reasonsOf(given)()).toEqual([reason]);
});

test("a key service that is sealed and answers late is reported as sealed, once it has answered", async () => {
  let answer: (error: Error) => void = () => undefined;
  const checkKms = () => new Promise<void>((_resolve, reject) => (answer = reject));
  const notReady = createReadiness({ ...ready, checkKms }, 5);
  expect((await notReady()).reasons).toEqual(["kms_unreachable"]);
  answer(new KeysError("kms_sealed", ""));
  expect((await notReady()).reasons).toEqual(["kms_sealed"]);
  // The next question is late as well.
  expect((await notReady()).reasons).toEqual(["kms_sealed"]);
});

test("a stopped audit log is reported beside other problems", async () => {
  const ask = (current: boolean) =>
    reasonsOf({
      ...ready,
      isCurrent: () => Promise.resolve(current),
      auditRefusal: () => "audit_log_behind",
    })();
  expect(await ask(true)).toEqual(["audit_log_behind"]);
  expect(await ask(false)).toEqual(["schema_behind", "audit_log_behind"]);
});

test("a database that answers and stores nothing is a reason of its own", async () => {
  const ask = reasonsOf({ ...ready, isStorageFailing: () => true });
  expect(await ask()).toEqual(["storage_failing"]);
});

test("a database that refuses a message is a reason of its own, and one that does not answer is not", async () => {
  const refusing = { ...ready, takesMessages: () => Promise.resolve(false) };
  expect(await reasonsOf(refusing)()).toEqual(["messages_failing"]);
  const silent = { ...ready, takesMessages: () => new Promise<boolean>(() => undefined) };
  expect(await reasonsOf(silent, 5)()).toEqual([]);
});

test("an altered audit log is a warning, and the server serves on", async () => {
  const ask = createReadiness({ ...ready, auditWarnings: () => ["audit_log_altered"] });
  expect(await ask()).toEqual({ reasons: [], warnings: ["audit_log_altered"] });
});
