import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const { resolve } = createRequire(import.meta.url);

/** The scripts that a citation may be written in. Noto Sans has a file for each. */
const scripts = [
  { name: "latin", holds: /^[ -~\u00a0-\u00ff\u2013-\u2026\u20ac]+$/u },
  { name: "latin-ext", holds: /^\p{Script=Latin}+$/u },
  { name: "greek", holds: /^\p{Script=Greek}+$/u },
  { name: "cyrillic", holds: /^\p{Script=Cyrillic}+$/u },
] as const;

type Script = (typeof scripts)[number]["name"];
const weights = { body: 400, bold: 700 } as const;
export type Weight = keyof typeof weights;

export const fontName = (weight: Weight, script: Script): string => `${weight}-${script}`;

/** Reads the fonts that are embedded. PDF/A (ISO 19005-3) permits no others. */
export const readFonts = (): Promise<readonly (readonly [name: string, bytes: Uint8Array])[]> =>
  Promise.all(
    (Object.keys(weights) as Weight[]).flatMap((weight) =>
      scripts.map(async ({ name }) => {
        const file = `@fontsource/noto-sans/files/noto-sans-${name}-${weights[weight]}-normal.woff`;
        return [fontName(weight, name), await readFile(resolve(file))] as const;
      }),
    ),
  );

/**
 * Splits a text into runs that one font can write. A character of no script becomes U+00A4: the
 * signed file has it as it is.
 */
export function runsOf(
  text: string,
): readonly { readonly script: Script; readonly text: string }[] {
  const runs: { script: Script; text: string }[] = [];
  for (const character of text) {
    const found = scripts.find(({ holds }) => holds.test(character));
    const [script, shown] =
      found === undefined ? (["latin", "\u00a4"] as const) : [found.name, character];
    const last = runs.at(-1);
    if (last?.script === script) last.text += shown;
    else runs.push({ script, text: shown });
  }
  return runs;
}
