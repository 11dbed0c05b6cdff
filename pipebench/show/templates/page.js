"use strict";

// A cell that is a number: `494,404 (478,018 to 512,808) [1]`, `2.01 ms`, `9.29 %`, `0.97 !`.
const NUMBER = /^([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)(?:\s?([a-z%µ€$£][^\s\d]*))?(?:\s+[([!*].*)?$/i;
const UNITS = {
  ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1,
  b: 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40,
};
const MISSING = "-";
const letters = new Intl.Collator(document.documentElement.lang, { numeric: true });

/** What a cell is sorted by: its kind (numbers, then texts, then what is missing), and its value. */
function key(cell) {
  const text = cell.textContent.trim();
  if (text === MISSING || text === "") return { kind: 2 };
  const [, digits, unit = ""] = NUMBER.exec(text) ?? [];
  if (digits === undefined) return { kind: 1, text };
  return { kind: 0, number: Number(digits.replaceAll(",", "")) * (UNITS[unit.toLowerCase()] ?? 1) };
}

function compare(a, b, direction) {
  if (a.kind !== b.kind) return a.kind === 2 || b.kind === 2 ? a.kind - b.kind : direction * (a.kind - b.kind);
  if (a.kind === 0) return direction * (a.number - b.number);
  return a.kind === 1 ? direction * letters.compare(a.text, b.text) : 0;
}

/** Each head becomes a button: upwards, downwards, as it was. */
function makeSortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.tagName !== "TH") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
      const order = next === undefined ? "ascending" : next;
      for (const other of heads) other.removeAttribute("aria-sort");
      let rows = original;
      if (order) {
        head.setAttribute("aria-sort", order);
        const direction = order === "ascending" ? 1 : -1;
        rows = original
          .map((row) => ({ row, key: key(row.cells[column]) }))
          .sort((a, b) => compare(a.key, b.key, direction))
          .map(({ row }) => row);
      }
      body.append(...rows);
    });
  });
}

/** A box that scrolls must be reached by the keyboard; one that does not must not be in the way. */
function followOverflow(box) {
  new ResizeObserver(() => {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }).observe(box);
}

/** A command can be taken with one click. */
function makeCopyable(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.textContent.trimEnd());
      button.textContent = "Copied";
    } catch {
      // no right to the clipboard: select it, so that the keyboard can
      getSelection().selectAllChildren(block);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.parentElement.before(button);
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll(".table, .drawing, pre").forEach(followOverflow);
document.querySelectorAll("pre > code.language-sh").forEach(makeCopyable);

// The contents stand open where there is room beside the text.
const contents = document.querySelector("nav > details");
const wide = matchMedia("(min-width: 72rem)");
const follow = () => contents && (contents.open = wide.matches);
wide.addEventListener("change", follow);
follow();

// What is folded is printed, too; and opened where a link leads into it.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
