"use strict";

const MISSING = "-";
const letters = new Intl.Collator(document.documentElement.lang, { numeric: true });

/** The sort key of a cell: its kind (numbers, then texts, then missing values), and its value. */
function key(cell) {
  if (cell.dataset.value !== undefined) return { kind: 0, number: Number(cell.dataset.value) };
  const text = cell.textContent.trim();
  return text === MISSING || text === "" ? { kind: 2 } : { kind: 1, text };
}

/** Numbers are sorted by their values: a column of numbers without values cannot be sorted. */
function canBeSorted(cells) {
  return cells.some((cell) => cell.dataset.value !== undefined)
    || !cells.some((cell) => cell.classList.contains("number"));
}

function compare(a, b, direction) {
  if (a.kind !== b.kind) return a.kind === 2 || b.kind === 2 ? a.kind - b.kind : direction * (a.kind - b.kind);
  if (a.kind === 0) return direction * (a.number - b.number);
  return a.kind === 1 ? direction * letters.compare(a.text, b.text) : 0;
}

/** Each head becomes a button: ascending, descending, the original order. */
function makeSortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.tagName !== "TH" || !canBeSorted(original.map((row) => row.cells[column]))) return;
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

/** A box that scrolls must be reachable with the keyboard; one that does not scroll must not. */
function followOverflow(box) {
  new ResizeObserver(() => {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }).observe(box);
}

/** A command can be copied with one click. */
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
      // without the right to the clipboard: select it, so that the user can copy it
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

// The contents are open if there is room beside the text.
const contents = document.querySelector("nav > details");
const wide = matchMedia("(min-width: 72rem)");
const follow = () => contents && (contents.open = wide.matches);
wide.addEventListener("change", follow);
follow();

// Folded parts are printed, too.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});
