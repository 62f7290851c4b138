// The keyboard: shortcuts of the page, its help, and moving through the rows of a list.

function typing(target) {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable], [role='listbox']") !== null;
}

function dialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || dialogOpen()) return;
  const command = event.ctrlKey || event.metaKey;

  if (command && !event.altKey && event.key === "Enter") {
    if (press(event.shiftKey ? "Ctrl+Shift+Enter" : "Ctrl+Enter")) event.preventDefault();
    return;
  }
  if (command && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "s") {
    if (press("Ctrl+S")) event.preventDefault();
    return;
  }
  // "?" is no part of an amount or a date, so it asks for help there too; Ctrl+/ does everywhere.
  if ((command && event.key === "/") || (event.key === "?" && event.target.matches?.("[data-amount], [data-day]"))) {
    event.preventDefault();
    openHelp();
    return;
  }
  // Alt with a digit takes what a page proposes under it, in fields too.
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (digit && event.altKey && !command && !event.shiftKey) {
    if (press(`Alt+${digit[1]}`)) event.preventDefault();
    return;
  }
  if (command || event.altKey || typing(event.target)) return;

  if (event.key === "?") {
    openHelp();
  } else if (event.key === "/") {
    const search = document.querySelector("[data-list-search]");
    if (!search) return;
    search.focus();
    search.select();
  } else if (event.key === "j" || event.key === "ArrowDown") {
    if (!moveRow(1, event.key)) return;
  } else if (event.key === "k" || event.key === "ArrowUp") {
    if (!moveRow(-1, event.key)) return;
  } else if (!press(event.key)) {
    return;
  }
  event.preventDefault();
});

/** Press the button or follow the link that declares this shortcut; one that cannot be used now
    gets the focus instead, which shows the reason. */
function press(keys) {
  const declared = [...document.querySelectorAll("[data-shortcut]")].filter(
    (element) => element.dataset.shortcut === keys && !element.disabled,
  );
  const wanted = declared.find((element) => element.getAttribute("aria-disabled") !== "true");
  if (wanted) wanted.click();
  else declared[0]?.focus();
  return declared.length > 0;
}

/** Move the focus to the next row; arrows do so only once a row has it, else they scroll. */
function moveRow(step, key) {
  // Rows that are folded away have no place to move to.
  const links = [...document.querySelectorAll("[data-rows] .row-link")].filter((link) => link.checkVisibility());
  if (!links.length) return false;
  const current = links.indexOf(document.activeElement);
  if (current < 0 && key.startsWith("Arrow")) return false;
  const next = current < 0 ? (step > 0 ? 0 : links.length - 1) : current + step;
  const link = links[Math.max(0, Math.min(links.length - 1, next))];
  link.focus({ focusVisible: true, preventScroll: true });
  link.closest("tr").scrollIntoView({ block: "nearest" });
  return true;
}

/** Show the help, with what this page itself declares. */
function openHelp() {
  const dialog = document.getElementById("shortcuts");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const section = dialog.querySelector("[data-page-shortcuts]");
  const list = section.querySelector("dl");
  list.replaceChildren();
  for (const element of document.querySelectorAll("main [data-shortcut]")) {
    const row = document.createElement("div");
    const keys = document.createElement("dt");
    for (const part of element.dataset.shortcut.split("+")) {
      const key = document.createElement("kbd");
      key.textContent = part;
      keys.append(key);
    }
    const text = document.createElement("dd");
    text.textContent = element.querySelector("span")?.textContent ?? element.textContent;
    row.append(keys, text);
    list.append(row);
  }
  section.hidden = list.children.length === 0;
  dialog.showModal();
}
