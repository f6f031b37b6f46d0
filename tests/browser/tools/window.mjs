// One window of Chromium or Firefox, told what to do line by line: JSON in, JSON out.
// Nothing here counts on the page's scripts: they may be off, and then a page has no promise, observer or timer.
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";

const { patience, ...launch } = JSON.parse(process.argv[2]);
const browser = await puppeteer.launch({ ...launch, headless: true, timeout: patience, protocolTimeout: patience });
const [page] = await browser.pages();

async function until(isSo, what) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(20)) {
    if (await isSo()) return;
  }
  throw new Error(`${what}, on « ${await page.title()} »`);
}

/** When this document began, once it is complete: no two have that in common. Null while it is not. */
async function begun() {
  try {
    // Firefox has an empty document, complete at once, before that of an address.
    return await page.evaluate(() =>
      document.readyState === "complete" && document.body?.firstElementChild ? performance.timeOrigin : null,
    );
  } catch {
    return null; // It was going away as it was asked.
  }
}

async function leave(by) {
  const before = await begun();
  await by();
  let now;
  await until(async () => (now = await begun()) !== null && now !== before, "the page stayed");
  return {};
}

/** The middle of what is seen with these words, or of the field that `autocomplete` or its label names. */
async function place(wanted) {
  return page.evaluate(({ kinds, words, autocomplete, folded }) => {
    const plain = (text) => text.replaceAll("’", "'").replace(/\s+/g, " ").trim();
    const all = (selector) => [...document.querySelectorAll(selector)];
    let found = autocomplete
      ? all(`input[autocomplete~="${autocomplete}"]`)[0]
      : all(kinds).find((one) => one.checkVisibility() && plain(one.innerText) === words);
    if (folded) found = found?.closest("details:not([open])")?.querySelector("summary");
    if (!found) return null;
    found.scrollIntoView({ block: "center", behavior: "instant" });
    const { x, y, width, height } = found.getClientRects()[0];
    return { x: x + width / 2, y: y + height / 2 };
  }, wanted);
}

async function click(wanted) {
  let at;
  await until(async () => (at = await place(wanted)), `no ${JSON.stringify(wanted)}`);
  await page.mouse.click(at.x, at.y);
}

const deeds = {
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
    page.$eval(`input[autocomplete~="${autocomplete}"]`, ({ type, value }) => ({ type, value })),
  read: () =>
    page.evaluate(() => ({
      url: location.href,
      title: document.title,
      text: document.body.innerText.replaceAll("’", "'").replace(/\s+/g, " ").trim(),
    })),
  picture: async ({ path, width, height }) => {
    await page.setViewport({ width, height });
    await page.screenshot({ path, fullPage: true });
  },
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
