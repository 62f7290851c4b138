// Amounts as people type them, with arithmetic: the browser's half of resources/arithmetic.py.
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
