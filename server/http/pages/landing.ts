import express, { type Router } from "express";

export interface SampleAccount {
  readonly username: string;
  readonly role: string;
}

const style = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.25rem 1.5rem 0.25rem 0; border-bottom: 1px solid currentColor; }
`;

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Creates the page for GET /. It tells a person what the server is and where to go next. */
export function landingPage(facts: {
  readonly version: string;
  readonly sampleAccounts: readonly SampleAccount[];
}): Router {
  const page = render(facts.version, facts.sampleAccounts);
  const router = express.Router();
  router.get("/", (_request, response) => void response.type("html").send(page));
  router.get("/style.css", (_request, response) => void response.type("css").send(style));
  return router;
}

const render = (version: string, accounts: readonly SampleAccount[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sealdesk</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Sealdesk</h1>
<p>This server relays end-to-end encrypted support messages. It carries ciphertext only: what
customers and agents write is opened on their devices and nowhere else.</p>
<h2>Where to go on</h2>
<ul>
<li><a href="v1/docs">API documentation</a>, and the <a href="v1/openapi.json">OpenAPI document</a> it shows</li>
<li><a href="readyz">Whether the server is ready</a></li>
</ul>
${accounts.length === 0 ? "" : renderAccounts(accounts)}<p>Version ${escapeHtml(version)}</p>
</main>
</body>
</html>
`;

const renderAccounts = (accounts: readonly SampleAccount[]): string => `<h2>Sample accounts</h2>
<p>This server runs for development, with accounts in the tenant <code>demo</code>. Their passwords
stand where the server was started. For a customer, run
<code>npx sealdesk customer-token --tenant demo --subject anyone</code>.</p>
<table>
<thead><tr><th scope="col">User name</th><th scope="col">Role</th></tr></thead>
<tbody>
${accounts.map(({ username, role }) => `<tr><td>${escapeHtml(username)}</td><td>${escapeHtml(role)}</td></tr>`).join("\n")}
</tbody>
</table>
`;
