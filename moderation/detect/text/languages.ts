import type { Token } from "./tokens.ts";

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** Frequent words of languages that have rules, as forms. */
const frequent: Readonly<Record<string, ReadonlySet<string>>> = {
  en: words(
    "the a an i my and is to of in it you that for on with have has was are this be can cant not we he she at me do dont but they from when his her",
  ),
  de: words(
    "der die das und ich ist nicht ein eine einen mein meine mit auf fur von zu den dem sich wir sie er es wenn nach wann kommt kann hat habe bin im am wie mir mich was hier aus noch bei auch nur",
  ),
  es: words(
    "el la los las un una y que de en mi me se por con para esta su al del lo le es muy ya yo pero como cuando hay mas tengo donde si",
  ),
};
/** By how many frequent words a language must be behind another one, so that the text is not in it. */
const clearly = 2;

/** Returns whether a text may be in a language. Short and mixed texts may be in several. */
export function mayBeIn(language: string, tokens: readonly Token[]): boolean {
  const counts = new Map(Object.keys(frequent).map((each) => [each, 0]));
  for (const { form } of tokens)
    for (const [each, list] of Object.entries(frequent))
      if (list.has(form)) counts.set(each, (counts.get(each) ?? 0) + 1);
  const own = counts.get(language);
  return own === undefined || Math.max(...counts.values()) - own < clearly;
}
