import { readFile, writeFile } from "node:fs/promises";
import { dumpSchema } from "../../../db/dump-schema.ts";
import { createTestDatabase } from "../../support/database.ts";

const file = new URL("../../../db/schema.sql", import.meta.url);

test("the committed schema is what the migrations make", async () => {
  const database = await createTestDatabase();
  const dump = await dumpSchema(database.owner);
  await database.drop();
  if (process.env["WRITE_SCHEMA"] === "1") await writeFile(file, dump);
  expect(dump).toBe(await readFile(file, "utf8"));
});
