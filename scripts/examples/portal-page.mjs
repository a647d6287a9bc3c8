#!/usr/bin/env node
// A whole portal with the drop-in sign-in page, in Node without a framework.
//
// usage: CREDENTIALS=client:secret scripts/examples/portal-page.mjs GATEWAY CALLBACK_URI [PORT]
//
// GATEWAY is where visitors' browsers reach `countersign serve`, such as https://sign-in.example. The page's own origin
// must be one of the portal's: `countersign origin add`. Sessions are kept in memory; a real portal has TLS and marks its
// cookie Secure.
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";

const [gateway, callback, port = "0"] = process.argv.slice(2);
const basic = "Basic " + Buffer.from(process.env.CREDENTIALS).toString("base64");
const sessions = new Map(); // by the cookie: the sign-ins that it has begun, and who is signed in

const signIn = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Acme</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<div data-countersign data-start="/sign-in/start" data-finish="/sign-in/finish"></div>
<script src="${gateway}/widget/v1/countersign.js" defer></script></html>`;
const policy = `default-src 'none'; script-src ${gateway}; style-src ${gateway}; connect-src 'self' ${gateway}; `
  + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// The gateway's answer to this portal.
async function ask(path, form) {
  const answer = await fetch(`${gateway}/oauth/api/v4/authenticate/${path}`, {
    method: form ? "POST" : "GET", body: form && new URLSearchParams(form), headers: { authorization: basic },
  });
  if (!answer.ok) throw new Error(`the gateway answered ${answer.status}`);
  return answer.json();
}

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function cookieOf(request, name) {
  return new RegExp(`(?:^|; )${name}=([\\w-]+)`).exec(request.headers.cookie ?? "")?.[1];
}

function giveCookie(response, name, life = "") {
  const value = randomBytes(16).toString("base64url");
  response.appendHeader("set-cookie", `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${life}`);
  return value;
}

const sessionOf = (request) => sessions.get(cookieOf(request, "session"));

function newSession(response) {
  const session = { id: giveCookie(response, "session"), begun: [] };
  sessions.set(session.id, session);
  return session;
}

// What the browser is known by for 400 days: the phone tells its user whether it is new.
function browserOf(request, response) {
  return cookieOf(request, "browser") ?? giveCookie(response, "browser", "; Max-Age=34560000");
}

async function start(request, response) {
  const started = await ask("user", {
    type: "qr-code", callback_uri: callback, ip_address: request.socket.remoteAddress,
    user_agent: request.headers["user-agent"] ?? "", browser_id: browserOf(request, response),
  });
  const session = sessionOf(request) ?? newSession(response);
  // The code that is shown, the one before it, and other tabs.
  session.begun = [...session.begun.slice(-7), started.transaction_id];
  const { transaction_id, browser_token } = started;
  response.setHeader("content-type", "application/json").end(JSON.stringify({ transaction_id, browser_token }));
}

async function finish(request, response) {
  let form = "";
  for await (const part of request) form += part;
  const transaction = new URLSearchParams(form).get("transaction_id");
  const session = sessionOf(request);
  // No page is believed: the session has begun it, and the gateway says who it is.
  if (session?.begun.includes(transaction)) {
    const result = await ask(`transaction/${transaction}`);
    if (result.is_authenticated) {
      sessions.delete(session.id);
      newSession(response).user = result.user_id; // under another id than before
    }
  }
  response.writeHead(303, { location: "/" }).end();
}

async function answer(request, response) {
  response.setHeader("content-security-policy", policy).setHeader("cache-control", "no-store");
  // No other site's page may post here in a visitor's name.
  const isOwn = (request.headers["sec-fetch-site"] ?? "same-origin") === "same-origin";
  if (request.method === "POST" && isOwn && request.url === "/sign-in/start") return start(request, response);
  if (request.method === "POST" && isOwn && request.url === "/sign-in/finish") return finish(request, response);
  if (request.method !== "GET" || request.url !== "/") return response.writeHead(404).end();
  const user = sessionOf(request)?.user;
  response.setHeader("content-type", "text/html; charset=utf-8")
    .end(user ? `<!DOCTYPE html><title>Acme</title><h1>Signed in as ${escaped(user)}</h1>` : signIn);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error.message);
    response.writeHead(502).end();
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
