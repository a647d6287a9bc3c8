"use strict";
const element = id => document.getElementById(id);
const words = {
  issued: "Waiting for your phone",
  scanned: "Scanned. Confirm on your phone",
  denied: "Declined on the phone",
  expired: "Expired. Show a new code to try again",
  cancelled: "Cancelled",
  failed: "That did not work. Show a new code to try again",
};
let source, timer;

function say(text) { element("status").textContent = text; }

function stop() {
  if (source) source.close();
  clearInterval(timer);
  element("code").hidden = true;
  element("link").hidden = true;
  element("image").removeAttribute("src");
  element("open").removeAttribute("href");
}

function count(seconds) {
  const end = performance.now() + seconds * 1000;
  const show = () => {
    element("seconds").textContent = Math.max(0, Math.ceil((end - performance.now()) / 1000));
  };
  show();
  timer = setInterval(show, 1000);
}

function hear(event) {
  const news = JSON.parse(event.data);
  document.body.dataset.status = news.status;
  if (news.status === "issued") return say(words.issued);
  if (news.status === "scanned") {
    element("code").hidden = true;
    return say(words.scanned);
  }
  stop();
  element("hint").hidden = true;
  say(news.status === "authenticated"
    ? (news.user === undefined ? "Signed in, some time ago" : "Signed in as " + news.user)
    : words[news.status] || "That did not work");
}

async function begin() {
  stop();
  document.body.dataset.status = "";
  element("hint").hidden = false;
  say("One moment");
  try {
    const answer = await fetch("/demo/sign-ins", { method: "POST" });
    if (!answer.ok) throw new Error();
    const page = await answer.json();
    const path = "/demo/sign-ins/" + page.id;
    element("image").src = path + "/qr.svg";
    element("code").hidden = false;
    if (page.link) {
      element("open").href = page.link;
      element("link").hidden = false;
    }
    count(page.seconds);
    source = new EventSource(path + "/events");
    source.onmessage = hear;
  } catch {
    say("No code can be had right now. Try again");
  }
}

element("again").addEventListener("click", begin);
begin();
