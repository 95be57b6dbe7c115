"use strict";
// Filtering, sorting, and opening what a link points to. The page says everything without it.

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

for (const box of document.querySelectorAll("input[data-filter]")) {
  const table = document.getElementById(box.dataset.filter);
  const output = box.parentElement.querySelector("output");
  const rows = Array.from(table.tBodies, (body) => ({ body, text: plain(body.textContent) }));
  const apply = () => {
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { body, text } of rows) {
      body.hidden = !words.every((word) => text.includes(word));
      shown += body.hidden ? 0 : 1;
    }
    output.textContent = words.length
      ? output.dataset.shown.replace("{shown}", shown).replace("{all}", rows.length) : "";
  };
  box.addEventListener("input", apply);
  box.parentElement.hidden = false;
}

const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

function key(body, column) {
  const cell = body.rows[0].cells[column];
  return cell.dataset.sort ?? cell.textContent.trim();
}

for (const table of document.querySelectorAll("table.sortable")) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const bodies = Array.from(table.tBodies);
      bodies.sort((a, b) => collator.compare(key(a, column), key(b, column)) * (up ? 1 : -1));
      table.append(...bodies);
    });
  });
}

function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target.tagName === "TBODY") target.querySelector("details").open = true;
  target.scrollIntoView();
}

addEventListener("hashchange", reveal);
reveal();

for (const button of document.querySelectorAll("button[data-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const one of document.querySelectorAll(button.dataset.open)) one.open = true;
  });
}

// What is wider than its frame can be scrolled with the keyboard, and says what it is.
const frames = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) {
      const heading = target.closest("section, article").querySelector("h2, h3");
      target.tabIndex = 0;
      target.setAttribute("role", "group");
      target.setAttribute("aria-label", heading.textContent.trim());
    } else {
      target.removeAttribute("tabindex");
    }
  }
});
for (const frame of document.querySelectorAll(".wide, .map, .chart")) frames.observe(frame);

// Paper cannot be opened: print every place of a finding. Evidence and zones' maps print when the reader opened them.
let opened = [];
addEventListener("beforeprint", () => {
  opened = Array.from(document.querySelectorAll(".rest:not(.work):not([open])"));
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of opened) one.open = false;
});
