// Comfort for the board: moving by drag and by keys, the panel, filters without a reload. Without it links and forms do the same.
(() => {
  "use strict";
  const board = document.getElementById("board"), panel = document.getElementById("panel"), notice = document.getElementById("notice");
  const edit = "edit" in board.dataset;
  const token = () => board.querySelector("[name=csrfmiddlewaretoken]").value;
  const people = () => [...board.querySelectorAll("#arranged a.person")].filter((one) => one.offsetParent);
  const focused = () => document.activeElement?.closest?.("#arranged a.person");
  let attention = null; // the person that was moved or looked at last: the focus goes back there after a change

  document.documentElement.classList.add("script");

  // --- the panel
  function open(address, person) {
    attention = person ?? attention;
    htmx.ajax("GET", address, { source: panel, target: "#panel-inside", swap: "innerHTML" });
  }
  function close() { if (panel.open) panel.close(); }
  board.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a");
    if (!link) return;
    if (link.matches(".person, .team-name, #panel a[href*='/people/']")) {
      event.preventDefault();
      open(link.href, link.dataset.person);
    } else if (link.matches(".go")) {
      event.preventDefault();
      look(link.hash.slice(1));
    } else if (link.matches(".filters a")) {
      event.preventDefault();
      choose(link);
    }
  });
  panel.querySelector(".close").addEventListener("click", close);
  panel.addEventListener("close", () => { document.getElementById("panel-inside").replaceChildren(); restore(); });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "panel-inside" && !panel.open) panel.showModal();
    if (event.detail.target.id === "panel-inside") (panel.querySelector("[autofocus]") ?? panel.querySelector(".close")).focus();
  });
  notice.addEventListener("click", (event) => {
    if (!event.target.closest(".keep")) return;
    event.preventDefault();
    notice.replaceChildren();
    restore();
  });

  // --- after a change: what was said stays readable, the focus stays with the person
  const changes = (event) => event.detail.requestConfig?.verb === "post";
  document.body.addEventListener("htmx:beforeRequest", (event) => { if (changes(event)) board.classList.add("busy"); });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!changes(event)) return;
    board.classList.remove("busy");
    board.classList.toggle("unsaved", event.detail.xhr.status === 0 || event.detail.xhr.status >= 400);
    if (event.detail.xhr.status < 400) notice.replaceChildren();
    if (event.detail.xhr.status) close();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 409) event.detail.isError = false; }); // a question
  let held = ""; // what had the focus, and lost it when its card was replaced
  document.body.addEventListener("htmx:beforeSwap", () => { held = document.activeElement?.id ?? ""; });
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target.open) fragment.querySelector("details")?.setAttribute("open", "");
  });
  // What changed is read out from one place that is never replaced: a live region that comes anew is often not heard.
  const heard = document.getElementById("heard"), told = () => ["#status .said", "#now"].map((part) => board.querySelector(part).textContent.trim());
  let before = told();
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const now = told(), fresh = now.filter((text, place) => text && text !== before[place]);
    if (fresh.length) heard.textContent = fresh.join(" ");
    before = now;
    const choice = notice.querySelector(".keep");
    if (changes(event)) (choice ? choice.focus() : restore());
    else if (held && document.activeElement === document.body) document.getElementById(held)?.focus({ preventScroll: true });
  });
  function restore() {
    const one = attention && document.getElementById(`person-${attention}`);
    if (one && !panel.open) look(one.id);
  }
  function look(id) {
    const one = document.getElementById(id);
    if (!one) return;
    board.querySelectorAll(".fresh").forEach((other) => other.classList.remove("fresh"));
    one.classList.add("fresh");
    one.scrollIntoView({ block: "nearest" });
    one.focus({ preventScroll: true });
  }
  function choose(link) {
    const [name] = Object.keys(link.dataset), arranged = document.getElementById("arranged");
    arranged.dataset[name] = link.dataset[name];
    link.parentElement.querySelectorAll("a").forEach((other) => other.toggleAttribute("aria-current", other === link));
    link.setAttribute("aria-current", "true");
    history.replaceState(null, "", `?show=${arranged.dataset.show}&view=${arranged.dataset.view}`);
  }
  let queue = Promise.resolve(); // one change after the other, so that none is lost when keys are pressed fast
  function send(address, values) {
    queue = queue.then(() => htmx.ajax("POST", address, {
      source: board, target: "#status", swap: "outerHTML",
      values: { ...values, csrfmiddlewaretoken: token(), version: document.getElementById("version").value },
    })).catch(() => {}); // page.js says that there is no connection
  }
  const move = (one, to) => {
    attention = one.dataset.person;
    send(board.dataset.move, { participant: one.dataset.person, seen: one.dataset.team, to });
  };

  // --- by drag
  const place = (event) => event.target.closest?.("#unplaced, #teams .team");
  let dragged = null;
  if (edit) {
    board.addEventListener("dragstart", (event) => {
      dragged = event.target.closest?.("a.person");
      if (!dragged) return;
      event.dataTransfer.setData("text/plain", dragged.querySelector(".name").textContent);
      event.dataTransfer.effectAllowed = "move";
    });
    board.addEventListener("dragover", (event) => {
      const where = dragged && place(event);
      board.querySelectorAll(".over").forEach((other) => { if (other !== where) other.classList.remove("over"); });
      if (!where || where.dataset.number === dragged.dataset.team) return;
      event.preventDefault();
      where.classList.add("over");
    });
    board.addEventListener("drop", (event) => {
      const where = dragged && place(event);
      if (!where) return;
      event.preventDefault();
      move(dragged, where.dataset.number || "none");
    });
    board.addEventListener("dragend", () => {
      dragged = null;
      board.querySelectorAll(".over").forEach((other) => other.classList.remove("over"));
    });
  }

  // --- by keys; letters count only while a person or a team has the focus, so that nothing is done by typing elsewhere
  function step(one, key) {
    const all = people(), at = all.indexOf(one);
    if (key === "ArrowDown") return all[at + 1];
    if (key === "ArrowUp") return all[at - 1];
    const home = one.dataset.team, right = key === "ArrowRight";
    const beyond = (right ? all.slice(at + 1) : all.slice(0, at).reverse()).find((other) => other.dataset.team !== home);
    return right ? beyond : beyond && all.find((other) => other.dataset.team === beyond.dataset.team);
  }
  const letters = {
    m: (one) => open(one.href, one.dataset.person),
    p: (one) => {
      attention = one.dataset.person;
      send(board.dataset.pin, { participant: one.dataset.person, ...(one.querySelector(".pin") ? {} : { pinned: "1" }) });
    },
    u: (one) => { attention = one.dataset.person; undo(); },
    f: () => document.getElementById("find").focus(),
  };
  const undo = () => { if (edit) send(board.dataset.undo, {}); };
  // On a Cyrillic keyboard the key's place counts: M is where M stands.
  const letter = (event) => (/^[a-z]$/i.test(event.key) ? event.key : event.code.replace("Key", "")).toLowerCase();
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if ((event.ctrlKey || event.metaKey) && letter(event) === "z" && !typing) { event.preventDefault(); undo(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.id === "find" && event.key === "Enter") {
      event.preventDefault();
      const first = document.querySelector("#found .go");
      if (first) look(first.hash.slice(1));
      return;
    }
    const one = focused();
    if (!one) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      step(one, event.key)?.focus();
    } else if (edit && letters[letter(event)]) {
      event.preventDefault();
      letters[letter(event)](one);
    }
  });
})();
