// The entry editor beyond its grid: kept while it is typed, and templates.

import { cells, changed, makeLine } from "../../js/lines.js";
import { cellOf } from "../../js/amounts.js";

const form = document.querySelector("form[data-keep]");
const table = form.querySelector("table[data-lines]");
const state = form.querySelector("[data-keep-state]");
const PAUSE = 1200;
const AGAIN = 10_000;
let timer = 0;
let busy = false;
let waiting = false;
let stopped = false;
let request = null;

/** A token of its own for each request, as forms have one from the server. */
function token() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function content() {
  const data = new FormData(form);
  data.set("_idem", token());
  return data;
}

async function send(url, data, signal) {
  const answer = await fetch(url, { method: "POST", body: data, signal, redirect: "manual", headers: { Accept: "application/json" } });
  const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
  return { ok: answer.ok, status: answer.status, ...said };
}

function say(text, tone = "") {
  state.textContent = text;
  state.dataset.tone = tone;
}

async function keep() {
  if (busy || stopped) {
    waiting = busy;
    return;
  }
  busy = true;
  waiting = false;
  request = new AbortController();
  try {
    const answer = await send(form.dataset.keep, content(), request.signal);
    if (answer.ok) {
      form.elements.sheet_version.value = answer.version;
      say(answer.message, answer.behind ? "warn" : "");
      if (!waiting) document.dispatchEvent(new Event("guard:kept"));
    } else if (answer.status === 409 || answer.status === 422) {
      stopped = true;
      say(answer.message ?? form.dataset.notKept, "bad");
    } else {
      throw new Error(String(answer.status));
    }
  } catch (problem) {
    if (problem.name === "AbortError") return;
    say(form.dataset.notKept, "bad");
    later(AGAIN);
  } finally {
    busy = false;
  }
  if (waiting) later(PAUSE);
}

function later(pause) {
  clearTimeout(timer);
  timer = setTimeout(keep, pause);
}

for (const kind of ["input", "change"]) {
  form.addEventListener(kind, (event) => {
    if (event.target.closest("dialog, [data-template]")) return;
    if (busy) waiting = true;
    else later(PAUSE);
  });
}
// What is being sent is saved by the form itself; a sheet kept after it would come back.
form.addEventListener("submit", () => {
  stopped = true;
  clearTimeout(timer);
  request?.abort();
});
addEventListener("pageshow", (event) => event.persisted && (stopped = false));

// Templates ---------------------------------------------------------------------------------

const picker = form.querySelector("[data-template]");
const dialog = document.getElementById("save-template");

picker?.addEventListener("change", async (event) => {
  const hidden = event.target;
  if (hidden.type !== "hidden" || !hidden.value) return;
  event.stopPropagation();
  const answer = await fetch(picker.dataset.template.replace(/0$/, hidden.value), { headers: { Accept: "application/json" } });
  if (!answer.ok) return say(form.dataset.noTemplate, "bad");
  apply(await answer.json());
  picker.querySelector("[role='combobox']").dispatchEvent(
    new CustomEvent("combo:set", { bubbles: true, detail: { id: "", label: "" } }),
  );
});

/** Fill what is empty above, and put the lines into empty rows or below the others. */
function apply(template) {
  for (const name of ["reference", "memo"]) {
    if (!form.elements[name].value) form.elements[name].value = template[name];
  }
  const journal = form.elements.journal;
  if ([...journal.options].some((option) => option.value === template.journal)) journal.value = template.journal;
  const body = table.tBodies[0];
  const blank = [...body.rows].filter((row) => [...row.querySelectorAll("input")].every((input) => !input.value));
  let first = null;
  let open = null;
  for (const line of template.lines) {
    const row = blank.shift() ?? body.appendChild(makeLine(table));
    first ??= row;
    row.querySelector("[role='combobox']").value = line.account_text;
    if (line.account_id) {
      row.querySelector("[role='combobox']").dispatchEvent(
        new CustomEvent("combo:set", { bubbles: true, detail: { id: line.account_id, label: line.account_text } }),
      );
    } else {
      row.querySelector("[role='combobox']").dispatchEvent(new CustomEvent("combo:unknown", { bubbles: true }));
    }
    row.querySelector("[data-inherit]").value = line.text;
    for (const side of ["debit", "credit", "foreign"]) cellOf(row, side).value = line[side];
    row.querySelector("[data-currency]").value = line.currency;
    if (line.currency) table.toggleAttribute("data-fx", true);
    if (!line.debit && !line.credit) open ??= cellOf(row, "debit");
  }
  changed(table);
  (open ?? (first && cells(first)[0]))?.focus();
}

form.addEventListener("click", (event) => {
  if (event.target.closest("[data-save-template]")) openDialog();
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.code === "KeyT") picker?.querySelector("[role='combobox']").focus();
  else if (event.code === "KeyS") openDialog();
  else return;
  event.preventDefault();
});

function openDialog() {
  dialog.querySelector("[data-template-problem]").textContent = "";
  dialog.showModal();
}

dialog?.addEventListener("submit", async (event) => {
  if (event.submitter?.value !== "save") return;
  event.preventDefault();
  const data = content();
  data.set("template_name", dialog.querySelector("[name='template_name']").value);
  if (dialog.querySelector("[name='template_shared']").checked) data.set("template_shared", "1");
  const said = dialog.querySelector("[data-template-problem]");
  try {
    const answer = await send(dialog.dataset.saveTo, data);
    if (!answer.ok) {
      said.textContent = answer.message ?? form.dataset.notKept;
      return;
    }
    dialog.close();
    say(answer.message);
  } catch {
    said.textContent = form.dataset.notKept;
  }
});

// Whoever came to type begins at once, unless something on the page asks to be read first.
if (document.activeElement === document.body && !document.querySelector("[autofocus]")) {
  form.elements.journal.focus({ preventScroll: true });
}
