import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../../bot/config.ts";
import { writeBotConfig } from "../../support/bot-config.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-bot-config-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("it answers what its examples teach, hands over the rest, and never answers an emergency", async () => {
  const { judge, counts } = await readConfig(await writeBotConfig(folder));
  expect(counts).toEqual({ examples: 48, categories: 3, answers: 2 });
  expect(judge("When are you open on Friday?")).toEqual({
    isUrgent: false,
    answer: "We are open from 9 to 17.",
  });
  // A category without an answer, and something else altogether.
  expect(judge("I want to complain about the invoice").answer).toBeUndefined();
  expect(judge("zxcv qwer").answer).toBeUndefined();
  expect(judge("When are you open? I have chest pain and cannot breathe")).toEqual({
    isUrgent: true,
    answer: undefined,
  });
});

test("a higher demand on confidence makes it hand over", async () => {
  const { judge } = await readConfig(await writeBotConfig(folder, { minConfidence: 1 }));
  expect(judge("When are you open on Friday?").answer).toBeUndefined();
});

test.each<[string, object, string]>([
  ["no greeting", { texts: {} }, "texts.greeting"],
  ["an unknown field", { model: "x" }, "model"],
  ["a confidence above 1", { minConfidence: 2 }, "minConfidence"],
  ["no limit", { answersPerMinute: 0 }, "answersPerMinute"],
  ["a missing file", { answers: "none.csv" }, "cannot be read"],
  ["another file's columns", { examples: "answers.csv" }, "no column text"],
])("it refuses %s and says why", async (_, changes, said) => {
  const path = await writeBotConfig(folder, changes);
  const refused = readConfig(path);
  await expect(refused).rejects.toMatchObject({ code: "invalid_config" });
  await expect(refused).rejects.toThrow(said);
});

test.each<[string, string, string]>([
  ["a category without examples", "category,answer\nother,Yes.\n", "no examples"],
  ["two answers", "category,answer\nhours,A.\nhours,B.\n", "an answer already"],
  ["an empty answer", "category,answer\nhours,\n", "1 to 4000"],
  ["a card number", "category,answer\nhours,Pay to 4111 1111 1111 1111.\n", "payment card"],
])("it refuses answers with %s", async (_, answers, said) => {
  const path = await writeBotConfig(folder);
  await writeFile(join(folder, "answers.csv"), answers);
  await expect(readConfig(path)).rejects.toThrow(said);
});
