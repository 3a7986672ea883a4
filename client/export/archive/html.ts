/** The parts that every page of an archive is made of. Pages work offline, without scripts and without other files. */
import { style } from "./style.ts";

/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | readonly Html[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? "");

/** Writes HTML. What is put in is text and is escaped, unless it is `Html`. */
export const markup = (parts: TemplateStringsArray, ...values: readonly Part[]): Html => ({
  html: parts.map((part, index) => part + written(values[index])).join(""),
});

function written(value: Part | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return "html" in value ? value.html : value.map((each) => each.html).join("\n");
}

export const nothing: Html = { html: "" };

/**
 * Returns a whole page.
 * @param title of the window
 */
export const page = (title: string, body: Html): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${{ html: style }}</style>
</head>
<body>
${body}
</body>
</html>
`.html;

/** Returns a table whose first column names the row; a sentence if there are no rows. */
export const table = (
  columns: readonly string[],
  rows: readonly (readonly Part[])[],
  empty: string,
): Html =>
  rows.length === 0
    ? markup`<p class="quiet">${empty}</p>`
    : markup`<div class="scroll"><table><thead><tr>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([first = "", ...rest]) => markup`<tr><th scope="row">${first}</th>${rest.map((cell) => markup`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`;

/** Returns a section with a heading. */
export const section = (id: string, title: string, body: Html): Html =>
  markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>`;
