import { openLoopback } from "../../../client/index.node.ts";

test("the answer comes back to this machine, and other requests are not taken for it", async () => {
  let shown = "";
  const loopback = await openLoopback(async (url) => {
    shown = url;
    expect((await fetch(new URL("/favicon.ico", loopback.redirectUri))).status).toBe(404);
    expect((await fetch(`${loopback.redirectUri}?code=c&state=other`)).status).toBe(400);
    const page = await fetch(`${loopback.redirectUri}?code=c&state=s`);
    expect(await page.text()).toContain("You can close this window.");
  });
  expect(loopback.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  expect(await loopback.authorize("https://idp.example/auth?state=s")).toBe(
    `${loopback.redirectUri}?code=c&state=s`,
  );
  expect(shown).toBe("https://idp.example/auth?state=s");
  await loopback.close();
});

test("a request whose path is no URL does not end the program", async () => {
  const loopback = await openLoopback(() => undefined);
  const { host } = new URL(loopback.redirectUri);
  for (const path of ["//", "///callback"])
    expect((await fetch(`http://${host}${path}`)).status).toBe(400);
  await loopback.close();
});

test("a person who does not come back in time ends the sign-in", async () => {
  const loopback = await openLoopback(() => undefined, { withinMs: 1 });
  await expect(loopback.authorize("https://idp.example/auth")).rejects.toMatchObject({
    code: "sign_in_failed",
  });
  await loopback.close();
});
