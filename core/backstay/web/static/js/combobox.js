// The record picker: an ARIA combobox that searches on the server.
// Works by delegation, so that a row added later has it too.

/** What each picker knows: its options, which is active, the label that its id stands for. */
const states = new WeakMap();

function parts(input) {
  const root = input.closest("[data-combo]");
  return { root, hidden: root.querySelector("input[type='hidden']"), list: root.querySelector("[role='listbox']") };
}

function stateOf(input) {
  if (!states.has(input)) {
    states.set(input, { options: [], active: -1, label: input.defaultValue, query: null, request: null, timer: 0 });
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
    choose(input, state.options[state.active]);
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
  if (input) settle(input);
});

/** On leaving: take what was typed if it names one record, forget it if it was emptied. */
async function settle(input) {
  const state = stateOf(input);
  const text = input.value.trim();
  clearTimeout(state.timer);
  if (text === state.label) return close(input);
  if (!text) return choose(input, { id: "", label: "" });
  if (state.query !== text) await search(input, text, false);
  // A paste or a template may have filled it in the meantime.
  if (input.value.trim() !== text || text === state.label) return;
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

// Other islands fill a picker with what they found (a paste, a template).
document.addEventListener("combo:set", (event) => {
  const input = picker(event.target);
  if (input) choose(input, event.detail);
});

async function search(input, query, show = true) {
  const state = stateOf(input);
  const { root } = parts(input);
  state.request?.abort();
  state.request = new AbortController();
  try {
    const url = new URL(root.dataset.pickerUrl, location.href);
    url.searchParams.set("q", query);
    const answer = await fetch(url, { signal: state.request.signal, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    state.options = await answer.json();
    state.query = query;
    if (show && document.activeElement === input) open(input, root.dataset.empty, query !== "");
    else state.active = query && state.options.length ? 0 : -1;
  } catch (problem) {
    if (problem.name === "AbortError") return;
    state.options = [];
    if (show && document.activeElement === input) open(input, root.dataset.failed, false);
  }
}

function open(input, emptyText, markFirst) {
  const state = stateOf(input);
  const { list, hidden } = parts(input);
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
  place(input, list);
  input.setAttribute("aria-expanded", "true");
  const chosen = state.options.findIndex((option) => String(option.id) === hidden.value);
  mark(input, markFirst && state.options.length ? 0 : chosen);
}

/** Below the input where there is room, else above it. */
function place(input, list) {
  const box = input.getBoundingClientRect();
  list.style.inlineSize = `${Math.max(box.width, 224)}px`;
  const height = list.offsetHeight;
  const below = box.bottom + 4 + height <= innerHeight || box.top < height + 8;
  list.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
  list.style.left = `${Math.max(4, Math.min(box.left, innerWidth - list.offsetWidth - 4))}px`;
}

function close(input) {
  const state = stateOf(input);
  const { list } = parts(input);
  state.request?.abort();
  state.active = -1;
  if (list.matches(":popover-open")) list.hidePopover();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function mark(input, index) {
  const state = stateOf(input);
  const { list } = parts(input);
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
      const { list } = parts(input);
      if (event.target !== list) place(input, list);
    },
    { capture: true, passive: true },
  );
}
