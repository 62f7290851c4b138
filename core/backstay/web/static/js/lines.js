// A grid of debit and credit lines: keyboard entry, arithmetic, live totals per currency, exact.
//
// Markup: components/lines.html; amounts and sums: amounts.js; from a spreadsheet: paste.js.

import { FINEST, SIDES, cellOf, decimalsOf, foreignText, forget, format, marksOf, others, recount, recountAll, soon, update, valueOf } from "./amounts.js";

const tables = [...document.querySelectorAll("table[data-lines]")];
const opposite = (input) => cellOf(input.closest("tr"), input.dataset.amount === "debit" ? "credit" : "debit");

/** Say at the cell what is wrong with it; null for nothing. */
export function complain(input, text) {
  const cell = input.closest("td");
  let said = cell.querySelector(".cell-error");
  if (!text) {
    said?.remove();
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    return;
  }
  if (!said) {
    said = document.createElement("span");
    said.className = "cell-error";
    said.id = `${input.id}-error`;
    cell.append(said);
  }
  said.textContent = text;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", said.id);
}

const camel = (name) => name.replace(/-(\w)/g, (_all, letter) => letter.toUpperCase());

/** On leaving an amount: write it out in full, or say what is wrong with it. */
export function tidy(input, table) {
  const foreign = input.dataset.amount === "foreign";
  const decimals = foreign ? FINEST : decimalsOf(table);
  const text = input.value.trim();
  if (text === "=" && !foreign) return balance(input.closest("tr"), table, input);
  if (!text) return complain(input, null);
  const { units, problem } = valueOf(input, decimals, table);
  if (problem) {
    const said = table.dataset[camel(problem)] ?? table.dataset.notANumber;
    return complain(input, said.replace("{}", problem === "too-fine" ? decimals : text));
  }
  complain(input, null);
  if (foreign) {
    if (/[=*/(]|.[+-]/.test(text)) input.value = foreignText(units, table).replaceAll(table.dataset.group, "");
    return;
  }
  // A negative debit is a credit: put it where it belongs.
  const other = units < 0n ? opposite(input) : null;
  if (other && !other.value) {
    other.value = format(-units, decimals, marksOf(table), false);
    input.value = "";
  } else {
    input.value = units === 0n ? "" : format(units, decimals, marksOf(table), false);
  }
}

/** Put on a line what the others leave open, in the company's currency and in the line's own. */
function balance(row, table, focus = null) {
  recount(row, table);
  const rest = others(row, table);
  const missing = rest.credit - rest.debit;
  const [debit, credit] = SIDES.map((side) => cellOf(row, side));
  const target = missing > 0n ? debit : missing < 0n ? credit : (focus ?? debit);
  debit.value = credit.value = "";
  complain(debit, null);
  complain(credit, null);
  if (missing !== 0n) target.value = format(missing < 0n ? -missing : missing, decimalsOf(table), marksOf(table), false);
  const currency = row.querySelector("[data-currency]");
  const open = rest.foreign.get(currency?.value.trim().toUpperCase());
  if (open) cellOf(row, "foreign").value = foreignText(open, table).replaceAll(table.dataset.group, "");
  changed(table, row);
  go(target);
}

/** The inputs of a line that can be reached now. */
export function cells(row) {
  const wide = row.closest("table").hasAttribute("data-fx");
  return [...row.querySelectorAll("input:not([type='hidden'])")].filter((input) => wide || !input.closest(".fx"));
}

export function makeLine(table) {
  const template = table.closest(".lines-wrap").querySelector("template[data-line]");
  const number = Number(table.dataset.next);
  table.dataset.next = String(number + 1);
  const row = template.content.firstElementChild.cloneNode(true);
  for (const element of row.querySelectorAll("[id], [name]")) {
    for (const name of ["id", "name", "aria-controls"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__n__")) element.setAttribute(name, value.replace("__n__", String(number)));
    }
  }
  return row;
}

function addLine(table, after = table.tBodies[0].lastElementChild) {
  const row = makeLine(table);
  // A memo is usually the same on every line of an entry.
  const memo = after?.querySelector("[data-inherit]")?.value;
  const inherit = row.querySelector("[data-inherit]");
  if (memo && inherit) inherit.value = memo;
  if (after) after.after(row);
  else table.tBodies[0].append(row);
  cells(row)[0].focus();
  return row;
}

function duplicate(table, row, column) {
  const copy = makeLine(table);
  const from = row.querySelectorAll("input");
  copy.querySelectorAll("input").forEach((input, index) => {
    input.value = from[index].value;
    // Pickers know the text that an id stands for from here.
    input.defaultValue = from[index].value;
  });
  row.after(copy);
  changed(table, copy);
  cells(copy)[column]?.focus();
}

function removeLine(table, row, column = 0) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  if (next) cells(next)[column].focus();
  else addLine(table);
  changed(table, row);
}

/** Guard, autosave and totals learn that one line came, went or was filled in, or any number. */
export function changed(table, row = null) {
  table.dispatchEvent(new Event("change", { bubbles: true }));
  if (!row) recountAll(table);
  else if (row.isConnected) recount(row, table);
  else forget(row, table);
  update(table);
}

/** Go to a cell as spreadsheets do: what is typed next takes the place of what stands in it. */
function go(input) {
  input.focus();
  input.select();
}

/** Enter goes through the cells that every line has, past those aside, and opens a new line at the end. */
function advance(input, table) {
  const row = input.closest("tr");
  const inputs = cells(row);
  const at = inputs.indexOf(input);
  if (input.dataset.amount && input.value.trim() === "=") return tidy(input, table);
  // A filled debit needs no credit: go on to the next line.
  const done = input.dataset.amount === "debit" && input.value.trim();
  const onward = inputs.slice(at + 1).find((cell) => !cell.closest("[data-aside]"));
  if (onward && !done) return go(onward);
  const next = row.nextElementSibling;
  if (next) go(cells(next)[0]);
  else addLine(table);
}

/** The neighbour in a direction; null where the caret still moves inside the text. */
function neighbour(input, key) {
  const row = input.closest("tr");
  const inputs = cells(row);
  const at = inputs.indexOf(input);
  if (key === "ArrowUp" || key === "ArrowDown") {
    const next = key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    return next ? cells(next)[at] : null;
  }
  const { selectionStart: start, selectionEnd: end, value } = input;
  const whole = start === 0 && end === value.length;
  if (key === "ArrowLeft" && (whole || (start === 0 && end === 0))) return inputs[at - 1] ?? null;
  if (key === "ArrowRight" && (whole || (start === value.length && end === value.length))) return inputs[at + 1] ?? null;
  return null;
}

function toggleCurrencies(table, on = !table.hasAttribute("data-fx")) {
  table.toggleAttribute("data-fx", on);
  table.closest("form")?.querySelector("[data-fx-toggle]")?.setAttribute("aria-pressed", String(on));
}

/** What a key with Ctrl or Alt does in a line; undefined when it is none of the grid's. */
function command(event, table) {
  const input = event.target;
  const row = input.closest("tr");
  const column = cells(row).indexOf(input);
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (event.altKey && !control && event.code === "KeyC" && table.querySelector(".fx")) return () => toggleCurrencies(table);
  if (!control || event.altKey) return undefined;
  if (key === "b") return () => balance(row, table, input.dataset.amount ? input : null);
  if (key === "d") return () => duplicate(table, row, column);
  if (key === "delete" || (event.shiftKey && key === "backspace")) return () => removeLine(table, row, column);
  return undefined;
}

function onKey(event, table) {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || event.isComposing) return;
  const open = input.getAttribute("aria-expanded") === "true";
  const act = command(event, table);
  if (act) {
    event.preventDefault();
    act();
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    // In an open picker the same Enter takes the marked record first, then goes on.
    if (open) setTimeout(() => advance(input, table));
    else advance(input, table);
  } else if (event.key === "Enter") {
    // The main action reads what is on the screen.
    if (input.dataset.amount) tidy(input, table);
    recount(input.closest("tr"), table);
    update(table);
  } else if (event.key.startsWith("Arrow") && !open && !event.altKey && !event.shiftKey && !event.ctrlKey) {
    const next = neighbour(input, event.key);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    go(next);
    next.closest("tr").scrollIntoView({ block: "nearest" });
  }
}

/** Where a line is a card of its own, two blank ones are enough: more come as they are used. */
function shorten(table) {
  const rows = [...table.tBodies[0].rows];
  const used = rows.findLastIndex((row) => [...row.querySelectorAll("input")].some((input) => input.value));
  for (const row of rows.slice(Math.max(2, used + 2))) row.remove();
}

for (const table of tables) {
  if (matchMedia("(width < 44rem)").matches) shorten(table);
  table.addEventListener("keydown", (event) => onKey(event, table));
  table.addEventListener("input", (event) => {
    const input = event.target;
    const side = input.dataset?.amount;
    if (!side && !input.dataset?.currency) return;
    if (SIDES.includes(side)) {
      const other = opposite(input);
      if (input.value.trim() && other?.value) other.value = "";
    }
    recount(input.closest("tr"), table);
    soon(table);
  });
  const scroller = table.parentElement;
  table.addEventListener("focusin", (event) => {
    if (event.target.dataset?.amount) event.target.select();
    // Whoever is in one of many lines sees the headings and the balance.
    if (scroller.scrollHeight > scroller.clientHeight) scroller.scrollIntoView({ block: "nearest" });
  });
  table.addEventListener("focusout", (event) => {
    const input = event.target;
    if (input.dataset?.currency) input.value = input.value.trim().toUpperCase();
    if (!input.dataset?.amount) return;
    tidy(input, table);
    // Leaving a cell because its line was removed is no change of the line.
    if (!input.isConnected) return;
    recount(input.closest("tr"), table);
    soon(table);
  });
  for (const [kind, words] of [
    ["combo:unknown", (event) => table.dataset.noAccount.replace("{}", event.target.value.trim())],
    ["combo:failed", (event) => event.detail.message],
    ["combo:chosen", () => null],
  ]) {
    table.addEventListener(kind, (event) => {
      complain(event.target, words(event));
      recount(event.target.closest("tr"), table);
      soon(table);
    });
  }
  table.addEventListener("click", (event) => {
    if (event.target.closest("[data-add-line]")) addLine(table);
    const remover = event.target.closest("[data-remove-line]");
    if (remover) removeLine(table, remover.closest("tr"));
    if (event.target.closest("[data-balance-line]")) {
      const rows = [...table.tBodies[0].rows];
      const blank = rows.find((row) => SIDES.every((side) => !cellOf(row, side).value.trim()));
      balance(blank ?? addLine(table), table);
    }
  });
  table.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!(event.target instanceof HTMLInputElement) || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    // Most entries are typed: what understands spreadsheets is loaded with the first paste.
    import("./paste.js").then(({ pasteInto }) => pasteInto(text, event.target, table));
  });
  const form = table.closest("form");
  form?.addEventListener("click", (event) => event.target.closest("[data-fx-toggle]") && toggleCurrencies(table));
  // Enter in the fields above leads down into the lines; it does not send the form.
  form?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.defaultPrevented || table.contains(event.target)) return;
    if (!event.target.matches(".fields input, .fields select")) return;
    event.preventDefault();
    const fields = [...form.querySelectorAll(".fields input:not([type='hidden']), .fields select")];
    const next = fields[fields.indexOf(event.target) + 1] ?? cells(table.tBodies[0].rows[0])[0];
    next.focus();
    next.select?.();
  });
  if ([...table.querySelectorAll("[data-currency]")].some((input) => input.value)) toggleCurrencies(table, true);
  // Lines that were kept as they were typed may name accounts that do not exist.
  for (const input of table.querySelectorAll("[data-combo] [role='combobox']")) {
    const chosen = input.closest("[data-combo]").querySelector("input[type='hidden']").value;
    if (input.value.trim() && !chosen) input.dispatchEvent(new CustomEvent("combo:unknown", { bubbles: true }));
  }
  recountAll(table);
  update(table);
}
