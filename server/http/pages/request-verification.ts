import express, { type Router } from "express";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Confirm your request</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Confirm your request</h1>
<p>We have received a request from your e-mail address. If you sent it, confirm it here. If not, close this page: then nothing happens.</p>
<p><button type="button">Confirm the request</button></p>
<p role="status"></p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
<script src="request-verification.js"></script>
</body>
</html>
`;

// Mail servers open links to look at them. So the request is confirmed by a button.
const script = `"use strict";
const [tenant, secret] = location.hash.slice(1).split(".");
history.replaceState(null, "", location.pathname);
const button = document.querySelector("button");
const status = document.querySelector("[role=status]");
button.onclick = async () => {
  button.disabled = true;
  try {
    const answer = await fetch("v1/email-request-verification", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ tenant, secret }),
    });
    const body = await answer.json();
    if (answer.ok) {
      location.replace(body.link);
      return;
    }
    status.textContent =
      body.code === "invalid_request" ? "This link is not complete. Open it again." : body.detail;
  } catch {
    status.textContent = "The server was not reached. Try again.";
  }
  button.disabled = false;
};
`;

/** Creates the page on which a person confirms a request that came by e-mail: GET /request-verification. */
export function requestVerificationPage(): Router {
  const router = express.Router();
  router.get("/request-verification", (_request, response) => {
    response.set("Cache-Control", "no-store").type("html").send(page);
  });
  router.get("/request-verification.js", (_request, response) => {
    response.type("text/javascript").send(script);
  });
  return router;
}
