/** A browser of one person: it follows redirects at a provider, and keeps cookies. */
export class ProviderBrowser {
  readonly #jar = new Map<string, string>();

  /** One request without following redirects. */
  async ask(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const response = await fetch(url, {
      method: form === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: { cookie: [...this.#jar].map((pair) => pair.join("=")).join("; ") },
      ...(form !== undefined && { body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "") this.#jar.delete(name);
      else this.#jar.set(name, value);
    }
    return response;
  }

  /**
   * Opens the provider's page, signs in as `person` where it asks, and returns the URL to which the
   * provider sends the person back.
   */
  async signIn(url: string, person: string): Promise<string> {
    const { origin } = new URL(url);
    let response = await this.ask(url);
    for (let at = url; ;) {
      const location = response.headers.get("location");
      if (location === null && !at.includes("/sign-in/"))
        throw new Error(`${response.status} ${await response.text()}`);
      if (location === null) {
        response = await this.ask(at, { person });
        continue;
      }
      at = new URL(location, at).href;
      if (!at.startsWith(origin)) return at;
      response = await this.ask(at);
    }
  }

  /** Signs out of the provider, which tells the programs where the person signed in. */
  async signOut(issuer: string): Promise<void> {
    const page = await (await this.ask(`${issuer}/session/end`)).text();
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page) ?? [];
    await this.ask(`${issuer}/session/end/confirm`, { xsrf, logout: "yes" });
  }
}
