// Times are shown as the server writes them, in UTC, or in the browser's own zone: whoever looks chooses, and it is kept.
const zone = document.getElementById("zone");
const isLocal = () => { try { return localStorage.getItem("zone") === "local"; } catch { return false; } };
const showZone = () => {
  for (const time of document.querySelectorAll("time")) {
    time.dataset.utc ||= time.title || time.textContent;
    const exact = isLocal() ? new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" }) : time.dataset.utc;
    if (time.title) time.title = exact; else time.textContent = exact;
  }
  if (!zone) return;
  zone.hidden = false;
  zone.textContent = isLocal() ? "Show UTC" : "Show local times";
  document.getElementById("zone-state").textContent = isLocal() ? "Times are local, in charts UTC." : "Times are UTC.";
};
zone?.addEventListener("click", () => {
  try { localStorage.setItem("zone", isLocal() ? "utc" : "local"); } catch { return; }
  showZone();
});
showZone();
// On a small screen the pages stand in a row that is scrolled: to the one that is shown.
document.querySelector("header nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
// A question is closed by Escape, and by a click elsewhere.
const closeQuestions = (but) => {
  for (const question of document.querySelectorAll("details.ask[open]")) if (question !== but) question.open = false;
};
document.addEventListener("keydown", (event) => {
  const question = event.key === "Escape" && document.querySelector("details.ask[open]");
  if (!question) return;
  question.open = false;
  question.querySelector("summary").focus();
});
document.addEventListener("click", (event) => closeQuestions(event.target.closest("details.ask")));
// Replaces the page's inner part by what the server has rendered anew, unless somebody is typing in it. Whatever had
// the focus has it afterwards; what somebody has begun, and what was refused, stays as it is.
const main = document.querySelector("main[data-live]");
const state = document.getElementById("live-state");
const isBegun = (part) => part.matches("details") ? part.open : part.querySelector(".problem") !== null
  || [...part.elements].some((field) => field.matches("select")
    ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0
    : field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue);
const follow = () => {
  const source = new EventSource(main.dataset.live);
  source.onopen = () => { state.textContent = "Live."; };
  source.onmessage = (event) => {
    const active = document.activeElement;
    if (active && main.contains(active) && active.matches("input, select, textarea")) {
      state.textContent = "Waiting while you type.";
      return;
    }
    if (main.contains(getSelection().anchorNode) && !getSelection().isCollapsed) {
      state.textContent = "Waiting while text is selected.";
      return;
    }
    const id = active && main.contains(active) ? active.id : null;
    const template = document.createElement("template");
    template.innerHTML = JSON.parse(event.data);
    for (const part of main.querySelectorAll("form[id], details[id]"))
      if (isBegun(part)) template.content.getElementById(part.id)?.replaceWith(part);
    main.replaceChildren(template.content);
    showZone();
    if (id) document.getElementById(id)?.focus({ preventScroll: true });
    main.dataset.updates = Number(main.dataset.updates || 0) + 1;
    state.textContent = "Live.";
  };
  source.onerror = async () => {
    state.textContent = "Not connected; trying again.";
    if (source.readyState !== EventSource.CLOSED) return;
    // The server has refused: the session is over, or too many pages are open.
    const answer = await fetch(main.dataset.live.replace("/live", ""), { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") {
      state.textContent = "Not live.";
      document.getElementById("over").hidden = false;
    } else setTimeout(follow, 10000);
  };
};
if (main) follow();
// Copying takes a script; without one a click selects the whole id.
document.documentElement.classList.add("scripted");
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy).then(
    () => { button.textContent = "Copied"; }, () => { button.textContent = "Not allowed"; });
});
// Over plain HTTP on a name or another machine's address the cookie would not be kept: said before a password is sent.
const plain = document.getElementById("plain");
if (plain && !isSecureContext) plain.hidden = false;
