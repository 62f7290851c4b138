// Date shorthand in text fields: the browser's half of resources/shorthand.py.
// An input with `data-day` (today for the company, ISO) turns 15, 15.3, 0315, t, +3 into a date.

const utc = (year, month, day) => {
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  return at;
};
const iso = (at) => at.toISOString().slice(0, 10);

/** The ISO date that a text means, or null. `today` is an ISO date. */
export function readDay(text, today) {
  const typed = text.replace(/\s/g, "").replace(/\u2212/g, "-").toLowerCase();
  const [year, month, day] = today.split("-").map(Number);
  if (typed === "t" || typed === ".") return today;
  let found = /^([+-])(\d{1,4})$/.exec(typed);
  if (found) return iso(utc(year, month, day + Number(found[1] + found[2])));
  let parts = null;
  if ((found = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(typed))) parts = [found[1], found[2], found[3]];
  else if (/^\d{1,2}$/.test(typed)) parts = [null, null, typed];
  else if ((found = /^(\d{4}|\d{2})?(\d{2})(\d{2})$/.exec(typed))) parts = [found[1], found[2], found[3]];
  else if ((found = /^(\d{1,2})\.(?:(\d{1,2})\.?(\d{4}|\d{2})?)?$/.exec(typed))) parts = [found[3], found[2], found[1]];
  if (!parts) return null;
  const y = parts[0] ? Number(parts[0]) + (parts[0].length === 2 ? 2000 : 0) : year;
  const m = Number(parts[1] ?? month);
  const d = Number(parts[2]);
  const at = utc(y, m, d);
  const real = y >= 1 && at.getUTCFullYear() === y && at.getUTCMonth() === m - 1 && at.getUTCDate() === d;
  return real ? iso(at) : null;
}

/** Where the weekday or the problem is said, below the field. */
function speaker(input) {
  const known = document.getElementById(`${input.id}-said`);
  if (known) return known;
  const said = document.createElement("p");
  said.id = `${input.id}-said`;
  said.className = "field-said";
  said.setAttribute("role", "status");
  input.after(said);
  return said;
}

/** A cell of a grid has no room for the weekday: it says what is wrong, or nothing. */
function markCell(input, problem) {
  let said = document.getElementById(`${input.id}-error`);
  if (!said && problem) {
    said = document.createElement("span");
    said.id = `${input.id}-error`;
    said.className = "cell-error";
    input.after(said);
  }
  if (problem) {
    said.textContent = problem;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", said.id);
  } else if (said) {
    said.remove();
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

function settle(input) {
  const text = input.value.trim();
  const day = text ? readDay(text, input.dataset.day) : "";
  if (input.closest("table")) {
    markCell(input, day === null ? input.dataset.noDate.replace("{}", text) : "");
    if (day !== null && day !== text) {
      input.value = day;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    return;
  }
  const said = speaker(input);
  if (day === null) {
    input.setAttribute("aria-invalid", "true");
    said.textContent = input.dataset.noDate.replace("{}", text);
    return;
  }
  if (day !== text) {
    input.value = day;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  input.removeAttribute("aria-invalid");
  const shown = day && new Date(`${day}T00:00:00Z`);
  const style = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  said.textContent = shown ? shown.toLocaleDateString(document.documentElement.lang, style) : "";
}

document.addEventListener("focusout", (event) => event.target.matches?.("input[data-day]") && settle(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("input[data-day]")) settle(event.target);
});

for (const input of document.querySelectorAll("input[data-day]")) if (input.value) settle(input);
