/** Returns the phrases of a text in which `|` stands between them. Lines end anywhere. */
export const phrases = (text: string): string[] =>
  text
    .split("|")
    .map((phrase) => phrase.trim().replace(/\s+/g, " "))
    .filter((phrase) => phrase !== "");
