// Texts that are completed from what is known: an input with `data-suggest` (an address) offers what
// the server answers for its text, a list of strings. What is typed stays free.

const list = document.createElement("datalist");
list.id = "suggestions";
let timer = 0;
let asked = null;

/** Ask what fits to the text of an input, once the typing pauses. */
export function suggest(input) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    asked?.abort();
    asked = new AbortController();
    const url = new URL(input.dataset.suggest, location.href);
    url.searchParams.set("q", input.value.trim());
    try {
      const answer = await fetch(url, { signal: asked.signal, redirect: "manual", headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const found = await answer.json();
      if (!list.isConnected) document.body.append(list);
      list.replaceChildren(...found.map((text) => Object.assign(document.createElement("option"), { value: text })));
      input.setAttribute("list", list.id);
    } catch {
      // Nothing is offered while the server does not answer.
    }
  }, 120);
}
