import { readFileSync } from "node:fs";
import { urgentLexicons } from "../../../moderation/detect/lexicons/urgent/urgent.ts";
import { UrgencyDetector } from "../../../moderation/detect/urgency.ts";
import { parseCsv } from "../../../moderation/evaluate/csv.ts";
import { evaluateUrgency } from "../../../moderation/evaluate/evaluate-urgency.ts";

const detector = new UrgencyDetector(urgentLexicons);
const isUrgent = (text: string) => detector.find(text).length > 0;

test("the reviewed list: recall of at least 0.98, false alarms below 0.05", () => {
  const list = readFileSync("test/unit/moderation/urgent-reviewed.csv", "utf8");
  const examples = parseCsv(list, ["text", "urgent"]).map((row) => ({
    text: row["text"] ?? "",
    isUrgent: row["urgent"] === "1",
  }));
  const figures = evaluateUrgency(examples, isUrgent, () => 0);
  expect(figures.urgent).toBeGreaterThan(150);
  expect(figures.other).toBeGreaterThan(150);
  expect(figures.recall).toBeGreaterThanOrEqual(0.98);
  expect(figures.falseAlarmRate).toBeLessThan(0.05);
});

test.each([
  "Ich will nicht mehr leben",
  "Ich überlege, mich umzubringen",
  "Mein Mann ist zusammengebrochen und atmet nicht",
  "Ich habe starke Schmerzen in der Brust",
  "Ihr Mundwinkel hängt und sie lallt",
  "Unser Kind hat eine Knopfzelle verschluckt",
  "Ich habe die ganze Packung Schlaftabletten genommen",
  "Quiero morirme",
  "Ya no quiero seguir viviendo",
  "Mi padre no respira",
  "Me duele mucho el pecho y el brazo izquierdo",
  "Mi hija bebió lejía",
  "Me tomé todas las pastillas",
])("urgent: %s", (text) => {
  expect(isUrgent(text)).toBe(true);
});

test.each([
  "Wann kommt meine Karte?",
  "Ich möchte meinen Vertrag kündigen",
  "Übernimmt die Versicherung die Kosten nach dem Herzinfarkt?",
  "Mein Akku ist tot",
  "Ich habe keine Schmerzen in der Brust",
  "¿Dónde está mi tarjeta?",
  "Quiero cancelar mi cuenta",
  "¿La póliza cubre un infarto?",
])("not urgent: %s", (text) => {
  expect(isUrgent(text)).toBe(false);
});

test.each([
  ["misspelled", "he had a siezure and is unconcious"],
  ["disguised", "i want to k1ll mys3lf"],
  ["spelled", "i want to d i e"],
  ["without apostrophes", "i cant breathe"],
  ["in capitals", "I CAN'T BREATHE"],
  ["with a typographic apostrophe", "I can’t breathe"],
  ["with an invisible character", "sui\u200bcide"],
])("%s", (_, text) => {
  expect(isUrgent(text)).toBe(true);
});
