/** What people type when a password must be long: rows of keys, the alphabet, digits. */
const RUNS = ["1234567890", "qwertyuiopasdfghjklzxcvbnm", "abcdefghijklmnopqrstuvwxyz"].flatMap(
  (run) => [run, run.split("").toReversed().join("")],
);

let list: Promise<ReadonlySet<string>> | undefined;

/** The 49,000 most common passwords of many breaches. They are loaded when the first password is chosen. */
const commonPasswords = (): Promise<ReadonlySet<string>> =>
  (list ??= import("@zxcvbn-ts/language-common").then(
    ({ dictionary }) => new Set(dictionary["passwords-common"]),
  ));

/**
 * Returns whether attackers guess a password first: a common password or two of them, also with digits and
 * punctuation around, a short text that is repeated, or a run of keys. The list has few long passwords, so
 * what people make long passwords from counts too.
 * @param lower the password in lower case
 */
export async function isCommonPassword(lower: string): Promise<boolean> {
  if (isRepetition(lower) || RUNS.some((run) => run.repeat(lower.length).includes(lower)))
    return true;
  const common = await commonPasswords();
  const core = lower.replaceAll(/^\P{L}+|\P{L}+$/gu, "");
  return [lower, core].some((text) => isMadeOf(common, text));
}

/** Returns whether the text is a text of at most half its length, again and again. */
function isRepetition(text: string): boolean {
  const half = Math.floor(text.length / 2);
  for (let length = 1; length <= half; length++)
    if (text.slice(length) === text.slice(0, -length)) return true;
  return false;
}

/** Returns whether the text is a common password, or two of them. */
function isMadeOf(common: ReadonlySet<string>, text: string): boolean {
  if (common.has(text)) return true;
  for (let at = 1; at < text.length; at++)
    if (common.has(text.slice(0, at)) && common.has(text.slice(at))) return true;
  return false;
}
