// « Copier » beside what a person reads to somebody. Without scripts it is not there; where the clipboard is refused, it
// goes away and leaves the text selected.
for (const button of document.querySelectorAll("[data-copy]")) {
  const text = button.previousElementSibling, said = button.nextElementSibling;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", () => navigator.clipboard.writeText(text.textContent).then(
    () => {
      said.textContent = button.dataset.copy;
      setTimeout(() => { said.textContent = ""; }, 4000);
    },
    () => {
      button.hidden = true;
      getSelection().selectAllChildren(text);
    },
  ));
}
