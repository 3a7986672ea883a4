import * as z from "zod/mini";
import { SealdeskError } from "../errors.ts";
import { isSamePage, type Authorize, type SignInAttempt } from "./authorize.ts";

/** What is used of the window of a page. */
interface PageWindow {
  readonly location: { readonly href: string; assign(url: string): void };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  /** It belongs to one tab, and outlives the way to the provider and back. */
  readonly sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
  addEventListener(
    type: "pageshow",
    listener: (event: { readonly persisted: boolean }) => void,
    options: { readonly once: true },
  ): void;
}

const KEY = "sealdesk.sign-in";
const keptAttempt = z.strictObject({
  tenant: z.string(),
  provider: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  redirectUri: z.string(),
  state: z.string(),
  codeVerifier: z.string(),
  nonceSeed: z.string(),
});

/** What a provider adds to the URL to which it sends the person back. */
const ANSWER = ["state", "iss", "code", "error", "error_description", "error_uri", "session_state"];

/**
 * Returns `authorize` for the credentials of a web page that signs people in without a pop-up. It leaves the page for
 * the provider's page. The provider sends the person back to `redirectUri`, which must be a page of the same origin. Connect
 * there again with the same credentials and the same store: the sign-in goes on.
 *
 * What the tab must know for that is kept in its `sessionStorage`, once: the state, the PKCE verifier and the seed of
 * the nonce (RFC 9700 sections 2.1 and 4.7). An answer that another browser or another tab asked for is not taken: the
 * sign-in begins anew. The page's URL keeps every parameter of the application. An answer to the tab's own sign-in is
 * removed from it at once, before any request.
 * @param page the window of the page
 */
export function fullPageRedirect(page: PageWindow = globalThis): Authorize {
  const leave = (url: string, attempt: SignInAttempt): Promise<string> => {
    page.sessionStorage.setItem(KEY, JSON.stringify(attempt));
    const left = new Promise<string>((_resolve, reject) => {
      // The person went back, and the browser shows the page as it was.
      const back = ({ persisted }: { readonly persisted: boolean }): void => {
        if (persisted)
          reject(new SealdeskError("sign_in_failed", "The person came back without signing in."));
      };
      page.addEventListener("pageshow", back, { once: true });
    });
    page.location.assign(url);
    return left;
  };
  const resume = (redirectUri: string) => {
    const callback = page.location.href;
    const url = new URL(callback);
    const attempt = attemptIn(page.sessionStorage.getItem(KEY));
    // The application may use these names itself, and anybody can make a link with them.
    if (attempt?.state !== url.searchParams.get("state") || !isSamePage(url, redirectUri))
      return undefined;
    page.sessionStorage.removeItem(KEY);
    for (const name of ANSWER) url.searchParams.delete(name);
    page.history.replaceState(null, "", url.href);
    return attempt && { attempt, callback };
  };
  return Object.assign(leave, { resume });
}

function attemptIn(kept: string | null): SignInAttempt | undefined {
  try {
    return z.safeParse(keptAttempt, JSON.parse(kept ?? "")).data;
  } catch {
    return undefined;
  }
}
