// One window of Chromium or Firefox, told what to do line by line: JSON in, JSON out.
// Nothing here counts on the page's scripts: they may be off, and then a page has no promise, observer or timer.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";

const { patience, ...launch } = JSON.parse(process.argv[2]);
const browser = await puppeteer.launch({ ...launch, headless: true, timeout: patience, protocolTimeout: patience });
const page = await browser.newPage(); // It has the focus, which that of the start has not.

/** What a document answers; null when it was going away as it was asked. */
const look = (at, given) => page.evaluate(at, given).catch(() => null);

/** Asks until the answer is not null, and returns it. */
async function found(ask, otherwise) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(20)) {
    const answer = await ask();
    if (answer !== null) return answer;
  }
  throw new Error(`${otherwise}, on « ${await page.title()} »`);
}

/** When this document began, once it is complete: no two have that in common. */
const begun = () =>
  // Firefox has an empty document, complete at once, before that of an address.
  look(() => (document.readyState === "complete" && document.body?.firstElementChild ? performance.timeOrigin : null));

async function leave(by) {
  const before = await begun();
  await by();
  await found(async () => ((await begun()) ?? before) !== before || null, "the page stayed");
}

/** The middle of what is seen with these words, or of the field that `autocomplete` names. */
function place(wanted) {
  return look(({ kinds, words, autocomplete, folded }) => {
    const plain = (text) => text.replaceAll("’", "'").replace(/\s+/g, " ").trim();
    const all = (selector) => [...document.querySelectorAll(selector)];
    let one = autocomplete
      ? all(`input[autocomplete~="${autocomplete}"]`)[0]
      : all(kinds).find((each) => each.checkVisibility() && plain(each.innerText) === words);
    if (folded) one = one?.closest("details:not([open])")?.querySelector("summary");
    if (!one) return null;
    one.scrollIntoView({ block: "center", behavior: "instant" });
    const { x, y, width, height } = one.getClientRects()[0];
    return { x: x + width / 2, y: y + height / 2 };
  }, wanted);
}

async function click(wanted) {
  const at = await found(() => place(wanted), `no ${JSON.stringify(wanted)}`);
  await page.mouse.click(at.x, at.y);
}

/** A device that keeps passkeys and knows its person, such as a phone. */
const device = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
const devices = {
  chrome: async () => {
    const session = await page.createCDPSession();
    await session.send("WebAuthn.enable");
    await session.send("WebAuthn.addVirtualAuthenticator", { options: device });
  },
  // WebDriver BiDi has no word for it: it is asked of Marionette, whose connection ends with the browser.
  firefox: async () => {
    const port = Number(readFileSync(`${launch.userDataDir}/MarionetteActivePort`, "utf8"));
    const marionette = connect(port, "127.0.0.1").unref();
    await once(marionette, "data");
    const asked = JSON.stringify([0, 1, "WebAuthn:AddVirtualAuthenticator", device]);
    marionette.write(`${asked.length}:${asked}`);
    const [answer] = await once(marionette, "data");
    const [, , failed] = JSON.parse(String(answer).replace(/^\d+:/, ""));
    if (failed) throw new Error(failed.message);
  },
};

const deeds = {
  device: () => devices[launch.browser](),
  open: ({ url }) => leave(() => page.goto(url)),
  back: () => leave(() => page.goBack()),
  reload: () => leave(() => page.reload()),
  press: ({ words }) => leave(() => click({ kinds: "a, button", words })),
  touch: ({ words }) => click({ kinds: "button, summary, label", words }),
  /** In place of what stands there; what it is folded away in is opened first. */
  fill: async ({ text, ...field }) => {
    if (await place({ ...field, folded: true })) await click({ ...field, folded: true });
    await click(field);
    await page.keyboard.down("Control");
    await page.keyboard.press("a");
    await page.keyboard.up("Control");
    await page.keyboard.type(text);
  },
  field: ({ autocomplete }) =>
    found(
      () =>
        look((token) => {
          const one = document.querySelector(`input[autocomplete~="${token}"]`);
          return one && { type: one.type, value: one.value };
        }, autocomplete),
      `no field for ${autocomplete}`,
    ),
  read: () =>
    found(
      () =>
        look(() =>
          document.readyState === "complete" && document.body?.firstElementChild
            ? {
                url: location.href,
                title: document.title,
                text: document.body.innerText.replaceAll("’", "'").replace(/\s+/g, " ").trim(),
              }
            : null,
        ),
      "nothing to read",
    ),
};

process.stdout.write(`${JSON.stringify({ done: { pid: browser.process().pid } })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { deed, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { done: (await deeds[deed](given)) ?? {} };
  } catch (error) {
    answer = { failed: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
