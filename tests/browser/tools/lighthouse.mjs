// Lighthouse on pages that a Chromium already has the cookies of: a line {url, form} in, a line of its judgement out.
// The debugging port of the Chromium is the one argument. Nothing is stored, cleared or throttled.
import readline from "node:readline";
import lighthouse, {desktopConfig} from "lighthouse";

const flags = {
  port: Number(process.argv[2]),
  onlyCategories: ["accessibility", "best-practices"],
  disableStorageReset: true,
  disableFullPageScreenshot: true,
  throttlingMethod: "provided",
  logLevel: "silent",
};
const configs = {desktop: desktopConfig, mobile: undefined};

for await (const line of readline.createInterface({input: process.stdin})) {
  const {url, form} = JSON.parse(line);
  const {lhr} = await lighthouse(url, flags, configs[form]);
  const categories = Object.values(lhr.categories);
  const weighty = new Set(categories.flatMap(one => one.auditRefs).filter(ref => ref.weight).map(ref => ref.id));
  const audits = Object.values(lhr.audits);
  console.log(JSON.stringify({
    version: lhr.lighthouseVersion,
    shown: lhr.finalDisplayedUrl,
    error: lhr.runtimeError?.message ?? null,
    scores: Object.fromEntries(categories.map(one => [one.id, Math.round(one.score * 100)])),
    judged: audits.filter(one => weighty.has(one.id) && one.score !== null).length,
    failed: audits.filter(one => one.score !== null && one.score < 1)
      .map(({id, title, details}) => ({id, title, weighty: weighty.has(id), items: details?.items ?? []})),
  }));
}
