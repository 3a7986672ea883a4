import { createHash } from "node:crypto";
import { fullPageRedirect } from "../../../client/index.ts";
import { authorize, type OidcCredentials } from "../../../client/sign-in/authorize.ts";
import type { Exchange } from "../../../client/http/transport.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import { until } from "../../support/until.ts";

beforeAll(() => ready);

const REDIRECT = "https://desk.example/signed-in";
const thumbprint = "A".repeat(43);
const providers = ["staff", "partners"].map((name) => ({
  name,
  issuer: `https://${name}.idp.example`,
  clientId: "sealdesk",
  authorizationEndpoint: `https://${name}.idp.example/auth`,
  answersWithIssuer: true,
  scope: "openid",
  endSessionEndpoint: null,
}));

type OnShow = (event: { readonly persisted: boolean }) => void;

/** A tab of a browser. It keeps its `sessionStorage` from page to page. */
class Tab {
  readonly kept = new Map<string, string>();
  href = REDIRECT;
  #onShow: OnShow | undefined;

  /** Connects as a page that was just loaded. */
  connect(changes: Partial<OidcCredentials> = {}, published: readonly object[] = providers) {
    const exchange = (async () => ({ providers: published })) as unknown as Exchange;
    const credentials = {
      grant: "oidc",
      tenant: "acme",
      provider: "staff",
      redirectUri: REDIRECT,
      authorize: fullPageRedirect(this.#window()),
      ...changes,
    } as const;
    return authorize(exchange, credentials, thumbprint);
  }

  /** Leaves the page for the provider, and returns the URL of the provider's page. */
  async leave(changes: Partial<OidcCredentials> = {}): Promise<URL> {
    const { href } = this;
    void this.connect(changes);
    await until(() => this.href !== href);
    return new URL(this.href);
  }

  resume() {
    return fullPageRedirect(this.#window()).resume?.(REDIRECT);
  }

  back(persisted: boolean): void {
    this.#onShow?.({ persisted });
  }

  #window() {
    const { kept } = this;
    const go = (url: string) => void (this.href = url);
    const hrefOf = () => this.href;
    return {
      location: {
        get href() {
          return hrefOf();
        },
        assign: go,
      },
      history: { replaceState: (_data: unknown, _unused: string, url: string) => go(url) },
      sessionStorage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => void kept.set(key, value),
        removeItem: (key: string) => void kept.delete(key),
      },
      addEventListener: (_type: "pageshow", listener: OnShow) => void (this.#onShow = listener),
    };
  }
}

const answerTo = (request: URL, changes: Readonly<Record<string, string>> = {}) => {
  const state = request.searchParams.get("state") ?? "";
  const answer = { code: "the-code", state, iss: request.origin, ...changes };
  return `${REDIRECT}?${new URLSearchParams(answer).toString()}`;
};
const notAuthentic = { code: "sign_in_not_authentic" };

test("a page is left for the provider's, and signs in when the person is back, once", async () => {
  const tab = new Tab();
  const request = await tab.leave();
  expect(request.origin).toBe("https://staff.idp.example");
  tab.href = answerTo(request);
  const grant = await tab.connect();
  expect(grant).toMatchObject({ grant: "oidc", code: "the-code", redirectUri: REDIRECT });
  const { codeVerifier } = grant as { readonly codeVerifier: string };
  expect(createHash("sha256").update(codeVerifier).digest("base64url")).toBe(
    request.searchParams.get("code_challenge"),
  );
  // Nothing of the answer is left, neither in the address nor in the tab.
  expect([tab.href, tab.kept.size]).toEqual([REDIRECT, 0]);
  expect((await tab.leave()).searchParams.get("state")).not.toBe(request.searchParams.get("state"));
});

test("an answer that somebody else asked for is not taken, and the sign-in begins anew", async () => {
  const [attacker, victim] = [new Tab(), new Tab()];
  const theirs = answerTo(await attacker.leave());
  // The victim's tab has begun no sign-in, or one of its own.
  for (const begun of [false, true]) {
    victim.href = REDIRECT;
    if (begun) await victim.leave();
    victim.href = theirs;
    const request = await victim.leave();
    expect(request.origin).toBe("https://staff.idp.example");
    expect(new URL(theirs).searchParams.get("state")).not.toBe(request.searchParams.get("state"));
    victim.href = answerTo(request);
    expect(await victim.connect()).toMatchObject({ code: "the-code" });
  }
});

test("a parameter of the application, or of somebody's link, ends no sign-in of the tab", async () => {
  for (const query of ["code=of-a-voucher", "error=access_denied", "state=theirs&code=theirs"]) {
    const tab = new Tab();
    const request = await tab.leave();
    const kept = new Map(tab.kept);
    const page = { href: `${REDIRECT}?${query}` };
    tab.href = page.href;
    expect(tab.resume()).toBeUndefined();
    expect([tab.href, tab.kept]).toEqual([page.href, kept]);
    tab.href = answerTo(request);
    expect(await tab.connect()).toMatchObject({ code: "the-code" });
  }
});

test("the answer is out of the address before the first request", async () => {
  const tab = new Tab();
  tab.href = answerTo(await tab.leave());
  const connecting = tab.connect();
  expect([tab.href, tab.kept.size]).toEqual([REDIRECT, 0]);
  expect(await connecting).toMatchObject({ code: "the-code" });
});

test("what is kept in the tab fits one sign-in only: of this provider, issuer and client", async () => {
  const begun = async () => {
    const tab = new Tab();
    tab.href = answerTo(await tab.leave());
    return tab;
  };
  const [first = {}] = providers;
  // A mix-up of two providers of one tenant, which have the same redirect URI.
  await expect((await begun()).connect({ provider: "partners" })).rejects.toMatchObject(
    notAuthentic,
  );
  await expect((await begun()).connect({ tenant: "other" })).rejects.toMatchObject(notAuthentic);
  for (const change of [{ issuer: "https://evil.example" }, { clientId: "another" }])
    await expect((await begun()).connect({}, [{ ...first, ...change }])).rejects.toMatchObject(
      notAuthentic,
    );
  const tab = new Tab();
  tab.href = answerTo(await tab.leave(), { iss: "https://partners.idp.example" });
  await expect(tab.connect()).rejects.toMatchObject(notAuthentic);
  const altered = await begun();
  for (const key of altered.kept.keys()) altered.kept.set(key, "{}");
  expect((await altered.leave()).origin).toBe("https://staff.idp.example");
});

test("who comes back without signing in is told so, and a refusal of the provider too", async () => {
  const tab = new Tab();
  const connecting = tab.connect();
  await until(() => tab.href !== REDIRECT);
  tab.back(true);
  await expect(connecting).rejects.toMatchObject({ code: "sign_in_failed" });
  tab.href = REDIRECT;
  const request = await tab.leave();
  const state = request.searchParams.get("state") ?? "";
  const refused = new URLSearchParams({ error: "access_denied", state, iss: request.origin });
  tab.href = `${REDIRECT}?${refused.toString()}`;
  await expect(tab.connect()).rejects.toMatchObject({
    code: "sign_in_failed",
    problem: "access_denied",
  });
});
