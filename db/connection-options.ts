/** How long a connection may take to be made, in milliseconds. */
export const CONNECT_MS = 10_000;

/**
 * Joins the options of a session that the URL asks for with our own, which come last and therefore
 * win. The parameter `options` of a URL would otherwise replace ours.
 */
export function withOptions(
  url: string,
  own: string,
): { readonly connectionString: string; readonly options: string } {
  const [base = "", query] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  const theirs = parameters.get("options");
  if (theirs === null) return { connectionString: url, options: own };
  parameters.delete("options");
  return { connectionString: `${base}?${parameters.toString()}`, options: `${theirs} ${own}` };
}
