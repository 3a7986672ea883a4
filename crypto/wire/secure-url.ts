/** Returns whether the URL names this machine. */
export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

/**
 * Returns whether the text is an https URL without credentials and without a fragment. If `allowsHttp`
 * is true, http to this machine is accepted too.
 */
export function isSecureUrl(text: string, allowsHttp: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (allowsHttp && url.protocol === "http:" && isLoopback(url));
}
