import { readFile, writeFile } from "node:fs/promises";
import { dumpGuards } from "../../../db/dump-guards.ts";
import { dumpSchema } from "../../../db/dump-schema.ts";
import { createTestDatabase } from "../../support/database.ts";

const file = new URL("../../../db/schema.sql", import.meta.url);
const guards = new URL("../../../db/guards.txt", import.meta.url);

test("the committed schema is what the migrations make", async () => {
  const database = await createTestDatabase();
  const dump = await dumpSchema(database.owner);
  await database.drop();
  if (process.env["WRITE_SCHEMA"] === "1") await writeFile(file, dump);
  expect(dump).toBe(await readFile(file, "utf8"));
});

test("the committed guards are what the migrations make", async () => {
  const database = await createTestDatabase();
  const dump = `${(await dumpGuards(database.owner)).join("\n")}\n`;
  await database.drop();
  if (process.env["WRITE_SCHEMA"] === "1") await writeFile(guards, dump);
  expect(dump).toBe(await readFile(guards, "utf8"));
});
