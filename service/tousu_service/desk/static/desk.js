"use strict";
(() => {
  const card = () => document.getElementById("review");
  const on = () => document.body.dataset.keys !== "off";
  const press = (id) => { const button = document.getElementById(id); if (button && !button.disabled) button.click(); };
  let typed = "", waiting = 0, busy = false;

  const marked = () => {
    const form = card();
    if (!form) return;
    for (const choice of form.querySelectorAll(".choice")) {
      const input = choice.querySelector("input");
      choice.classList.toggle("on", input.checked);
    }
  };
  const choose = (choice) => { choice.querySelector("input").checked = true; forget(); marked(); };
  const forget = () => {
    typed = ""; clearTimeout(waiting);
    for (const choice of document.querySelectorAll(".choice.out")) choice.classList.remove("out");
    const told = document.getElementById("typing");
    if (told && told.dataset.words) told.textContent = told.dataset.words;
  };
  const matching = (start) => [...card().querySelectorAll("[data-letters]")].filter((choice) => choice.dataset.letters.startsWith(start) || choice.dataset.code.startsWith(start));
  const type = (letter) => {
    const before = typed;
    typed += letter;
    let found = matching(typed);
    if (!found.length) { typed = before ? letter : ""; found = typed ? matching(typed) : []; }
    if (!found.length) { forget(); return; }
    if (typed.length > 1 && found.length === 1) { choose(found[0]); return; }
    const told = document.getElementById("typing");
    if (told) { told.dataset.words = told.dataset.words || told.textContent; told.textContent = "键入：" + typed + "…（" + found.length + " 个）"; }
    for (const choice of card().querySelectorAll("[data-letters]")) choice.classList.toggle("out", !found.includes(choice));
  };
  const next = (id) => { const list = document.getElementById(id); if (list) { list.selectedIndex = (list.selectedIndex + 1) % list.options.length; } };
  const also = (digit) => {
    const choice = card().querySelector('[data-digit="' + digit + '"]');
    const box = choice && card().querySelector('[data-also="' + choice.dataset.code + '"] input');
    if (box) { box.checked = !box.checked; box.closest("details").open = true; marked(); }
  };

  document.addEventListener("keydown", (event) => {
    if (!card() || !on() || busy || event.repeat || event.isComposing || event.keyCode === 229 && event.code === "Enter" && /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const field = event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])");
    if (field) {
      if (event.code === "Escape") field.blur();
      if (field.id === "note" && event.code === "Enter" && !event.shiftKey && field.dataset.ask) { event.preventDefault(); press("ask"); }
      return;
    }
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    const letter = /^Key([A-Z])$/.exec(event.code);
    const done = () => event.preventDefault();
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      if (event.target.closest("button, a, summary")) return;
      done();
      if (typed === "s") { forget(); press("skip"); } else { forget(); press("save"); }
    } else if (event.code === "Escape") { forget(); }
    else if (event.code === "Slash") { done(); if (event.shiftKey) { const note = document.getElementById("note"); note.dataset.ask = "1"; note.focus(); } else document.getElementById("find").focus(); }
    else if (digit && event.shiftKey) { done(); also(digit[1]); }
    else if (digit) {
      done(); forget();
      const choice = card().querySelector('[data-digit="' + digit[1] + '"]');
      if (choice) choose(choice);
      else if (digit[1] === "6") next("online");
      else if (digit[1] === "7") next("kind");
      else if (digit[1] === "8") document.getElementById("route").focus();
      else if (digit[1] === "9") { const box = document.getElementById("group"); if (box) { box.checked = !box.checked; marked(); } }
      else if (digit[1] === "0") document.getElementById("note").focus();
    } else if (letter && !event.shiftKey) {
      done();
      const key = letter[1].toLowerCase();
      if (key === "u" && !typed) { press("undo"); return; }
      if (key === "s" && !typed) { type("s"); typed = "s"; clearTimeout(waiting); waiting = setTimeout(() => { if (typed === "s") { forget(); press("skip"); } }, 600); return; }
      clearTimeout(waiting);
      type(key);
    }
  });
  document.addEventListener("change", marked);

  const calm = () => { busy = false; };
  document.addEventListener("htmx:before:request", () => { busy = true; });
  document.addEventListener("htmx:finally:request", calm);
  document.addEventListener("htmx:after:swap", () => {
    const head = document.querySelector("[data-focus]");
    if (!head) return;
    calm(); typed = "";
    const told = document.getElementById("told");
    if (told) told.textContent = "";
    head.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    document.getElementById("live").textContent = head.textContent;
    document.getElementById("offline").hidden = true;
    marked();
  });
  const lost = () => { calm(); document.getElementById("offline").hidden = false; };
  document.addEventListener("htmx:error", lost);
  document.addEventListener("htmx:response:error", (event) => { calm(); if ((event.detail.ctx?.response?.status || 0) >= 500) lost(); });
  // A table wider than the window is scrolled by keys, too.
  const reach = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
    }
  };
  window.addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  document.addEventListener("DOMContentLoaded", reach);
  const drop = document.getElementById("drop");
  if (drop) {
    const over = (event, on) => { event.preventDefault(); drop.classList.toggle("over", on); };
    drop.addEventListener("dragover", (event) => over(event, true));
    drop.addEventListener("dragleave", (event) => over(event, false));
    drop.addEventListener("drop", (event) => { over(event, false); if (event.dataTransfer.files.length) drop.querySelector("input[type=file]").files = event.dataTransfer.files; });
  }
  document.addEventListener("DOMContentLoaded", marked);
  marked();
})();
