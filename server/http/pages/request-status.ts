import express, { type Router } from "express";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your request</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Your request</h1>
<p role="status">Loading</p>
<table hidden><tbody></tbody></table>
<p>Keep this page's address. It stays valid when your account is gone. Whoever has it sees what is above.</p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
<script src="request-status.js"></script>
</body>
</html>
`;

// The secret stays in the fragment, which browsers send to no server. It stays in the address, so that the page can be
// kept as a bookmark.
const script = `"use strict";
const [tenant, secret] = location.hash.slice(1).split(".");
const status = document.querySelector("[role=status]");
const table = document.querySelector("table");
const states = {
  received: "We have received it.",
  accepted: "We have accepted it and are working on it.",
  answered: "We have answered it.",
  refused: "We have refused it.",
};
const day = (ms) => new Date(ms).toLocaleDateString("en", { dateStyle: "long" });
const row = (name, value) => {
  if (value === null || value === undefined) return;
  const line = table.tBodies[0].insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  line.append(head);
  line.insertCell().textContent = value;
};
(async () => {
  try {
    const answer = await fetch("v1/request-status", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ tenant, secret }),
    });
    const body = await answer.json();
    if (!answer.ok) {
      status.textContent =
        body.code === "invalid_request" ? "This link is not complete. Open it again." : body.detail;
      return;
    }
    status.textContent = states[body.state] ?? body.state;
    row("You asked for", body.right.replaceAll("_", " "));
    row("Received", day(body.receivedAtMs));
    row("We must answer by", day(body.dueAtMs - 1));
    row("Under", body.citation);
    row("It waits for", body.pending);
    row("We need more time", body.extensionReason);
    row("Why we refused it", body.refusalGround);
    table.hidden = false;
  } catch {
    status.textContent = "The server was not reached. Try again.";
  }
})();
`;

/** Creates the page on which a person sees how far a request is: GET /request-status. */
export function requestStatusPage(): Router {
  const router = express.Router();
  router.get("/request-status", (_request, response) => {
    response.set("Cache-Control", "no-store").type("html").send(page);
  });
  router.get("/request-status.js", (_request, response) => {
    response.type("text/javascript").send(script);
  });
  return router;
}
