import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  evaluateAbuseCommand,
  evaluateIntentsCommand,
  evaluatePersonalCommand,
  evaluateUrgencyCommand,
} from "../../../cli/commands/eval/evaluate.ts";
import { runSealdeskAlone } from "../../support/sealdesk-command.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "sealdesk-eval-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const urgent = "text,urgent\nI cannot breathe,1\nWhere is my card?,0\nsomething unusual,1\n";

test("sealdesk eval urgent prints figures and never a text", async () => {
  const data = await fileOf("urgent.csv", urgent);
  const { code, out } = await runSealdeskAlone(["eval", "urgent", "--data", data, "--json"], {});
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    urgent: 2,
    other: 1,
    recall: 0.5,
    falseAlarmRate: 0,
    missed: [3],
    falseAlarms: [],
  });
  expect(await evaluateUrgencyCommand({ data })).toContain("missed: 3");
  expect(out).not.toContain("something unusual");
});

test("eval pii compares spans by type, and counts code points", async () => {
  const text = "😀 mail ann@example.org and SSN 123-45-6789";
  const spans = [
    { entity_type: "EMAIL_ADDRESS", start_position: 7, end_position: 22 },
    { entity_type: "US_SSN", start_position: 31, end_position: 42 },
    { entity_type: "ANYTHING", start_position: 0, end_position: 1 },
  ];
  const data = await fileOf("pii.json", JSON.stringify([{ full_text: text, spans }]));
  const figures = JSON.parse(await evaluatePersonalCommand({ data, json: true }));
  const all = { gold: 1, said: 1, precision: 1, recall: 1, f1: 1 };
  expect(figures.types).toEqual([
    { type: "us_ssn", label: "US_SSN", exact: all, overlapping: all },
    { type: "email", label: "EMAIL_ADDRESS", exact: all, overlapping: all },
  ]);
  const wrong = await fileOf("wrong.json", "{}");
  await expect(evaluatePersonalCommand({ data: wrong })).rejects.toMatchObject({
    code: "invalid_examples",
  });
});

test("eval moderation prints the accuracy by functionality, and false alarms in talk", async () => {
  const data = await fileOf(
    "cases.csv",
    "functionality,test_case,label_gold\nslur_h,You are a retard,hateful\n" +
      "ident_pos_nh,I love women,non-hateful\n",
  );
  const talk = await fileOf("talk.csv", 'dialogue\n"Doctor: Any cough?\nPatient: I hate women."\n');
  expect(JSON.parse(await evaluateAbuseCommand({ data, talk, json: true }))).toMatchObject({
    cases: 2,
    accuracy: 1,
    alwaysHateful: 0.5,
    byFunctionality: [
      { functionality: "ident_pos_nh", cases: 1, accuracy: 1 },
      { functionality: "slur_h", cases: 1, accuracy: 1 },
    ],
    talk: { messages: 2, falseAlarmsPerThousand: 500 },
  });
});

test("eval intents trains with one file and tests with the other", async () => {
  const rows = Array.from({ length: 20 }, (_, at) => `lost my card ${at},lost\nnew pin ${at},pin`);
  const train = await fileOf("train.csv", `text,category\n${rows.join("\n")}\n`);
  const figures = JSON.parse(await evaluateIntentsCommand({ train, test: train, json: true }));
  expect(figures).toMatchObject({ intents: 2, accuracy: 1, macroF1: 1 });
  await expect(
    evaluateIntentsCommand({ train: join(folder, "none.csv"), test: train }),
  ).rejects.toMatchObject({ name: "CommandError" });
});
