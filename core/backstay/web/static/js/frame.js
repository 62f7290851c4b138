// The frame around every page: menus, dialogs, light and dark, copying, printing.

const live = document.getElementById("live");

/** Say something to people who listen to the page. */
function announce(text) {
  if (live) live.textContent = text;
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;

  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }

  const opener = target.closest("[data-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.open);
    opener.closest("details.menu")?.removeAttribute("open");
    if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
  }

  // A click on the backdrop reaches the dialog itself, never a child of it.
  if (target instanceof HTMLDialogElement && target.open && target.id !== "confirm") {
    const box = target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) target.close();
  }

  const copier = target.closest("[data-copy]");
  if (copier) copy(copier);

  if (target.closest("[data-print]")) window.print();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

// Whom the server has sent on (a watched job has ended) asks and hears nothing more: where a page takes
// longer than a look at the job, each further answer would begin the way to it anew, without end.
let sentOn = false;
document.addEventListener("htmx:before:request", (event) => sentOn && event.preventDefault());
document.addEventListener("htmx:before:response", (event) => {
  if (sentOn) event.preventDefault();
  else sentOn = event.detail.ctx.response.headers.has("HX-Redirect");
});
window.addEventListener("pageshow", () => (sentOn = false));

// What completes texts is loaded where there are such texts; this script is served beside js/.
for (const event of ["focusin", "input"]) {
  document.addEventListener(event, ({ target }) => {
    if (target instanceof HTMLInputElement && target.dataset.suggest) import("./js/suggest.js").then(({ suggest }) => suggest(target));
  });
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    announce(button.dataset.copied);
    const use = button.querySelector("use");
    const href = use?.getAttribute("href");
    if (!href) return;
    use.setAttribute("href", href.replace(/#.*$/, "#check"));
    setTimeout(() => use.setAttribute("href", href), 1600);
  } catch {
    // Clipboards are refused on plain http: select the text instead, so that Ctrl+C works.
    const code = button.parentElement?.querySelector("code");
    if (code) getSelection()?.selectAllChildren(code);
  }
}

// Show the new look at once; the form that was sent stores it.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-appearance]")) return;
  const { name, value } = event.submitter ?? {};
  const root = document.documentElement;
  if (name === "theme" && value === "auto") root.removeAttribute("data-theme");
  else if (name === "theme" || name === "density") root.setAttribute(`data-${name}`, value);
});

// The sidebar is a drawer on narrow screens: following a link in it closes it.
document.getElementById("sidebar")?.addEventListener("click", (event) => {
  const side = event.currentTarget;
  if (event.target.closest("a") && side.matches(":popover-open")) side.hidePopover();
});
