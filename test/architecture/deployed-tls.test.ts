import { readFileSync } from "node:fs";

test("the proxies of deploy/ listen for TLS 1.3 alone", () => {
  const nginx = readFileSync("deploy/nginx.conf", "utf8");
  expect(nginx.match(/^\s*listen .*;$/gm)?.map((line) => line.trim())).toEqual(["listen 443 ssl;"]);
  expect(nginx).toMatch(/^\s*ssl_protocols TLSv1\.3;$/m);

  const haproxy = readFileSync("deploy/haproxy.cfg", "utf8");
  for (const bind of haproxy.match(/^\s*bind .*$/gm) ?? ["none"])
    expect(bind).toContain(" ssl crt ");
  expect(haproxy).toMatch(/^\s*ssl-default-bind-options ssl-min-ver TLSv1\.3$/m);
});
