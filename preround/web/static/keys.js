// Single keys, the live count and a source beside the text: enhancements. Every page works without them.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);
const help = one("#keys");
const acts = one("#keys-on");

// ---- single keys -----------------------------------------------------------------------------------------------------

const typing = (at) => at.isContentEditable || at.matches("textarea, select, input:not([type=radio], [type=checkbox])");

// A row is what j and k step over: it is reached through its link where it has one.
function step(by) {
  const rows = all("[data-row]").filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[Math.min(Math.max(here + by, 0), rows.length - 1)];
  const at = row.matches("tr") ? one("a", row) : row;
  at.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

const row = () => document.activeElement.closest("[data-row]");

// A choice is made, and the focus goes to the first thing that it still needs.
function choose(key) {
  const at = one(`[data-key="${key}"]`);
  if (!at) return false;
  if (!at.matches("[type=radio]")) {
    at.click();
    return true;
  }
  at.checked = true;
  at.dispatchEvent(new Event("change", { bubbles: true }));
  const needed = (at.dataset.needs || "").split(" ").filter(Boolean).map((id) => document.getElementById(id));
  const next = needed.find((field) => field && !field.value) || one("button[type=submit]:not([hidden], [name])", at.form);
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  x: () => row() && one("[type=checkbox]", row())?.click(),
  c: () => row() && one("[data-claim]", row())?.click(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && closeBeside()) return;
  if (event.ctrlKey || event.metaKey || event.altKey || help.open || typing(event.target)) return;
  if (!acts.checked && event.key !== "?") return;
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  } else if (/^[a-z\]]$/.test(event.key) && choose(event.key)) {
    event.preventDefault();
  }
});

const opener = one("#keys-open");
opener.hidden = false;
opener.addEventListener("click", () => help.showModal());
// Whoever speaks to the machine, or presses keys by accident, can turn them off; the browser remembers it.
acts.checked = localStorage.getItem("keys") !== "off";
acts.addEventListener("change", () => localStorage.setItem("keys", acts.checked ? "on" : "off"));

// ---- the live count --------------------------------------------------------------------------------------------------

const live = one("#live");
if (live) {
  const events = new EventSource(live.dataset.events);
  events.addEventListener("waiting", (event) => {
    const more = JSON.parse(event.data).waiting - Number(live.dataset.waiting);
    if (more === 0) return live.replaceChildren();
    const link = Object.assign(document.createElement("a"), { href: location.href, textContent: "Show the queue as it is now" });
    live.replaceChildren(more > 0 ? `${more} more since this page was made. ` : `${-more} fewer since this page was made. `, link);
  });
}

// ---- a source beside the text ----------------------------------------------------------------------------------------

const item = one(".item");
const beside = one("#beside");
const wide = matchMedia("(min-width: 62rem)");
let opened = null;

function closeBeside() {
  if (!beside || beside.hidden) return false;
  beside.hidden = true;
  item.classList.remove("reading");
  all("[aria-current=true]", item).forEach((at) => at.removeAttribute("aria-current"));
  opened?.focus();
  return true;
}

async function openBeside(link) {
  const answer = await fetch(link.href, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = one("[data-beside]", page);
  if (!answer.ok || !found) throw new Error("no such part");
  one(".read", beside).replaceChildren(document.adoptNode(found));
  if (one("[data-noted]", beside) && one("#to-open")) markOpened().catch(() => {});
  all("[aria-current=true]", item).forEach((at) => at.removeAttribute("aria-current"));
  link.setAttribute("aria-current", "true");
  opened = link;
  item.classList.add("reading");
  beside.hidden = false;
  beside.focus({ preventScroll: true });
  const mark = one("#cited", beside);
  beside.scrollTop = mark ? mark.getBoundingClientRect().top - beside.getBoundingClientRect().top - beside.clientHeight / 3 : 0;
}

// What was opened is on record with the server: its own page says what is marked and what is still to be opened. Where
// that page is of another proposal by now, nothing here changes, and the decision is refused with the reason.
async function markOpened() {
  const hash = (page) => one("[name=proposal_sha256]", page)?.value;
  const answer = await fetch(one("#to-open").dataset.item, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || !hash(page) || hash(page) !== hash(document)) return;
  const fresh = all(".evidence [data-source]", page);
  all(".evidence [data-source]").forEach((at, n) => {
    const mark = fresh[n]?.dataset.source === at.dataset.source && one(".note", fresh[n]);
    if (mark && !one(".note", at)) at.append(" ", document.adoptNode(mark));
  });
  one("#to-open").replaceChildren(...one("#to-open", page).childNodes);
}

if (beside && one("#to-open")) {
  // A source may have been opened in another tab, or on a page of its own from which one came back.
  const look = () => all(".evidence [data-source]").some((at) => !one(".note", at)) && markOpened().catch(() => {});
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  addEventListener("pageshow", (event) => event.persisted && look());
}

if (beside) {
  item.addEventListener("click", (event) => {
    const link = event.target.closest("a[href*='/sources/'], a[href*='/literature/']");
    if (!link || !wide.matches || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openBeside(link).catch(() => location.assign(link.href));
  });
  one("button", beside).addEventListener("click", closeBeside);
}
