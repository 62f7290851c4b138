// Lists: selecting rows, looking at a record beside the list, columns, saved views.

const preview = document.getElementById("preview");
/** Ids of selected rows; kept while the list is filtered, so long as the rows are there. */
const chosen = new Set();

function rows() {
  return [...document.querySelectorAll("#list tbody tr")];
}

function boxOf(row) {
  return row?.querySelector(".pick input") ?? null;
}

/** The row that has the focus, or the pointer's last. */
function currentRow() {
  return document.activeElement?.closest?.("#list tbody tr") ?? null;
}

function showSelection() {
  const form = document.querySelector("[data-bulk]");
  if (!form) return;
  for (const row of rows()) {
    const box = boxOf(row);
    if (box) row.toggleAttribute("data-picked", box.checked);
  }
  const boxes = rows().map(boxOf).filter(Boolean);
  chosen.clear();
  for (const box of boxes) if (box.checked) chosen.add(box.value);
  const everything = form.querySelector("[data-bulk-all]");
  if (everything && chosen.size === 0) everything.checked = false;
  form.hidden = chosen.size === 0;
  const count = form.querySelector("[data-bulk-count]");
  const { one, many, all } = count.dataset;
  count.textContent = everything?.checked ? all : chosen.size === 1 ? one : many.replace("#", String(chosen.size));
  const head = document.querySelector("[data-pick-all]");
  if (head) {
    head.checked = boxes.length > 0 && boxes.every((box) => box.checked);
    head.indeterminate = !head.checked && chosen.size > 0;
  }
}

function pick(row, value) {
  const box = boxOf(row);
  if (!box) return false;
  box.checked = value ?? !box.checked;
  showSelection();
  return true;
}

document.addEventListener("change", (event) => {
  const target = event.target;
  if (target.matches("[data-pick-all]")) {
    for (const row of rows()) {
      const box = boxOf(row);
      if (box) box.checked = target.checked;
    }
    showSelection();
  } else if (target.closest(".pick") || target.matches("[data-bulk-all]")) {
    showSelection();
  }
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest("[data-bulk-clear]")) {
    for (const row of rows()) {
      const box = boxOf(row);
      if (box) box.checked = false;
    }
    showSelection();
    rows()[0]?.querySelector(".row-link")?.focus();
  } else if (target.closest("[data-preview-close]")) {
    closePreview();
  } else if (target.closest("[data-move]")) {
    move(target.closest("[data-move]"));
  } else if (target.closest("[data-or]")) {
    another(target.closest("[data-or]"));
  } else if (target.closest(".pick") && !target.matches("input")) {
    // The cell around the box is part of it: a near miss must not open the record.
    pick(target.closest("tr"));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && preview && !preview.hidden) {
    closePreview();
    return;
  }
  const target = event.target;
  if (target.closest?.("[data-columns]") && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    walkColumns(event);
    return;
  }
  const box = target.matches?.(".pick input");
  if (!box && target.closest?.("input, select, textarea, button, summary, [contenteditable]")) return;
  const row = currentRow();
  if (!row) return;
  if (event.key === "x" && pick(row)) event.preventDefault();
  else if (event.key === " " && !box && look(row)) event.preventDefault();
});

/** Show a row's record beside the list; once more to close it. */
function look(row) {
  const link = row.querySelector(".row-link");
  if (!preview || !link || !document.querySelector("[data-previews]")) return false;
  if (!preview.hidden && preview.dataset.of === row.id) {
    closePreview();
    return true;
  }
  preview.dataset.of = row.id;
  preview.hidden = false;
  preview.setAttribute("aria-busy", "true");
  htmx.ajax("GET", `${new URL(link.href).pathname}/preview`, { target: preview, swap: "innerHTML" }).then(() => {
    preview.removeAttribute("aria-busy");
  });
  return true;
}

function closePreview() {
  const row = document.getElementById(preview.dataset.of ?? "");
  preview.hidden = true;
  preview.replaceChildren();
  delete preview.dataset.of;
  row?.querySelector(".row-link")?.focus();
}

// While the preview is open it follows the row that has the focus.
let following = 0;
document.addEventListener("focusin", (event) => {
  if (!preview || preview.hidden) return;
  const row = event.target.closest?.("#list tbody tr");
  if (!row || row.id === preview.dataset.of || !event.target.matches(".row-link")) return;
  clearTimeout(following);
  following = setTimeout(() => {
    if (!preview.hidden && currentRow() === row) look(row);
  }, 120);
});

// The column chooser: tick boxes in their order; Alt is not needed, the buttons move.
function move(button) {
  const item = button.closest("[data-column]");
  const other = button.dataset.move === "-1" ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (button.dataset.move === "-1") other.before(item);
  else other.after(item);
  button.focus();
}

function walkColumns(event) {
  const boxes = [...event.target.closest("[data-columns]").querySelectorAll("input[type=checkbox]")];
  const at = boxes.indexOf(event.target);
  if (at < 0) return;
  boxes[Math.max(0, Math.min(boxes.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
  event.preventDefault();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-columns]")) return;
  event.preventDefault();
  const asked = new URLSearchParams(location.search);
  for (const name of ["after", "before", "columns", "view"]) asked.delete(name);
  for (const input of document.querySelectorAll("#list-filters input[type=hidden]")) {
    if (input.name !== "columns" && input.value && !asked.has(input.name)) asked.set(input.name, input.value);
  }
  const filters = document.getElementById("list-filters");
  for (const [name, value] of new FormData(filters)) {
    if (value && name !== "columns" && !asked.has(name)) asked.set(name, value);
  }
  const names = [...form.querySelectorAll("input[name=columns]:checked")].map((box) => box.value);
  if (!event.submitter?.matches("[data-own-columns]") && names.length) asked.set("columns", names.join(","));
  else if (!asked.has("base")) asked.set("base", "all");
  location.assign(`${form.action}?${asked}`);
});

// A view keeps what the list shows now, not what it showed when the page was opened.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-view-form], [data-density-form]")) return;
  if (form.matches("[data-density-form]")) {
    const asked = new URLSearchParams(location.search);
    asked.delete("density");
    if (!asked.has("view")) form.elements.next.value = asked.size ? `${location.pathname}?${asked}` : location.pathname;
  } else if (location.search) {
    form.elements.query.value = location.search;
  }
}, true);

/** Add a further value to a filter of records: the present one is kept, the next one is searched. */
function another(button) {
  const form = document.getElementById("list-filters");
  const kept = [...form.querySelectorAll(`input[type=hidden][name="${button.dataset.or}"]`)];
  const field = kept.map((input) => input.closest(".combo")).find(Boolean);
  if (!field) return;
  const values = new URLSearchParams(location.search).getAll(button.dataset.or).join(",").split(",");
  for (const value of new Set([...values, button.dataset.value].filter(Boolean))) {
    if (kept.some((input) => !input.closest(".combo") && input.value === value)) continue;
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = button.dataset.or;
    input.value = value;
    form.append(input);
  }
  field.querySelector("input[type=hidden]").value = "";
  const search = field.querySelector("input[role=combobox]");
  search.value = "";
  const menu = field.closest("details");
  if (menu) menu.open = true;
  search.focus();
}

// Rows that are exchanged by a filter are other rows: the selection is counted anew.
document.addEventListener("htmx:after:swap", showSelection);
window.addEventListener("pageshow", showSelection);
