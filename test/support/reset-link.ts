/** What a link for a new password says to the page that it opens. */
export function partsOfLink(link: string): { readonly tenant: string; readonly token: string } {
  const [tenant = "", token = ""] = new URL(link).hash.slice(1).split(".");
  return { tenant, token };
}
