// What a page tells of time. It warns a few minutes before its own is over, and asks for more without leaving the page,
// so that nothing typed is lost; what a person waits for is counted down in words, and opens its button at the end.
// Without scripts the page says until when, and the same buttons do it.
(() => {
  const unit = document.currentScript.dataset;
  const spell = (left) => {
    const [count, name] = left > 60 ? [Math.ceil(left / 60), "minute"] : [Math.ceil(left / 10) * 10, "second"];
    return unit[count > 1 ? `${name}s` : name].replace("{count}", count);
  };
  for (const text of document.querySelectorAll("[data-left]")) {
    const end = Date.now() + text.dataset.left * 1000, button = document.getElementById(text.dataset.opens);
    // Read aloud at the last minute and at the end only.
    const said = document.createElement("span");
    said.className = "unseen";
    said.setAttribute("role", "status");
    text.after(said);
    const open = () => button && button.removeAttribute("aria-disabled");
    if (button) {
      button.setAttribute("aria-disabled", "true");
      // Of another person nobody waits.
      button.form.addEventListener("input", (event) => event.target.type === "password" || open());
    }
    const count = () => {
      const left = (end - Date.now()) / 1000, before = text.textContent;
      const now = left > 0 ? text.dataset.says.replace("{left}", spell(left)) : text.dataset.over;
      if (now !== before) text.textContent = now;
      if (left <= 0) {
        open();
        clearInterval(timer);
      }
      if (left <= 0 || (left <= 60 && text.dataset.left > 60 && !said.textContent)) said.textContent = now;
    };
    const timer = setInterval(count, 1000);
    count();
  }
})();
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
