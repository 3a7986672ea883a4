/**
 * Returns the origin of the web page that sends a request, as its header `Origin` says. Returns
 * undefined if no page of another origin sends it: the header is missing, as in requests of apps
 * and servers, or it is the origin of the server's own public URL.
 */
export function foreignOrigin(header: string | undefined, publicUrl: string): string | undefined {
  return header === undefined || header === new URL(publicUrl).origin ? undefined : header;
}
