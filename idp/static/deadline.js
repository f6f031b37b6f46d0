// Warns a few minutes before the page's time is over, and asks for more without leaving the page, so that nothing
// typed is lost. Without scripts the line at the foot says until when, and the same button does it.
(() => {
  const EARLY = 180;
  let place, end;
  const read = (page) => {
    const next = page.getElementById("deadline");
    if (!next) return false;
    if (place) place.replaceWith(next);
    place = document.getElementById("deadline");
    end = Date.now() + Number(place.dataset.seconds) * 1000;
    const button = place.querySelector("button");
    if (button && !("leaves" in button.dataset)) button.addEventListener("click", prolong);
    return true;
  };
  const prolong = async (event) => {
    event.preventDefault();
    const button = event.target, form = button.form, fields = new FormData(form);
    for (const typed of form.querySelectorAll("[type=password]")) fields.delete(typed.name);
    try {
      const answer = await fetch(button.formAction, { method: "POST", body: new URLSearchParams(fields) });
      if (read(new DOMParser().parseFromString(await answer.text(), "text/html"))) {
        (place.querySelector("button") || document.querySelector("main")).focus();
        return;
      }
    } catch { /* The button does it in the ordinary way. */ }
    button.removeEventListener("click", prolong);
    button.click();
  };
  const look = () => {
    const left = (end - Date.now()) / 1000, told = place.querySelector("[role=alert]");
    if (left < EARLY && left > 0 && !told.textContent) told.textContent = place.dataset.warning;
  };
  if (read(document)) { look(); setInterval(look, 5000); }
})();
