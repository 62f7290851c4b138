// The record picker: an ARIA combobox that searches on the server.
// Works by delegation, so that a row added later has it too. One list serves all pickers: only the
// one that has the focus can be open, and a grid of 300 lines needs no 300 lists.

/** What each picker knows: its options, which is active, the label that its id stands for. */
const states = new WeakMap();
const list = document.createElement("ul");
list.className = "options";
list.setAttribute("role", "listbox");
list.popover = "manual";
/** A search that failed is made again after so long, then after twice as long, up to a minute. */
const AGAIN = 3000;
const LONGEST = 60_000;

function parts(input) {
  const root = input.closest("[data-combo]");
  return { root, hidden: root.querySelector("input[type='hidden']"), words: root.closest("[data-picker-url]")?.dataset ?? {} };
}

function stateOf(input) {
  if (!states.has(input)) {
    states.set(input, { options: [], active: -1, label: input.defaultValue, query: null, request: null, timer: 0, failed: "", stale: false, pause: AGAIN });
  }
  return states.get(input);
}

function picker(target) {
  return target instanceof HTMLInputElement && target.matches("[data-combo] input[role='combobox']") ? target : null;
}

document.addEventListener("focusin", (event) => {
  const input = picker(event.target);
  if (!input) return;
  stateOf(input);
  input.select();
});

document.addEventListener("click", (event) => {
  const input = picker(event.target);
  if (input && input.getAttribute("aria-expanded") !== "true") search(input, "");
});

document.addEventListener("input", (event) => {
  const input = picker(event.target);
  if (!input) return;
  const state = stateOf(input);
  clearTimeout(state.timer);
  // The list is still that of fewer letters: nothing is taken from it until the new one is here.
  state.request?.abort();
  state.stale = true;
  state.timer = setTimeout(() => search(input, input.value.trim()), 110);
});

// The text is not a value: only the hidden input tells of a change.
document.addEventListener("change", (event) => picker(event.target) && event.stopPropagation(), true);

document.addEventListener("keydown", (event) => {
  const input = picker(event.target);
  if (!input || event.isComposing) return;
  const state = stateOf(input);
  const open = input.getAttribute("aria-expanded") === "true";
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (!open) search(input, "");
    else if (state.options.length) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(input, (state.active + step + state.options.length) % state.options.length);
    }
  } else if (event.key === "Enter" && open && state.active >= 0 && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    if (state.stale) settle(input);
    else choose(input, state.options[state.active]);
  } else if (event.key === "Escape" && open) {
    event.preventDefault();
    input.value = state.label;
    close(input);
  }
});

document.addEventListener("pointerdown", (event) => {
  const option = event.target instanceof Element ? event.target.closest(".options [role='option']") : null;
  if (!option) return;
  // The input keeps the focus, so its blur does not close the list first.
  event.preventDefault();
  const input = option.closest("[data-combo]").querySelector("input[role='combobox']");
  choose(input, stateOf(input).options[Number(option.dataset.index)]);
});

document.addEventListener("focusout", (event) => {
  const input = picker(event.target);
  // A line that is removed leaves its cell too.
  if (input?.isConnected) settle(input);
});

/** On leaving: take what was typed if it names one record, forget it if it was emptied. */
async function settle(input) {
  const state = stateOf(input);
  const text = input.value.trim();
  clearTimeout(state.timer);
  if (text === state.label) return close(input);
  if (!text) return choose(input, { id: "", label: "" });
  if (state.query !== text || state.failed) await search(input, text, false);
  // A paste or a template may have filled it in the meantime.
  if (input.value.trim() !== text || text === state.label || state.query !== text) return;
  if (state.failed) return unanswered(input);
  const wanted = text.toLowerCase();
  const exact = state.options.find((option) => {
    const label = option.label.toLowerCase();
    return label === wanted || label.split(/\s/)[0] === wanted;
  });
  const found = exact ?? (state.options.length === 1 ? state.options[0] : state.options[state.active]);
  if (found) return choose(input, found);
  close(input);
  parts(input).hidden.value = "";
  input.setAttribute("aria-invalid", "true");
  input.dispatchEvent(new CustomEvent("combo:unknown", { bubbles: true }));
}

/** Whether it is not known yet which record the text means; where the text is sent too, the server finds out. */
function isOpen(input) {
  return !input.name && input.value.trim() !== stateOf(input).label;
}

// Whoever saves at once means what was typed, not what stood there before: the form waits for it.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const unread = [...form.elements].filter((field) => picker(field) && isOpen(field));
  if (!unread.length || form.method === "dialog") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  Promise.all(unread.map(settle)).then(() => {
    const unknown = unread.find(isOpen);
    if (unknown) tell(unknown);
    else form.requestSubmit(event.submitter);
  });
}, true);

/** Show that nothing was found for a text: saved without it, it would be lost. */
function tell(input) {
  input.focus();
  open(input, stateOf(input).failed || parts(input).words.empty, false);
}

/** The search did not tell whether there is such a record: say why, and ask again. */
function unanswered(input) {
  const state = stateOf(input);
  const { hidden, words } = parts(input);
  close(input);
  hidden.value = "";
  const message = words.again.replace("{}", state.failed);
  input.dispatchEvent(new CustomEvent("combo:failed", { bubbles: true, detail: { message } }));
  clearTimeout(state.timer);
  state.timer = setTimeout(() => retry(input), state.pause);
  state.pause = Math.min(2 * state.pause, LONGEST);
}

function retry(input) {
  const state = stateOf(input);
  if (input.isConnected && state.failed && document.activeElement !== input) settle(input);
}

addEventListener("online", () => {
  for (const input of document.querySelectorAll("[data-combo] input[role='combobox']")) {
    if (states.get(input)?.failed) retry(input);
  }
});

/** Why an answer is none, in the server's words where it has some. */
async function refusal(answer, words) {
  if (answer.type === "opaqueredirect" || answer.status === 401) return words.signedOut;
  const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
  return said.message ?? words.failed;
}

// Other islands fill a picker with what they found (a paste, a template).
document.addEventListener("combo:set", (event) => {
  const input = picker(event.target);
  if (input) choose(input, event.detail);
});

async function search(input, query, show = true) {
  const state = stateOf(input);
  const { words } = parts(input);
  state.request?.abort();
  state.request = new AbortController();
  const { signal } = state.request;
  try {
    const url = new URL(words.pickerUrl, location.href);
    url.searchParams.set("q", query);
    const answer = await fetch(url, { signal, redirect: "manual", headers: { Accept: "application/json" } });
    state.failed = answer.ok ? "" : await refusal(answer, words);
    state.options = answer.ok ? await answer.json() : [];
  } catch {
    if (signal.aborted) return;
    state.failed = words.failed;
    state.options = [];
  }
  if (signal.aborted) return;
  state.query = query;
  state.stale = false;
  if (!state.failed) state.pause = AGAIN;
  if (show && document.activeElement === input) open(input, state.failed || words.empty, query !== "" && !state.failed);
  else state.active = query && state.options.length ? 0 : -1;
}

function open(input, emptyText, markFirst) {
  const state = stateOf(input);
  const { root, hidden, words } = parts(input);
  // In the picker's own place: a list outside of a dialog could not be reached from inside it.
  if (list.parentNode !== root) root.append(list);
  list.id = `${input.id}-list`;
  list.setAttribute("aria-label", input.getAttribute("aria-label") ?? words.choices);
  input.setAttribute("aria-controls", list.id);
  list.replaceChildren();
  state.options.forEach((option, index) => {
    const item = document.createElement("li");
    item.id = `${input.id}-option-${index}`;
    item.dataset.index = String(index);
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const label = document.createElement("span");
    label.textContent = option.label;
    item.append(label);
    if (option.hint) {
      const hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = option.hint;
      item.append(hint);
    }
    list.append(item);
  });
  if (!state.options.length) {
    const item = document.createElement("li");
    item.className = "nothing";
    item.setAttribute("role", "option");
    item.setAttribute("aria-disabled", "true");
    item.textContent = emptyText;
    list.append(item);
  }
  if (!list.matches(":popover-open")) list.showPopover();
  place(input);
  input.setAttribute("aria-expanded", "true");
  const chosen = state.options.findIndex((option) => String(option.id) === hidden.value);
  mark(input, markFirst && state.options.length ? 0 : chosen);
}

/** Below the input where there is room, else above it. */
function place(input) {
  const box = input.getBoundingClientRect();
  list.style.inlineSize = `${Math.max(box.width, 224)}px`;
  const height = list.offsetHeight;
  const below = box.bottom + 4 + height <= innerHeight || box.top < height + 8;
  list.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
  list.style.left = `${Math.max(4, Math.min(box.left, innerWidth - list.offsetWidth - 4))}px`;
}

function close(input) {
  const state = stateOf(input);
  state.request?.abort();
  state.active = -1;
  if (list.parentNode === parts(input).root && list.matches(":popover-open")) list.hidePopover();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  input.removeAttribute("aria-controls");
}

function mark(input, index) {
  const state = stateOf(input);
  state.active = index;
  [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
  const item = index >= 0 ? list.children[index] : null;
  if (item) {
    input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function choose(input, option) {
  const state = stateOf(input);
  const { hidden } = parts(input);
  const changed = hidden.value !== String(option.id);
  input.value = option.label;
  hidden.value = String(option.id);
  state.label = option.label;
  state.query = null;
  state.failed = "";
  input.removeAttribute("aria-invalid");
  close(input);
  input.dispatchEvent(new CustomEvent("combo:chosen", { bubbles: true }));
  if (changed) hidden.dispatchEvent(new Event("change", { bubbles: true }));
}

// A list in the top layer does not move with the page.
for (const kind of ["scroll", "resize"]) {
  window.addEventListener(
    kind,
    (event) => {
      const input = picker(document.activeElement);
      if (input?.getAttribute("aria-expanded") !== "true") return;
      if (event.target !== list) place(input);
    },
    { capture: true, passive: true },
  );
}
