// The command palette: Ctrl/Cmd-K, type, Enter. The server answers with what this user may do.

const dialog = document.getElementById("palette");

if (dialog instanceof HTMLDialogElement) {
  const input = dialog.querySelector("input[role='combobox']");
  const list = dialog.querySelector("[role='listbox']");
  const status = dialog.querySelector("[data-palette-status]");
  const form = dialog.querySelector("[data-palette-form]");
  const sprite = document.querySelector(".search-button use")?.getAttribute("href")?.split("#")[0] ?? "";
  let options = [];
  let active = -1;
  let request = null;
  let timer = 0;
  /** What the choices shown are for. Enter waits for those of what is typed by then. */
  let answered = null;
  let waiting = false;

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (!document.querySelector("dialog[open]")) dialog.showModal();
  });

  new MutationObserver(() => {
    clearTimeout(timer);
    request?.abort();
    waiting = false;
    if (!dialog.open) return;
    input.value = "";
    answered = null;
    load("");
    input.focus();
  }).observe(dialog, { attributeFilter: ["open"] });

  input.addEventListener("input", () => {
    clearTimeout(timer);
    waiting = false;
    timer = setTimeout(() => load(input.value.trim()), 90);
  });

  input.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && options.length) {
      event.preventDefault();
      mark((active + moves[event.key] + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      waiting = input.value.trim() !== answered;
      if (!waiting) enter();
      else {
        clearTimeout(timer);
        load(input.value.trim());
      }
    }
  });

  list.addEventListener("pointermove", (event) => {
    const found = options.findIndex((option) => option.element.contains(event.target));
    if (found >= 0 && found !== active) mark(found);
  });
  list.addEventListener("click", (event) => {
    const found = options.find((option) => option.element.contains(event.target));
    if (found) go(found.item);
  });

  async function load(query) {
    request?.abort();
    request = new AbortController();
    try {
      const url = new URL(dialog.dataset.palette, location.href);
      url.searchParams.set("q", query);
      // Lets the server put pages of the company in hand first.
      url.searchParams.set("from", location.pathname);
      const answer = await fetch(url, { signal: request.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
      answered = query;
      if (waiting) enter();
    } catch (problem) {
      if (problem.name !== "AbortError") tell(dialog.dataset.failed);
    }
  }

  function enter() {
    waiting = false;
    if (options[active]) go(options[active].item);
  }

  function show(items) {
    const groups = new Map();
    options = [];
    for (const item of items) {
      if (!groups.has(item.group)) groups.set(item.group, section(item.group, groups.size));
      const element = row(item, options.length);
      groups.get(item.group).append(element);
      options.push({ item, element });
    }
    if (!options.length) return tell(dialog.dataset.empty);
    list.replaceChildren(...groups.values());
    status.textContent = "";
    mark(0);
  }

  function section(label, number) {
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    const title = document.createElement("span");
    title.id = `palette-group-${number}`;
    title.textContent = label;
    group.setAttribute("aria-labelledby", title.id);
    group.append(title);
    return group;
  }

  function row(item, number) {
    const element = document.createElement("div");
    element.id = `palette-option-${number}`;
    element.setAttribute("role", "option");
    const label = document.createElement("span");
    label.textContent = item.label;
    element.append(picture(item.icon || "arrow-right"), label);
    if (item.hint) {
      const hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = item.hint;
      element.append(hint);
    }
    return element;
  }

  function picture(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const use = document.createElementNS(space, "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${sprite}#${name}`);
    svg.append(use);
    return svg;
  }

  function tell(text) {
    options = [];
    active = -1;
    input.removeAttribute("aria-activedescendant");
    const note = document.createElement("div");
    note.className = "nothing";
    note.textContent = text;
    list.replaceChildren(note);
    status.textContent = text;
  }

  function mark(index) {
    options[active]?.element.setAttribute("aria-selected", "false");
    active = index;
    const { element } = options[index];
    for (const option of options) option.element.setAttribute("aria-selected", String(option.element === element));
    input.setAttribute("aria-activedescendant", element.id);
    element.scrollIntoView({ block: "nearest" });
  }

  function go(item) {
    const url = new URL(item.href, location.href);
    if (url.origin !== location.origin) return;
    dialog.close();
    if (item.method?.toLowerCase() === "post") {
      form.action = url.href;
      form.requestSubmit();
    } else {
      location.assign(url.href);
    }
  }
}
