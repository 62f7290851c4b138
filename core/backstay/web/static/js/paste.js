// Columns copied from a spreadsheet, put into a grid of lines.
//
// With a row of headings, or copied whole onto the account, columns are told by what they are;
// otherwise they fill the cells from the focused one on. Unknown accounts stay and are marked.

import { FINEST, SIDES, cellOf, format, marksOf, parse } from "./amounts.js";
import { cells, changed, complain, makeLine, tidy } from "./lines.js";

const HEADINGS = {
  account: ["account", "account no", "account number", "account code", "code", "konto", "compte", "cuenta"],
  text: ["text", "description", "memo", "narrative", "details", "buchungstext", "libellé"],
  debit: ["debit", "dr", "soll", "débit", "debe"],
  credit: ["credit", "cr", "haben", "crédit", "haber"],
  amount: ["amount", "signed amount", "betrag", "montant", "importe", "base amount"],
  party: ["party", "customer", "supplier", "vendor", "partner"],
  due: ["due date", "due", "fälligkeit", "échéance", "vencimiento"],
  reference: ["reference", "document", "document number", "invoice", "belegnummer"],
  dated: ["document date", "invoice date", "belegdatum"],
  tax: ["tax", "tax code", "vat code", "steuerschlüssel"],
  dimensions: ["dimensions"],
  currency: ["currency", "cur", "ccy", "währung", "devise"],
  foreign: ["amount in currency", "foreign amount", "currency amount", "amount currency", "fc amount"],
};
/** Columns that only some grids have; their cells say so by an attribute of this name. */
const NAMED = ["party", "reference", "dated", "due", "tax", "dimensions"];
/** What columns mean without headings, by their number; a third column of numbers is signed. */
const GUESSES = {
  2: ["account", "amount"],
  3: ["account", "text", "amount"],
  4: ["account", "text", "debit", "credit"],
  6: ["account", "text", "currency", "foreign", "debit", "credit"],
};

/** Tab-separated text as spreadsheets copy it: a cell with a tab, break or quote is quoted. */
export function readTable(text) {
  const rows = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/y;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (!found) break;
    rows.at(-1).push((found[1]?.replaceAll('""', '"') ?? found[2]).replace(/\s+/g, " ").trim());
    if (found[3] === "\t" && pattern.lastIndex === text.length) rows.at(-1).push("");
    else if (found[3] !== "\t" && found[3] !== "") rows.push([]);
  }
  return rows.filter((row) => row.some(Boolean));
}

function headings(row) {
  const found = row.map((cell) => {
    const name = cell.toLowerCase().replace(/[.:*]/g, "");
    return Object.keys(HEADINGS).find((key) => HEADINGS[key].includes(name)) ?? null;
  });
  return found.includes("account") && found.filter(Boolean).length > 1 ? found : null;
}

/** What the columns hold, or null: then only headings could tell. */
function guess(rows, numeric, own) {
  const width = Math.max(...rows.map((row) => row.length));
  const used = Math.max(...rows.map((row) => row.findLastIndex(Boolean))) + 1;
  const all = (at) => rows.every((row) => !row[at] || numeric(row[at]));
  if (width === 3 && all(1) && all(2)) return ["account", "debit", "credit"];
  return GUESSES[width] ?? (width === own.length || used === 1 ? own : (GUESSES[used] ?? null));
}

/** What spreadsheets wrap around numbers: brackets or a trailing minus for minus, the currency. */
function plain(text) {
  const bare = text.replace(/[€$£¥]|^[A-Z]{3}(?=[\s\d(\u2212–-])|(?<=[\s\d)-])[A-Z]{3}$/g, "").trim();
  if (/^[-–—]$/.test(bare)) return "";
  const negative = /^\(([^()]*)\)$/.exec(bare) ?? /^([\d.,'’\s]+?)\s*[-\u2212]$/.exec(bare);
  return negative ? `-${negative[1].trim()}` : bare;
}

const otherMarks = ({ decimal }) => (decimal === "," ? { decimal: ".", group: "," } : { decimal: ",", group: "." });
/** A number as it is written with these marks, by the rules of imports: a group has three digits and none begins with 0. */
const written = ({ decimal, group }) => new RegExp(`^[-\u2212]?(?:\\d+|[1-9]\\d{0,2}(?:[${group}\\s'’]\\d{3})+)(?:[${decimal}]\\d+)?$`);
const reads = (text, marks) => written(marks).test(plain(text));

/**
 * Amounts that are written as in another country, in the way of this page: 1.234,50 where a point
 * divides. Only where one of them can be read in no other way, and none speaks against it.
 */
function rewritten(rows, columns, marks) {
  const other = otherMarks(marks);
  const isAmount = (text, at) => /^[-\u2212]?\d[\d.,'’\s]*$/.test(plain(text)) && ["amount", ...SIDES, "foreign"].includes(columns[at]);
  const amounts = rows.flatMap((row) => row.filter(isAmount));
  const foreign = (text) => reads(text, other) && !reads(text, marks);
  if (!amounts.some(foreign) || amounts.some((text) => reads(text, marks) && !reads(text, other))) return rows;
  const write = (text) => format(parse(plain(text), FINEST, other).units, FINEST, marks, false).replace(/\D?0+$/, "");
  return rows.map((row) => row.map((text, at) => (isAmount(text, at) && reads(text, other) ? write(text) : text)));
}

function fill(row, names, values, table) {
  const account = row.querySelector("[role='combobox']");
  names.forEach((name, at) => {
    const value = values[at] ?? "";
    if (name === "account" && value) account.value = value;
    else if (name === "text" && row.querySelector("[data-inherit]")) row.querySelector("[data-inherit]").value = value;
    else if (name === "currency" && value !== table.dataset.base && row.querySelector("[data-currency]")) row.querySelector("[data-currency]").value = value.toUpperCase();
    else if (NAMED.includes(name) && row.querySelector(`[data-${name}]`)) row.querySelector(`[data-${name}]`).value = value;
    else if (name === "amount") cellOf(row, "debit").value = plain(value);
    else if (["debit", "credit", "foreign"].includes(name) && cellOf(row, name)) cellOf(row, name).value = plain(value);
  });
}

function names(input) {
  if (input.getAttribute("role") === "combobox") return "account";
  if (input.dataset.amount) return input.dataset.amount;
  return NAMED.find((name) => name in input.dataset) ?? (input.dataset.currency ? "currency" : "text");
}

export function pasteInto(text, input, table) {
  const marks = marksOf(table);
  let rows = readTable(text);
  const numeric = (value) => plain(value) === "" || !parse(plain(value), FINEST, marks).problem || reads(value, otherMarks(marks));
  const here = cells(input.closest("tr")).indexOf(input);
  const titled = headings(rows[0]);
  if (titled) rows = rows.slice(1);
  const own = cells(input.closest("tr")).slice(here).map(names);
  const columns = titled ?? (here === 0 ? guess(rows, numeric, own) : own);
  if (!columns) return complain(input, table.dataset.untold);
  rows = rewritten(rows, columns, marks);
  const body = table.tBodies[0];
  let row = input.closest("tr");
  const room = Number(table.dataset.maxLines || Infinity);
  const before = [...body.rows].indexOf(row);
  if (before + rows.length > room) {
    complain(input, table.dataset.tooMany.replace("{}", String(rows.length)));
    return;
  }
  if (columns.includes("currency") && table.querySelector(".fx")) table.toggleAttribute("data-fx", true);
  const filled = [];
  for (const values of rows) {
    if (!row) {
      row = makeLine(table);
      body.append(row);
    }
    fill(row, columns, values, table);
    filled.push(row);
    row = row.nextElementSibling;
  }
  for (const one of filled) {
    // Dates are read when they are left.
    for (const day of one.querySelectorAll("[data-day]")) day.dispatchEvent(new Event("focusout", { bubbles: true }));
    for (const side of ["debit", "credit", "foreign"]) {
      const cell = cellOf(one, side);
      if (cell?.value) tidy(cell, table);
    }
  }
  changed(table);
  const last = cells(filled.at(-1));
  last.at(-1).focus();
  resolve(filled.map((one) => one.querySelector("[role='combobox']")).filter((one) => one?.value), table);
}

/** Find the accounts of pasted texts in few requests; what is not found stays as it is, marked. */
export async function resolve(inputs, table, pause = 3000) {
  const texts = [...new Set(inputs.map((input) => input.value.trim()))];
  const known = new Map();
  let failed = "";
  for (let start = 0; start < texts.length && !failed; ) {
    const url = new URL(table.dataset.accountsUrl, location.href);
    for (; start < texts.length && url.href.length < 3000; start += 1) url.searchParams.append("text", texts[start].slice(0, 200));
    try {
      const answer = await fetch(url, { redirect: "manual", headers: { Accept: "application/json" } });
      const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (answer.ok) for (const one of said) known.set(one.text, one);
      else failed = answer.type === "opaqueredirect" ? table.dataset.signedOut : (said.message ?? table.dataset.failed);
    } catch {
      failed = table.dataset.failed;
    }
  }
  const open = [];
  for (const input of inputs) {
    const found = known.get(input.value.trim().slice(0, 200));
    if (found?.id) input.dispatchEvent(new CustomEvent("combo:set", { bubbles: true, detail: found }));
    else if (found) input.dispatchEvent(new CustomEvent("combo:unknown", { bubbles: true }));
    else if (failed) open.push(input);
  }
  if (!failed) return;
  for (const input of open) {
    const message = table.dataset.again.replace("{}", failed);
    input.dispatchEvent(new CustomEvent("combo:failed", { bubbles: true, detail: { message } }));
  }
  // What was typed over or removed in the meantime is looked up no more.
  const same = new Map(open.map((input) => [input, input.value]));
  setTimeout(() => {
    const still = open.filter((input) => input.isConnected && input.value === same.get(input));
    if (still.length) resolve(still, table, Math.min(2 * pause, 60_000));
  }, pause);
}
