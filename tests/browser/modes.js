// What is measured of a page that took its place (`stage`): each check returns what is wrong, in words.
// `look(keys, mode)`, each key a name and a digest, of a page in `known`: mode.checks by name; mode.style: a style sheet
// after ours; mode.isBare: without any; mode.isBlind: no picture arrives.

const at = one => one.outerHTML.replace(/\s+/g, " ").slice(0, 140);
const every = selector => [...document.querySelectorAll(selector)];
const isSeen = one => one.checkVisibility({visibilityProperty: true});
const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex]";
const controls = () => every(CONTROLS).filter(one => one.tabIndex >= 0 && isSeen(one));
const boxOf = one => one.getBoundingClientRect();
// A table has its words in boxes of their own; what is clipped away is for the ears.
const isWordless = one => one.closest("svg, iframe, input, .unseen, .stacks thead") || one.matches("table, tbody, tr");
const ground = one => {
  const own = getComputedStyle(one).backgroundColor;
  return !/, 0\)$/.test(own) || one === document.documentElement ? own : ground(one.parentElement);
};
const frame = one => {
  const style = getComputedStyle(one);
  return {width: parseFloat(style.borderTopWidth), style: style.borderTopStyle, color: style.borderTopColor};
};

window.checks = {
  // WCAG 2.2, 1.4.10: nothing scrolls in two dimensions.
  fits() {
    const root = document.documentElement;
    const boxes = every("body *").filter(one => /auto|scroll/.test(getComputedStyle(one).overflowX));
    const wide = boxes.filter(box => box.scrollWidth > box.clientWidth).map(box => `scrolls: ${at(box)}`);
    if (root.scrollWidth <= root.clientWidth) return wide;
    const out = every("body *").filter(one => boxOf(one).right > root.clientWidth + 0.5 || boxOf(one).left < -0.5);
    return [...wide, `${root.scrollWidth} px: ${at(out.at(-1) || root)}`];
  },
  // 1.4.12: no words run out of their box, or are cut.
  uncut() {
    return every("body *").filter(one => {
      if (isWordless(one) || !one.clientWidth || !one.textContent.trim()) return false;
      const style = getComputedStyle(one);
      // The room around the words of a link may stand out of a box that shows all of it; a line may not.
      const room = style.overflowY === "visible" ? parseFloat(style.fontSize) : 1;
      return style.display !== "inline"
        && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + room);
    }).map(at);
  },
  // 2.4.11: what has the focus is in view, and nothing lies over it.
  reached() {
    return controls().filter(one => {
      one.focus();
      if (one.tagName === "IFRAME") return true;
      const box = boxOf(one);
      const [x, y] = [(box.left + box.right) / 2, Math.min((box.top + box.bottom) / 2, innerHeight - 1)];
      const top = document.elementFromPoint(x, y);
      return document.activeElement !== one || !(top && (one.contains(top) || top.contains(one)));
    }).map(at);
  },
  // 2.4.1: the first control leads over the rest, and is seen when it has the focus.
  skips() {
    const first = controls()[0];
    if (!first || first.getAttribute("href") !== "#content") return [`first: ${at(first || document.body)}`];
    first.focus();
    const box = boxOf(first);
    const isInView = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    if (!isInView || box.width < 24) return ["skip: not in view"];
    const rest = document.getElementById("content");
    rest.focus();
    return document.activeElement === rest ? [] : [`skip: ${at(document.activeElement)}`];
  },
  // 2.4.7, 2.4.13: the focus is seen.
  outlined() {
    return controls().filter(one => {
      one.focus();
      const {outlineStyle, outlineWidth, outlineColor} = getComputedStyle(one);
      return outlineStyle === "none" || parseFloat(outlineWidth) < 2 || outlineColor === ground(one.parentElement);
    }).map(at);
  },
  // 2.4.3: the order of the keyboard is the order of reading; nothing that is not seen has the focus.
  ordered() {
    const all = controls().filter(one => !one.matches(".skip"));
    const place = one => boxOf(one.closest(".field") || one);
    const early = all.filter((one, rank) => rank && place(one).bottom <= place(all[rank - 1]).top);
    const forced = every("[tabindex]").filter(one => one.tabIndex > 0);
    const unseen = all.filter(one => !one.matches("iframe") && (boxOf(one).width < 2 || boxOf(one).right <= 0));
    const hidden = every(CONTROLS).filter(one => !isSeen(one)).filter(one => (one.focus(), document.activeElement === one));
    return [...early.map(one => `before its turn: ${at(one)}`), ...[...forced, ...unseen, ...hidden].map(at)];
  },
  // Forced colours take every background away: what is a control, a message or a fault has an edge or a line.
  edged() {
    const hasEdge = one => {
      const [edge, around] = [frame(one), ground(one.parentElement)];
      return ground(one) !== around || (edge.width >= 1 && edge.style !== "none" && edge.color !== around);
    };
    const isLined = one => [one, ...one.querySelectorAll("*")]
      .some(part => getComputedStyle(part).textDecorationLine.includes("underline"));
    const bare = every("button, a.button, input:not([type=hidden]), .message, details.door").filter(isSeen)
      .filter(one => !one.matches("[type=checkbox], [type=radio], .picture") && !hasEdge(one) && !isLined(one));
    const thin = every("[aria-invalid=true]:not([type=checkbox])").filter(one => frame(one).width < 2);
    const lost = every("svg.icon").filter(isSeen).filter(one => getComputedStyle(one).stroke === ground(one));
    const same = every(".reveal").filter(one => {
      const look = () => ["backgroundColor", "borderTopWidth", "borderTopColor", "borderTopStyle"]
        .map(name => getComputedStyle(one)[name]).join();
      const before = look();
      one.setAttribute("aria-pressed", "true");
      return look() === before;
    });
    return [...bare, ...thin, ...lost, ...same].map(at);
  },
  // prefers-reduced-motion: nothing moves.
  still() {
    return every("body, body *").flatMap(one => [null, "::before", "::after"].map(part => [one, getComputedStyle(one, part)]))
      .filter(([, style]) => style.animationName !== "none" || parseFloat(style.transitionDuration) > 0)
      .map(([one]) => at(one));
  },
  // On paper: what is to be kept is whole, what is to be pressed is not there, and no sheet is without words.
  printed() {
    const main = document.querySelector("main");
    const lost = [...main.querySelectorAll("h1, .charter *, .evidence *, .incident")]
      .filter(one => !one.closest(".unprinted, .unseen") && !isSeen(one));
    // One that is words of a sentence stays with it.
    const left = every("button, .skip").filter(one => isSeen(one) && !one.closest(".first-time"));
    const words = main.innerText.trim().length < 20 ? ["no words"] : [];
    return [...words, ...[...lost, ...left].map(at)];
  },
  // Pictures that do not arrive: what they say is said, in its own place.
  named() {
    const mute = every("button, a").filter(isSeen).filter(one =>
      !(one.innerText.trim() || [...one.querySelectorAll("img")].some(image => image.alt.trim())));
    const small = every("img").filter(image => image.alt && isSeen(image)
      && (boxOf(image).width < 100 || boxOf(image).height < 20 || image.naturalWidth));
    return [...mute, ...small].map(at);
  },
  // Without a style sheet: the drawings are as small as before, what is hidden stays so, words come before their field.
  plain() {
    const large = every("svg, img").filter(isSeen).filter(one => boxOf(one).width > 300 || boxOf(one).height > 130);
    const late = every("input:not([type=hidden], [type=checkbox], [type=radio], [hidden])").filter(field => {
      const label = document.querySelector(`label[for="${field.id}"]`);
      return !label || !(label.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING);
    });
    return [...large, ...late].map(at);
  },
};

window.look = async (keys, mode) => {
  const wrong = [];
  const extra = new CSSStyleSheet();
  extra.replaceSync(mode.style);
  for (const key of keys) {
    const [name] = key.split(" ");
    take(known[key]);
    document.adoptedStyleSheets = mode.isBare ? [] : [...document.adoptedStyleSheets, extra];
    every("details").forEach(fold => fold.open = true);
    every("[hidden]:not(input)").forEach(one => one.hidden = false);
    if (mode.isBlind) {
      every("img").forEach(image => image.src = "data:,");
      await Promise.all(every("img").map(image => image.decode().catch(() => null)));
    }
    for (const check of mode.checks) wrong.push(...checks[check]().map(told => `${name}: ${check}: ${told}`));
  }
  return wrong;
};
