// Files for a record: dropped anywhere on the page, pasted, or chosen; sent at once, once.

const form = document.querySelector("form[data-attach]");
const input = form?.querySelector("input[type=file]");
const problem = form?.querySelector("[data-attach-problem]");

/** Send files, unless one is too large: the server would only cut the connection. */
function offer(files) {
  const most = Number(form.dataset.most);
  const large = [...files].find((file) => file.size > most);
  problem.hidden = !large;
  problem.textContent = large ? `${large.name} ${form.dataset.tooLarge}` : "";
  if (large) {
    input.value = "";
    return;
  }
  form.requestSubmit();
}

/** Put files that came another way into the input, so that one form sends them all. */
function take(list) {
  const transfer = new DataTransfer();
  for (const file of list) transfer.items.add(file);
  input.files = transfer.files;
  offer(input.files);
}

const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

if (form) {
  input.addEventListener("change", () => {
    if (input.files.length) offer(input.files);
  });
  document.addEventListener("dragover", (event) => {
    if (brings(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!brings(event) || event.target === input) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
}
