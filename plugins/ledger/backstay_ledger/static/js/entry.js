// The entry editor beyond its grid: kept while it is typed, and templates.

import { cells, changed, makeLine } from "../../js/lines.js";
import { cellOf } from "../../js/amounts.js";

const form = document.querySelector("form[data-keep]");
const table = form.querySelector("table[data-lines]");
const state = form.querySelector("[data-keep-state]");
const PAUSE = 1200;
const AGAIN = 10_000;
const LONG = 60_000;
/** When the server answered last: since then nobody is known to be signed in. */
let heard = Date.now();
let timer = 0;
let busy = false;
let waiting = false;
let stopped = false;
let request = null;
const opened = location.search.includes("sheet=") ? form.getAttribute("action") : location.href;
const panel = document.querySelector("[data-vouchers]");

/** A token of its own for each request, as forms have one from the server. */
function token() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** All fields, encoded as the form itself sends them: in parts, 300 lines would be too many for the server. */
function content() {
  const data = new URLSearchParams(new FormData(form));
  data.set("_idem", token());
  return data;
}

/** Post in the background; status 0 says that whoever types is signed out. */
async function send(url, data, signal, again = true) {
  const answer = await fetch(url, { method: "POST", body: data, signal, redirect: "manual", headers: { Accept: "application/json" } });
  if (answer.status === 400 && again) {
    // Signed in again in another window: this page takes over the token that holds there.
    const page = await fetch(form.action, { signal, redirect: "manual" });
    if (page.type === "opaqueredirect") return { ok: false, status: 0 };
    const text = page.ok ? await page.text() : "";
    const fresh = /name="csrf_token" value="([^"]+)"/.exec(text)?.[1];
    // What one person typed is never saved or posted as another's.
    if (fresh && !text.includes(`data-person="${form.dataset.person}"`)) return { ok: false, status: 0, message: panel.dataset.otherPerson };
    if (fresh) {
      for (const field of document.querySelectorAll("[name='csrf_token']")) field.value = fresh;
      data.set("csrf_token", fresh);
      return send(url, data, signal, false);
    }
  }
  const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
  if (answer.type !== "opaqueredirect" && answer.status !== 400) heard = Date.now();
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
      // Loaded again, or come back to, the page goes on with what was kept.
      history.replaceState(history.state, "", `${form.getAttribute("action")}?sheet=${form.elements.sheet.value}`);
      if (!form.elements.entry_id.value) Object.assign(panel.dataset, { list: answer.vouchers.list_href, attach: answer.vouchers.attach_href });
      say(answer.message, answer.behind ? "warn" : "");
      if (answer.behind) listVouchers();
      if (!waiting) document.dispatchEvent(new Event("guard:kept"));
    } else if (answer.status === 409 || answer.status === 422) {
      stopped = true;
      say(answer.message ?? form.dataset.notKept, "bad");
    } else if (answer.status === 0) {
      heard = 0;
      say(answer.message ?? panel.dataset.signedOut, "bad");
      later(AGAIN);
    } else {
      say(form.dataset.notKept, "bad");
      later(AGAIN);
    }
  } catch (problem) {
    if (problem.name === "AbortError") return;
    heard = 0;
    say(form.dataset.notKept, "bad");
    later(AGAIN);
  } finally {
    busy = false;
  }
  if (waiting) later(PAUSE);
}

async function idle() {
  while (busy) await new Promise((done) => setTimeout(done, 50));
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
// After a pause the session may have ended: the form would be lost on the way to the sign-in page.
form.addEventListener("submit", (event) => {
  const reached = () => stopped || Date.now() - heard < LONG;
  if (reached()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const sender = event.submitter;
  idle().then(keep).then(() => reached() && form.requestSubmit(sender));
}, true);
// What is being sent is saved by the form itself; a sheet kept after it would come back.
form.addEventListener("submit", () => {
  stopped = true;
  clearTimeout(timer);
  request?.abort();
  // What is saved is kept no more: the way back leads to where this began.
  history.replaceState(history.state, "", opened);
});
addEventListener("pageshow", (event) => event.persisted && (stopped = false));

// Whether currencies are exchanged is asked where the columns for foreign currencies are shown.
const exchange = form.querySelector("[data-exchange]");
const askExchange = () => (exchange.hidden = !table.hasAttribute("data-fx") && !form.elements.exchange.checked);
new MutationObserver(askExchange).observe(table, { attributeFilter: ["data-fx"] });
askExchange();

// What a foreign amount is worth is proposed as long as nobody has typed a debit or a credit.
table.addEventListener("change", async (event) => {
  const row = event.target.closest("tbody tr");
  if (!row || !event.target.matches("[data-currency], [name$='-foreign']")) return;
  const [currency, foreign] = [row.querySelector("[data-currency]"), cellOf(row, "foreign")];
  const sides = [cellOf(row, "debit"), cellOf(row, "credit")];
  const empty = () => sides.every((side) => !side.value);
  if (!currency.value || !foreign.value || !empty()) return;
  const asked = new URLSearchParams({ currency: currency.value, amount: foreign.value, date: form.elements.date.value });
  const answer = await fetch(`${form.dataset.worth}?${asked}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || !empty()) return;
  const worth = await answer.json();
  if (!empty()) return;
  say(worth.why, worth.debit || worth.credit ? "" : "warn");
  if (!worth.debit && !worth.credit) return;
  [sides[0].value, sides[1].value] = [worth.debit, worth.credit];
  // Whoever is in the cell already types over the proposal, not behind it.
  sides.find((side) => side === document.activeElement)?.select();
  changed(table);
});

// Dimensions --------------------------------------------------------------------------------

// A list completes a whole cell, so each choice has before it what stands before the last comma.
for (const kind of ["focusin", "input"]) {
  form.addEventListener(kind, (event) => {
    if (!event.target.matches?.("[data-dimensions]")) return;
    const before = event.target.value.replace(/[^,;]*$/, "").replace(/([,;])$/, "$1 ");
    for (const option of event.target.list?.options ?? []) {
      const [dimension] = option.dataset.code.split("=");
      option.disabled = new RegExp(`(^|[,;\\s])${dimension}\\s*=`, "i").test(before);
      if (option.value !== before + option.dataset.code) option.value = before + option.dataset.code;
    }
  });
}

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
    for (const name of ["tax", "party", "due", "dimensions"]) {
      const cell = row.querySelector(`[data-${name}]`);
      if (cell) cell.value = line[name];
    }
    if (line.currency) table.toggleAttribute("data-fx", true);
    if (!line.debit && !line.credit) open ??= cellOf(row, "debit");
  }
  changed(table);
  (open ?? (first && cells(first)[0]))?.focus();
}

form.addEventListener("click", (event) => {
  if (event.target.closest("[data-save-template]")) openDialog();
  if (event.target.closest("[data-choose-voucher]")) chooser.click();
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.code === "KeyT") picker?.querySelector("[role='combobox']").focus();
  else if (event.code === "KeyS") openDialog();
  else if (event.code === "KeyV") chooser.click();
  else if (event.code === "KeyX" && form.querySelector("[data-add-tax]")) form.querySelector("[data-add-tax]").click();
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

// Vouchers ----------------------------------------------------------------------------------

const chooser = document.getElementById("voucher-file");
const shown = panel.querySelector(".voucher-page");
let sending = Promise.resolve();
let pending = 0;

/** Until something was kept there is nothing that a voucher could be filed with. */
async function placeForVouchers() {
  for (let tries = 0; !panel.dataset.attach && !stopped && tries < 2; tries += 1) {
    await idle();
    if (!panel.dataset.attach) await keep();
  }
  return panel.dataset.attach;
}

function complainOfVouchers(text) {
  const problem = panel.querySelector("[data-voucher-problem]");
  problem.textContent = text;
  problem.hidden = !text;
  if (text) panel.scrollIntoView({ block: "nearest" });
}

const tellOfVouchers = (text) => (panel.querySelector("[data-voucher-state]").textContent = text);

/** Send what was chosen, dropped or pasted, one batch after the other; refused ones are said. */
function attach(files) {
  const batch = [...files];
  chooser.value = "";
  if (!batch.length) return;
  const large = batch.find((file) => file.size > Number(panel.dataset.most));
  if (large) return complainOfVouchers(`${large.name} ${panel.dataset.tooLarge}`);
  complainOfVouchers("");
  const named = batch.map((file) => file.name).join(", ");
  pending += 1;
  sending = sending.then(async () => {
    tellOfVouchers(panel.dataset.sending.replace("{}", named));
    let problem = "";
    try {
      const url = await placeForVouchers();
      if (!url) problem = state.textContent || panel.dataset.failed;
      else {
        const data = new FormData();
        data.set("csrf_token", form.elements.csrf_token.value);
        data.set("_idem", token());
        for (const file of batch) data.append("file", file);
        problem = wrong(await send(url, data));
      }
    } catch {
      problem = panel.dataset.failed;
    }
    pending -= 1;
    complainOfVouchers(problem);
    tellOfVouchers(problem ? "" : panel.dataset.sent.replace("{}", named));
    if (!problem) await listVouchers();
    return problem;
  });
}

function wrong(answer) {
  if (answer.ok) return "";
  return answer.status === 0 ? panel.dataset.signedOut : (answer.message ?? panel.dataset.failed);
}

const listVouchers = () => panel.dataset.list && htmx.ajax("GET", panel.dataset.list, { target: "#voucher-list", swap: "outerMorph" });

/** Show the first page of a voucher beside the lines: the one that was chosen, else the latest. */
function showVoucher(button) {
  for (const one of panel.querySelectorAll("[data-picture]")) one.setAttribute("aria-pressed", String(one === button));
  shown.hidden = !button;
  if (!button) return;
  const picture = shown.querySelector("img");
  if (picture.getAttribute("src") !== button.dataset.picture) picture.src = button.dataset.picture;
  shown.href = button.dataset.file;
}

function follow() {
  // An attribute, for :has() would look at all lines again whenever a sum is written.
  panel.parentElement.toggleAttribute("data-beside", panel.querySelector(".voucher-list li") !== null);
  const pictures = [...panel.querySelectorAll("[data-picture]:not([disabled])")];
  const same = pictures.find((one) => one.dataset.file === shown.getAttribute("href") && !shown.hidden);
  showVoucher(same ?? pictures.at(-1) ?? null);
}

new MutationObserver((changes) => changes.some((one) => one.type === "childList") && follow()).observe(
  panel.querySelector("#voucher-list").parentElement, { childList: true, subtree: true });
follow();

// Elsewhere somebody may have attached some to the same draft, or signed out.
document.addEventListener("visibilitychange", () => document.hidden || ((heard = 0), listVouchers()));
panel.addEventListener("click", (event) => {
  const button = event.target.closest("[data-picture]");
  if (button) showVoucher(button);
});
chooser.addEventListener("change", () => attach(chooser.files));
const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
document.addEventListener("dragover", (event) => brings(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  attach(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  const { clipboardData } = event;
  // Cells of a spreadsheet come with a picture of themselves: they are lines, no voucher.
  if (!clipboardData?.files.length || clipboardData.getData("text/plain")) return;
  event.preventDefault();
  attach(clipboardData.files);
});
// Removing, once it was confirmed (js/forms.js), leaves the page open.
document.addEventListener("submit", async (event) => {
  if (event.defaultPrevented || !panel.contains(event.target)) return;
  event.preventDefault();
  const data = new FormData(event.target);
  data.set("_idem", token());
  let problem = "";
  try {
    problem = wrong(await send(event.target.action, data));
  } catch {
    problem = panel.dataset.failed;
  }
  complainOfVouchers(problem);
  tellOfVouchers(problem ? "" : panel.dataset.removed);
  await listVouchers();
  chooser.focus();
});
// What is still on its way belongs to the entry: it is saved when the vouchers have arrived.
form.addEventListener("submit", (event) => {
  if (!pending) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  sending.then((problem) => problem || form.requestSubmit(event.submitter));
}, true);

// Whoever came to type begins at once, unless something on the page asks to be read first.
if (document.activeElement === document.body && !document.querySelector("[autofocus]")) {
  const first = new URLSearchParams(location.search).has("date") ? form.elements.date : form.elements.journal;
  first.focus({ preventScroll: true });
  first.select?.();
}
