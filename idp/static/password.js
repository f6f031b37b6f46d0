// « Afficher » beside each password, and while a new one is typed what the server would say of it: its rule is the only
// one. Without scripts there is neither, and the rule stands above the field.
(() => {
  const PAUSE = 700;
  const fields = [...document.querySelectorAll("input[type=password]")];

  const reveal = (field, button) => {
    const show = (shown) => {
      field.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", shown);
    };
    button.hidden = false;
    button.addEventListener("click", () => show(field.type === "password"));
    // A password manager keeps what was typed in a password field only.
    field.form.addEventListener("submit", () => show(false));
    // Chromium goes back to the page as it was left, and the next person at this browser could show it.
    addEventListener("pagehide", () => {
      show(false);
      field.value = "";
    });
  };

  const judge = (field, place) => {
    let timer, asked;
    const ask = async () => {
      const typed = new FormData(field.form);
      fields.forEach((other) => other === field || typed.delete(other.name));
      asked = new AbortController();
      try {
        const answer = await fetch(field.dataset.judge, {
          method: "POST", body: new URLSearchParams(typed), redirect: "error", signal: asked.signal,
        });
        if (!answer.ok) return;
        const told = await answer.json();
        place.textContent = told.said;
        place.classList.toggle("good", told.accepted);
      } catch { /* Typed on, or the sign-in is over: the form says so. */ }
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      if (asked) asked.abort();
      place.textContent = "";
      if (field.value) timer = setTimeout(ask, PAUSE);
    });
  };

  for (const field of fields) {
    reveal(field, field.parentElement.querySelector("button"));
    if (field.dataset.judge) judge(field, document.getElementById(`${field.id}-judged`));
  }
})();
