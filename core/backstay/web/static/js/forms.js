// Forms: one submission per click, a question before what cannot be undone, no lost input.

/** Forms whose confirmation was given, so that the second submit passes. */
const confirmed = new WeakSet();
let dirty = false;
let leaving = false;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method === "dialog") return;
  // A date of which only a part is typed would be sent as none.
  const unread = [...form.elements].find((field) => field.validity?.badInput);
  if (unread && form.method === "post") {
    event.preventDefault();
    unread.reportValidity();
    return;
  }

  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !confirmed.has(form)) {
    event.preventDefault();
    ask(question, event.submitter).then((yes) => {
      if (!yes) return;
      confirmed.add(form);
      form.requestSubmit(event.submitter?.form === form ? event.submitter : undefined);
    });
    return;
  }
  confirmed.delete(form);
  if (event.defaultPrevented || form.method !== "post") return;
  // An island sends this one, and the page stays.
  if (form.matches("[data-stays]")) return;

  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  // Another form of the page (sign out, dark mode) must not lose what stands in this one: the
  // browser asks, and when the reader stays, the buttons still work.
  if (dirty && !form.matches("[data-guard]")) return;
  form.dataset.sent = "true";
  leaving = true;
  // After the browser has read the form: a disabled button would not be sent with it.
  setTimeout(() => {
    for (const button of submitters(form)) {
      button.disabled = true;
      button.setAttribute("aria-busy", "true");
    }
  });
});

function submitters(form) {
  return [...form.elements].filter((element) => element.type === "submit");
}

// The back button restores the page as it was left: with its buttons disabled.
window.addEventListener("pageshow", (event) => {
  leaving = false;
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of submitters(form)) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }
});

/** What a button does, in its own words; of a picture those that stand for it. */
function verb(button) {
  const said = button?.querySelector("span:not(.sr)") ?? button;
  return said?.textContent.trim() || button?.title || button?.ariaLabel;
}

/** Ask in the page's own dialog; without one, in the browser's. */
function ask(question, submitter) {
  const dialog = document.getElementById("confirm");
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(window.confirm(question));
  const yes = dialog.querySelector("[data-confirm-yes]");
  dialog.querySelector("#confirm-text").textContent = question;
  yes.dataset.otherwise ??= yes.textContent;
  yes.textContent = verb(submitter) || yes.dataset.otherwise;
  const danger = Boolean(submitter?.matches(".danger, [data-danger]"));
  yes.classList.toggle("danger", danger);
  yes.classList.toggle("primary", !danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("input", (event) => {
  if (event.target.closest?.("form[data-guard]")) dirty = true;
});
document.addEventListener("change", (event) => {
  if (event.target.closest?.("form[data-guard]")) dirty = true;
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-leave]")) leaving = true;
});
// What the server keeps while it is typed is not lost by leaving.
document.addEventListener("guard:kept", () => {
  dirty = false;
});
window.addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});

// Reports follow their parameters at once; lists do so through htmx.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-auto-submit]");
  if (form && event.target.name) form.requestSubmit();
});

// An empty filter has no place in the URL.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.sourceElement.matches("[data-filters]")) return;
  for (const [name, value] of [...ctx.request.body]) {
    if (value === "") ctx.request.body.delete(name);
  }
});
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-filters], [data-auto-submit]")) return;
  for (const [name, value] of [...event.formData]) {
    if (value === "") event.formData.delete(name);
  }
});

// Files can be dropped anywhere on the field and show their name.
document.addEventListener("change", (event) => {
  const drop = event.target.closest?.("[data-drop]");
  if (!drop) return;
  const names = [...event.target.files].map((file) => file.name);
  const said = drop.querySelector("[data-drop-name]");
  if (said) said.textContent = names.join(", ");
});
for (const kind of ["dragenter", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.target.closest?.("[data-drop]")?.toggleAttribute("data-over", kind === "dragenter");
  });
}

// The summary of problems leads to the input, also when that input is a picker or a group.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".problems a[href^='#']");
  const input = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!input) return;
  event.preventDefault();
  input.scrollIntoView({ block: "center" });
  input.focus({ preventScroll: true });
});

// The list's file holds what the list shows now, not what it showed when the page was opened.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-export]");
  if (!link || !location.search) return;
  const asked = new URLSearchParams(location.search);
  for (const name of ["after", "before"]) asked.delete(name);
  asked.set("shown", "1");
  link.search = asked;
});
