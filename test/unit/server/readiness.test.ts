import { createReadiness } from "../../../server/readiness.ts";

test.each<[string, () => Promise<boolean>, boolean, string[]]>([
  ["the schema is current", () => Promise.resolve(true), false, []],
  ["a migration is missing", () => Promise.resolve(false), false, ["schema_behind"]],
  ["the database refuses", () => Promise.reject(new Error()), false, ["database_unreachable"]],
  ["the server stops", () => Promise.resolve(true), true, ["draining"]],
])("when %s", async (_when, isCurrent, draining, reasons) => {
  expect(await createReadiness(isCurrent, () => draining)()).toEqual(reasons);
});

test("a database that does not answer is not waited for, and is asked once at a time", async () => {
  let asked = 0;
  let answer: (current: boolean) => void = () => undefined;
  const notReady = createReadiness(
    () => {
      asked++;
      return new Promise((resolve) => (answer = resolve));
    },
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

test("an audit log that is not continued is said beside what else is wrong", async () => {
  const ask = (current: boolean) =>
    createReadiness(
      () => Promise.resolve(current),
      () => false,
      () => "audit_log_behind",
    )();
  expect(await ask(true)).toEqual(["audit_log_behind"]);
  expect(await ask(false)).toEqual(["schema_behind", "audit_log_behind"]);
});
