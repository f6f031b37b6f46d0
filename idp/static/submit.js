// A form on its way says so beside its button, and is not sent twice. « Back », another form and a slow answer give the
// button back. Without scripts the server makes nothing of a second click.
(() => {
  const SOON = 400, SLOW = 20000, FILE = 4000;
  const words = document.body.dataset, places = new Map();
  let timers = [], button, place;

  const free = () => {
    timers.forEach(clearTimeout);
    if (button) button.removeAttribute("aria-disabled");
    button = undefined;
  };
  const stop = () => {
    free();
    if (place) place.textContent = "";
  };
  const after = (wait, act) => timers.push(setTimeout(act, wait));

  for (const form of document.querySelectorAll("form[method=post]")) {
    const last = form.querySelector(".button, .picture") || form.lastElementChild;
    // There before anything is said in it: else it is not read aloud.
    const said = document.createElement("span");
    said.className = "hint";
    said.setAttribute("role", "status");
    last.after(said);
    places.set(form, said);
  }

  // On the window: whoever else stops the form, or sends it otherwise, has done so by now.
  addEventListener("submit", (event) => {
    const form = event.target, pressed = event.submitter || form.querySelector("button:not([type=button])");
    if (event.defaultPrevented || !places.has(form) || !pressed) return;
    if (pressed.hasAttribute("aria-disabled")) {
      event.preventDefault();
      return;
    }
    stop();
    timers = [];
    button = pressed;
    place = places.get(form);
    // Not `disabled`: its name and value are sent, and the focus stays.
    button.setAttribute("aria-disabled", "true");
    after(SOON, () => { place.textContent = form.dataset.busy || words.busy; });
    // The answer is a file, and the page stays.
    if ("file" in form.dataset) after(FILE, stop);
    after(SLOW, () => {
      free();
      place.textContent = words.slow;
    });
  });
  // As it was left, from the browser's own keeping.
  addEventListener("pageshow", (event) => event.persisted && stop());
})();
