import * as z from "zod/mini";
import { ModerationError } from "../detect/moderation-error.ts";
import type { PersonalType, Span } from "../detect/personal/span.ts";
import { foundOf, share, type Found } from "./figures.ts";

const labelled = z.array(
  z.object({
    full_text: z.string(),
    spans: z.array(
      z.object({ entity_type: z.string(), start_position: z.int(), end_position: z.int() }),
    ),
  }),
);
export type LabelledText = z.output<typeof labelled>[number];

/** How labelled files (microsoft/presidio-research) name what the detectors find. */
const namesInFiles: Readonly<Record<PersonalType, readonly string[]>> = {
  card_number: ["CREDIT_CARD"],
  card_code: ["CVV"],
  iban: ["IBAN_CODE", "IBAN"],
  us_ssn: ["US_SSN", "SSN"],
  email: ["EMAIL_ADDRESS", "EMAIL"],
  phone: ["PHONE_NUMBER", "PHONE"],
  ip: ["IP_ADDRESS"],
  domain: ["DOMAIN_NAME", "URL"],
  person: ["PERSON"],
  address: ["STREET_ADDRESS", "ADDRESS"],
  place: ["GPE", "LOCATION"],
};

export interface PersonalFigures {
  readonly texts: number;
  readonly types: readonly {
    readonly type: PersonalType;
    /** How the file names it. */
    readonly label: string;
    /** The found span has both ends of the labelled one. */
    readonly exact: Found;
    /** The found span shares a character with the labelled one. */
    readonly overlapping: Found;
  }[];
  readonly msPerMessage: number;
}

/**
 * Parses a file of labelled texts.
 * @throws ModerationError invalid_examples
 */
export function parseLabelled(json: string): readonly LabelledText[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalid("is not JSON", cause);
  }
  const parsed = labelled.safeParse(value);
  if (!parsed.success)
    throw invalid(
      "is no list of objects with full_text and spans (entity_type, start_position, end_position)",
    );
  return parsed.data;
}

const invalid = (why: string, cause?: unknown): ModerationError =>
  new ModerationError("invalid_examples", `The file ${why}.`, { cause });

/**
 * Measures what is found by type. Types that neither the file nor the detector names are left out.
 * @param find the detector; @param now a clock in milliseconds
 */
export function evaluatePersonal(
  texts: readonly LabelledText[],
  find: (text: string) => readonly Span[],
  now: () => number,
): PersonalFigures {
  const startedMs = now();
  const found = texts.map(({ full_text }) => find(full_text));
  const tookMs = now() - startedMs;
  const types = Object.entries(namesInFiles) as [PersonalType, readonly string[]][];
  const measured = types.map(([type, names]) => {
    const pairs = texts.map(({ full_text, spans }, at) => ({
      gold: spans
        .filter(({ entity_type }) => names.includes(entity_type))
        .map((span) => inCodeUnits(full_text, span.start_position, span.end_position)),
      said: (found[at] ?? []).filter((span) => span.type === type),
    }));
    return { type, label: names[0] ?? type, ...compared(pairs) };
  });
  return {
    texts: texts.length,
    types: measured.filter(({ exact }) => exact.gold > 0 || exact.said > 0),
    msPerMessage: share(tookMs, texts.length),
  };
}

type Range = Pick<Span, "start" | "end">;

/** Labelled offsets count code points, as Python does. */
function inCodeUnits(text: string, start: number, end: number): Range {
  if (!/[\ud800-\udbff]/.test(text)) return { start, end };
  const points = Array.from(text);
  const unitsTo = (point: number) => points.slice(0, point).join("").length;
  return { start: unitsTo(start), end: unitsTo(end) };
}

function compared(
  pairs: readonly { readonly gold: readonly Range[]; readonly said: readonly Range[] }[],
): {
  readonly exact: Found;
  readonly overlapping: Found;
} {
  let [gold, said, exact, right, covered] = [0, 0, 0, 0, 0];
  for (const pair of pairs) {
    gold += pair.gold.length;
    said += pair.said.length;
    exact += pair.said.filter((one) => pair.gold.some((other) => isSame(one, other))).length;
    right += pair.said.filter((one) => pair.gold.some((other) => meets(one, other))).length;
    covered += pair.gold.filter((one) => pair.said.some((other) => meets(one, other))).length;
  }
  return { exact: foundOf(gold, said, exact), overlapping: foundOf(gold, said, right, covered) };
}

const isSame = (a: Range, b: Range): boolean => a.start === b.start && a.end === b.end;
const meets = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end;
