import express, { type Router } from "express";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Choose a new password</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Choose a new password</h1>
<p>It has at least 15 characters. A sentence that only you know is easy to remember.</p>
<form>
<p><label>New password<br><input type="password" name="password" autocomplete="new-password" minlength="15" maxlength="256" required></label></p>
<p><label>The same again<br><input type="password" name="again" autocomplete="new-password" required></label></p>
<p><button>Set the password</button></p>
</form>
<p role="status"></p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
<script src="password-reset.js"></script>
</body>
</html>
`;

// The token stays in the fragment, which browsers send to no server. It is removed from the address at once, so that
// the history of the browser does not keep it.
const script = `"use strict";
const [tenant, token] = location.hash.slice(1).split(".");
history.replaceState(null, "", location.pathname);
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const password = form.elements.password.value;
  if (password !== form.elements.again.value) {
    status.textContent = "The two passwords differ.";
    return;
  }
  form.querySelector("button").disabled = true;
  try {
    const answer = await fetch("v1/account/password-reset", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ tenant, token, password }),
    });
    if (answer.ok) {
      form.remove();
      status.textContent = "Your new password is set. Sign in with it.";
      return;
    }
    const problem = await answer.json();
    status.textContent =
      problem.code === "invalid_request"
        ? "This link is not complete. Open it again, or ask for another one."
        : problem.detail;
  } catch {
    status.textContent = "The server was not reached. Try again.";
  }
  form.querySelector("button").disabled = false;
});
`;

/** Creates the page on which a person who got a link chooses a new password: GET /password-reset. */
export function passwordResetPage(): Router {
  const router = express.Router();
  router.get("/password-reset", (_request, response) => {
    response.set("Cache-Control", "no-store").type("html").send(page);
  });
  router.get("/password-reset.js", (_request, response) => {
    response.type("text/javascript").send(script);
  });
  return router;
}
