// Amounts as people type them, with arithmetic (the browser's half of resources/arithmetic.py), and
// what the lines of a grid add up to.
//
// Values are fractions of BigInts, so nothing is ever a binary fraction; they are rounded once, half
// away from zero, and only where something was multiplied or divided.

const LONGEST = 120;
const DEEPEST = 20;
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
const readers = new Map();

/** How a locale writes numbers: `{decimal, group}`, as the server says in data attributes. */
function reader(decimal, group) {
  const key = decimal + group;
  if (!readers.has(key)) {
    const mark = group.trim() ? escaped(group) : "";
    const grouped = mark ? `\\d{1,3}(?:${mark}\\d{2,3})*${mark}\\d{3}|\\d+` : "\\d+";
    readers.set(key, {
      token: new RegExp(`[0-9.,${escaped(group + decimal)}]+`, "y"),
      local: new RegExp(`^(${grouped})(?:${escaped(decimal)}(\\d*))?$`),
    });
  }
  return readers.get(key);
}

function fraction(token, marks) {
  const found = marks.local.exec(token);
  if (!found && !/^\d*\.?\d+$/.test(token)) return null;
  const [whole, part] = found ? [found[1].replace(/\D/g, ""), found[2] ?? ""] : token.split(".");
  return [BigInt(`${whole}${part ?? ""}` || "0"), 10n ** BigInt((part ?? "").length)];
}

class Problem extends Error {}

/**
 * The exact value of what was typed.
 * Returns `{top, bottom, rounds}` or `{problem}`: "not-a-number" or "by-zero".
 */
export function calculate(text, { decimal, group }) {
  if (text.length > LONGEST) return { problem: "not-a-number" };
  const typed = text
    .replace(/[\u2212\u2013]/g, "-")
    .replace(/[\s\u00a0\u202f'’]/g, "")
    .replace(/\u00d7/g, "*")
    .replace(/[\u00f7:]/g, "/")
    .replace(/^=/, "");
  const marks = reader(decimal, group);
  let at = 0;
  let depth = 0;
  let rounds = false;
  const take = (signs) => (at < typed.length && signs.includes(typed[at]) ? typed[at++] : "");

  function sum() {
    let [top, bottom] = product();
    for (let sign = take("+-"); sign; sign = take("+-")) {
      const [otherTop, otherBottom] = product();
      top = top * otherBottom + (sign === "+" ? otherTop : -otherTop) * bottom;
      bottom *= otherBottom;
    }
    return [top, bottom];
  }
  function product() {
    let [top, bottom] = signed();
    for (let sign = take("*/"); sign; sign = take("*/")) {
      const [otherTop, otherBottom] = signed();
      rounds = true;
      if (sign === "/" && otherTop === 0n) throw new Problem("by-zero");
      [top, bottom] = sign === "*" ? [top * otherTop, bottom * otherBottom] : [top * otherBottom, bottom * otherTop];
    }
    return bottom < 0n ? [-top, -bottom] : [top, bottom];
  }
  function signed() {
    const sign = take("+-");
    const [top, bottom] = part();
    return [sign === "-" ? -top : top, bottom];
  }
  function part() {
    if (take("(")) {
      depth += 1;
      if (depth > DEEPEST) throw new Problem("not-a-number");
      const value = sum();
      if (!take(")")) throw new Problem("not-a-number");
      depth -= 1;
      return value;
    }
    marks.token.lastIndex = at;
    const found = marks.token.exec(typed);
    const value = found && fraction(found[0], marks);
    if (!value) throw new Problem("not-a-number");
    at = marks.token.lastIndex;
    return value;
  }

  try {
    const [top, bottom] = sum();
    if (at < typed.length) return { problem: "not-a-number" };
    return { top, bottom, rounds };
  } catch (problem) {
    if (problem instanceof Problem) return { problem: problem.message };
    throw problem;
  }
}

/** The value in minor units: `{units}`, or `{problem}`, also "too-fine" and "too-large". */
export function parse(text, decimals, marks) {
  const { top, bottom, rounds, problem } = calculate(text, marks);
  if (problem) return { problem };
  const scaled = top * 10n ** BigInt(decimals);
  let units = scaled / bottom;
  if (units * bottom !== scaled) {
    if (!rounds) return { problem: "too-fine" };
    const size = scaled < 0n ? -scaled : scaled;
    units = (2n * size + bottom) / (2n * bottom);
    if (scaled < 0n) units = -units;
  }
  const size = units < 0n ? -units : units;
  return size >= 10n ** BigInt(12 + decimals) ? { problem: "too-large" } : { units };
}

/** Minor units as text: with the locale's marks, grouped to be read or plain to be typed over. */
export function format(units, decimals, marks, grouped) {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  const whole = grouped ? digits.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, marks.group) : digits.slice(0, cut);
  const sign = units >= 0n ? "" : grouped ? "−" : "-";
  return sign + whole + (decimals ? marks.decimal + digits.slice(cut) : "");
}

// Sums --------------------------------------------------------------------------------------
//
// Exact and per currency, kept up line by line: a key in one of 300 lines reads that line only.

export const SIDES = ["debit", "credit"];
/** Foreign amounts are summed to four decimals, the finest that any currency has here. */
export const FINEST = 4;
const NOTHING = { debit: 0n, credit: 0n, currency: "", foreign: 0n, fault: "" };
const books = new WeakMap();

export const decimalsOf = (table) => Number(table.dataset.minorUnits);
export const marksOf = (table) => ({ decimal: table.dataset.decimal, group: table.dataset.group });
export const cellOf = (row, side) => row.querySelector(`[data-amount='${side}']`);

/** What a cell holds: `{units}` or `{problem}`; nothing is 0. */
export function valueOf(input, decimals, table) {
  const text = input.value.trim();
  return text && text !== "-" ? parse(text, decimals, marksOf(table)) : { units: 0n };
}

function read(row, table) {
  const [debit, credit] = SIDES.map((side) => valueOf(cellOf(row, side), decimalsOf(table), table));
  const part = { ...NOTHING, debit: debit.units ?? 0n, credit: credit.units ?? 0n };
  const amount = cellOf(row, "foreign");
  if (amount?.value) {
    part.currency = row.querySelector("[data-currency]").value.trim().toUpperCase() || "?";
    const { units = 0n } = valueOf(amount, FINEST, table);
    const size = units < 0n ? -units : units;
    part.foreign = part.debit < part.credit ? -size : size;
  }
  const account = row.querySelector("[role='combobox']");
  const picked = account?.closest("[data-combo]").querySelector("input[type='hidden']").value;
  if (debit.problem || credit.problem) part.fault = "amountOpen";
  else if (account && !picked && (account.value.trim() || part.debit || part.credit)) part.fault = "accountOpen";
  return part;
}

function bookOf(table) {
  if (!books.has(table)) books.set(table, { parts: new Map(), debit: 0n, credit: 0n, foreign: new Map(), faulty: new Set() });
  return books.get(table);
}

function add(book, part, sign) {
  book.debit += sign * part.debit;
  book.credit += sign * part.credit;
  if (!part.currency) return;
  const known = book.foreign.get(part.currency) ?? { units: 0n, lines: 0n };
  known.units += sign * part.foreign;
  known.lines += sign;
  if (known.lines) book.foreign.set(part.currency, known);
  else book.foreign.delete(part.currency);
}

/** Read one line again, which came or was changed. */
export function recount(row, table) {
  forget(row, table);
  const book = bookOf(table);
  const part = read(row, table);
  book.parts.set(row, part);
  add(book, part, 1n);
  if (part.fault) book.faulty.add(row);
}

/** A line that is no more. */
export function forget(row, table) {
  const book = bookOf(table);
  const part = book.parts.get(row);
  if (!part) return;
  add(book, part, -1n);
  book.parts.delete(row);
  book.faulty.delete(row);
}

/** Read all lines again: after a paste, or when the page was opened. */
export function recountAll(table) {
  books.delete(table);
  for (const row of table.tBodies[0].rows) recount(row, table);
}

/** Sums of the lines other than one: `{debit, credit, foreign}`, the last by currency. */
export function others(row, table) {
  const book = bookOf(table);
  const own = book.parts.get(row) ?? NOTHING;
  const foreign = new Map([...book.foreign].map(([currency, { units }]) => [currency, currency === own.currency ? units - own.foreign : units]));
  return { debit: book.debit - own.debit, credit: book.credit - own.credit, foreign };
}

export function foreignText(units, table) {
  const size = units < 0n ? -units : units;
  const drop = size % 10_000n === 0n ? 4 : size % 100n === 0n ? 2 : 0;
  return format(size / 10n ** BigInt(drop), FINEST - drop, marksOf(table), true);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Where the first line is that keeps the entry from being posted, in words; empty for none. */
function fault(table) {
  let first = null;
  for (const row of bookOf(table).faulty) {
    if (!first || row.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING) first = row;
  }
  return first ? table.dataset[bookOf(table).parts.get(first).fault].replace("{}", String(first.sectionRowIndex + 1)) : "";
}

/** Write sums and balance below the lines. */
export function update(table) {
  const book = bookOf(table);
  const shown = (units) => format(units, decimalsOf(table), marksOf(table), true);
  table.querySelectorAll("[data-total]").forEach((cell, index) => write(cell, shown(book[SIDES[index]])));
  const gap = book.debit - book.credit;
  const said = [];
  if (gap !== 0n) said.push(table.dataset.outBy.replace("{}", `${shown(gap < 0n ? -gap : gap)} ${table.dataset.base}`.trim()));
  for (const [currency, { units }] of book.foreign) {
    if (units !== 0n) said.push(table.dataset.outBy.replace("{}", `${foreignText(units, table)} ${currency}`));
  }
  const wrong = fault(table);
  if (wrong) said.push(wrong);
  const empty = book.debit === 0n && book.credit === 0n;
  const ok = !said.length && !empty;
  if (ok) said.push([table.dataset.balanced, ...book.foreign.keys()].join(" · "));
  const output = table.querySelector("[data-balance]");
  output.dataset.ok = said.length ? String(ok) : "";
  write(output, said.join(" · "));
}

const waiting = new Set();
/** Sums are written once a frame, however many cells changed. */
export function soon(table) {
  if (!waiting.size) requestAnimationFrame(() => (waiting.forEach(update), waiting.clear()));
  waiting.add(table);
}
