// A grid of debit and credit lines: keyboard entry, live totals, exact to the last minor unit.
//
// Markup: components/lines.html. Sums are BigInt counts of minor units; no binary fraction ever.

const tables = [...document.querySelectorAll("table[data-lines]")];
const SIDES = ["debit", "credit"];

/** Read an amount: `1,250.00`, `1250`, sums such as `100+19`. Null when it is none. */
function parse(text, decimals) {
  const compact = text.replace(/[\s\u00a0\u202f'’]/g, "").replace(/,(?=\d{3}(?:\D|$))/g, "");
  if (!/^[+-]?\d*\.?\d*(?:[+-]\d*\.?\d+)*$/.test(compact) || !/\d/.test(compact)) return { problem: "not-a-number" };
  let sum = 0n;
  for (const [, sign, whole, fraction = ""] of compact.matchAll(/([+-]?)(\d*)(?:\.(\d*))?/g)) {
    if (!whole && !fraction) continue;
    const digits = fraction.replace(/0+$/, "");
    if (digits.length > decimals) return { problem: "too-fine" };
    const units = BigInt((whole || "0") + digits.padEnd(decimals, "0"));
    sum += sign === "-" ? -units : units;
  }
  return { units: sum };
}

function format(units, decimals, grouped) {
  const sign = units < 0n ? "−" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  const whole = grouped ? digits.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, ",") : digits.slice(0, cut);
  return sign + whole + (decimals ? `.${digits.slice(cut)}` : "");
}

function decimalsOf(table) {
  return Number(table.dataset.minorUnits);
}

function amounts(table, side) {
  return [...table.tBodies[0].querySelectorAll(`[data-amount='${side}']`)];
}

/** The sum of one side; cells that hold no amount are marked and left out. */
function total(table, side, except = null) {
  let sum = 0n;
  let clean = true;
  for (const input of amounts(table, side)) {
    if (input === except || !input.value.trim()) continue;
    const { units, problem } = parse(input.value, decimalsOf(table));
    if (problem) clean = false;
    else sum += units;
  }
  return { sum, clean };
}

function update(table) {
  const decimals = decimalsOf(table);
  const [debit, credit] = SIDES.map((side) => total(table, side));
  table.querySelectorAll("[data-total]").forEach((cell, index) => {
    cell.textContent = format([debit, credit][index].sum, decimals, true);
  });
  const output = table.querySelector("[data-balance]");
  const gap = debit.sum - credit.sum;
  const empty = debit.sum === 0n && credit.sum === 0n;
  const ok = gap === 0n && debit.clean && credit.clean && !empty;
  output.dataset.ok = empty && debit.clean && credit.clean ? "" : String(ok);
  const text = ok
    ? table.dataset.balanced
    : gap !== 0n
      ? table.dataset.outBy.replace("{}", format(gap < 0n ? -gap : gap, decimals, true))
      : "";
  if (output.textContent !== text) output.textContent = text;
}

/** On leaving an amount: write it out in full, or say what is wrong with it. */
function tidy(input, table) {
  const decimals = decimalsOf(table);
  const text = input.value.trim();
  input.removeAttribute("aria-invalid");
  input.removeAttribute("title");
  if (!text) return;
  const { units, problem } = parse(text, decimals);
  if (problem) {
    input.setAttribute("aria-invalid", "true");
    input.title = problem === "too-fine" ? table.dataset.tooFine.replace("{}", decimals) : table.dataset.notANumber;
    return;
  }
  // A negative debit is a credit: put it where it belongs.
  const other = units < 0n ? opposite(input) : null;
  if (other && !other.value) {
    other.value = format(-units, decimals, false);
    input.value = "";
  } else {
    input.value = format(units, decimals, false).replace("−", "-");
  }
}

function opposite(input) {
  const side = input.dataset.amount === "debit" ? "credit" : "debit";
  return input.closest("tr").querySelector(`[data-amount='${side}']`);
}

/** Fill this cell with what is missing on its side. */
function balance(input, table) {
  const other = opposite(input);
  const own = total(table, input.dataset.amount, input).sum;
  const across = total(table, input.dataset.amount === "debit" ? "credit" : "debit", other).sum;
  const missing = across - own;
  const target = missing < 0n ? other : input;
  (missing < 0n ? input : other).value = "";
  target.value = missing === 0n ? "" : format(missing < 0n ? -missing : missing, decimalsOf(table), false);
  target.focus();
  target.select();
}

function cells(row) {
  return [...row.querySelectorAll("input:not([type='hidden'])")];
}

function addLine(table, focus = true) {
  const template = table.closest(".lines-wrap").querySelector("template[data-line]");
  const number = Number(table.dataset.next);
  table.dataset.next = String(number + 1);
  const row = template.content.firstElementChild.cloneNode(true);
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["id", "name", "for", "aria-controls", "aria-describedby"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__n__")) element.setAttribute(name, value.replaceAll("__n__", String(number)));
    }
  }
  const last = table.tBodies[0].lastElementChild;
  // A memo is usually the same on every line of an entry.
  const memo = last?.querySelector("[data-inherit]")?.value;
  const inherit = row.querySelector("[data-inherit]");
  if (memo && inherit) inherit.value = memo;
  table.tBodies[0].append(row);
  if (focus) cells(row)[0].focus();
  return row;
}

function removeLine(table, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  if (!table.tBodies[0].rows.length) addLine(table);
  else cells(next)[0].focus();
  table.dispatchEvent(new Event("change", { bubbles: true }));
  update(table);
}

/** Enter goes from cell to cell and opens a new line at the end. */
function advance(input, table) {
  const row = input.closest("tr");
  const inputs = cells(row);
  const at = inputs.indexOf(input);
  // A filled debit needs no credit: go on to the next line.
  const done = at === inputs.length - 1 || (input.dataset.amount === "debit" && input.value.trim());
  if (!done) return inputs[at + 1].focus();
  const next = row.nextElementSibling;
  if (next) cells(next)[0].focus();
  else addLine(table);
}

for (const table of tables) {
  table.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && !command) {
      event.preventDefault();
      // In an open picker the same Enter takes the marked record first, then goes on.
      if (input.getAttribute("aria-expanded") === "true") setTimeout(() => advance(input, table));
      else advance(input, table);
    } else if (event.key === "Enter" && command) {
      // The main action reads what is on the screen.
      if (input.dataset.amount) tidy(input, table);
      update(table);
    } else if (event.key === "=" && input.dataset.amount) {
      event.preventDefault();
      balance(input, table);
      update(table);
    } else if (command && event.shiftKey && event.key === "Backspace") {
      event.preventDefault();
      removeLine(table, input.closest("tr"));
    }
  });

  table.addEventListener("input", (event) => {
    const input = event.target;
    if (!input.dataset?.amount) return;
    const other = opposite(input);
    if (input.value.trim() && other?.value) other.value = "";
    update(table);
  });

  table.addEventListener("focusout", (event) => {
    if (!event.target.dataset?.amount) return;
    tidy(event.target, table);
    update(table);
  });

  table.addEventListener("click", (event) => {
    if (event.target.closest("[data-add-line]")) addLine(table);
    const remover = event.target.closest("[data-remove-line]");
    if (remover) removeLine(table, remover.closest("tr"));
  });

  // Columns copied from a spreadsheet fill the cells from here on, line by line.
  table.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!(event.target instanceof HTMLInputElement) || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    let row = event.target.closest("tr");
    const first = cells(row).indexOf(event.target);
    for (const line of text.replace(/\r/g, "").replace(/\n+$/, "").split("\n")) {
      row ??= addLine(table, false);
      line.split("\t").forEach((value, offset) => {
        const input = cells(row)[first + offset];
        if (!input) return;
        input.value = value.trim();
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
      });
      row = row.nextElementSibling;
    }
    update(table);
  });

  update(table);
}
