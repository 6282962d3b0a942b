// Answers given without a connection are kept on this device, shown as waiting, and sent once when the connection is back.
(() => {
  "use strict";
  const STORE = "matchmaking.answers";
  const person = document.body.dataset.person;

  const read = () => JSON.parse(localStorage.getItem(STORE) || "[]");
  const write = (rows) => localStorage.setItem(STORE, JSON.stringify(rows));
  const show = (id, shown) => { document.getElementById(id).hidden = !shown; };

  function keep(form, submitter) {
    const fields = [...new FormData(form, submitter)].filter(([name]) => name !== "csrfmiddlewaretoken");
    write([...read().filter((row) => row.person !== person || row.action !== form.action), { person, action: form.action, fields }]);
    markWaiting();
  }

  function cardOf(action) {
    return [...document.querySelectorAll("form.answer")].find((form) => form.action === action)?.closest("article");
  }

  function markWaiting() {
    const waiting = new Set(read().filter((row) => row.person === person).map((row) => cardOf(row.action)));
    for (const card of document.querySelectorAll("article.suggestion")) {
      card.querySelectorAll(".waiting").forEach((note) => { note.hidden = !waiting.has(card); });
      card.querySelectorAll(".answers, .because").forEach((part) => { part.hidden = waiting.has(card); });
    }
  }

  // Whether the answer got through: taken, or refused for good. A busy server or a session that ended is asked again later.
  async function send(row) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const body = new URLSearchParams([...row.fields, ["csrfmiddlewaretoken", token]]);
    const answer = await fetch(row.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    const signIn = answer.headers.get("HX-Redirect");
    if (signIn) location.assign(signIn);
    if (signIn || answer.status === 429 || answer.status >= 500) return false;
    const text = await answer.text(), card = cardOf(row.action);
    if (!answer.ok) document.getElementById("notice").innerHTML = text;
    else if (card) { card.outerHTML = text; htmx.process(document.getElementById("main")); }
    return true;
  }

  async function sendAll() {
    for (let row; navigator.onLine && (row = read().find((one) => one.person === person));) {
      write(read().filter((one) => one.action !== row.action || one.person !== person)); // first, so that no other tab sends it too
      const through = await send(row).catch(() => false);
      if (!through) { write([...read(), row]); return; }
    }
    markWaiting();
  }

  document.addEventListener("submit", (event) => {
    if (navigator.onLine || !event.target.matches("form.answer")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keep(event.target, event.submitter);
  }, true);
  document.addEventListener("htmx:sendError", (event) => {
    show("offline", true);
    const config = event.detail.requestConfig;
    if (event.detail.elt.matches("form.answer")) keep(event.detail.elt, config.triggeringEvent?.submitter);
  });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) show("offline", false); });
  addEventListener("offline", () => show("offline", true));
  addEventListener("online", () => { show("offline", false); sendAll(); });
  show("offline", !navigator.onLine);
  markWaiting();
  sendAll();
})();
