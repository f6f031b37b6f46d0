// Lighthouse on pages that a Chromium already has the cookies of: a line {port, url, form} in, a line of its judgement
// out; `port`: that for debugging of the Chromium. Nothing is stored, cleared or throttled.
import readline from "node:readline";
import lighthouse, {desktopConfig} from "lighthouse";
import {pageFunctions} from "lighthouse/core/lib/page-functions.js";

// How fast this machine is matters to a performance that nobody asks for; to measure it takes a second of each page.
pageFunctions.computeBenchmarkIndex = () => 1000;

const QUIET_MS = 250;
const flags = {
  onlyCategories: ["accessibility", "best-practices"],
  disableStorageReset: true,
  disableFullPageScreenshot: true,
  // Loads as it is, and slow only in a calculation for the performance. The others wait 5 s for each kind of silence.
  throttlingMethod: "simulate",
  pauseAfterFcpMs: QUIET_MS,
  pauseAfterLoadMs: QUIET_MS,
  networkQuietThresholdMs: QUIET_MS,
  cpuQuietThresholdMs: QUIET_MS,
  logLevel: "silent",
};
const configs = {desktop: desktopConfig, mobile: undefined};

for await (const line of readline.createInterface({input: process.stdin})) {
  const {port, url, form} = JSON.parse(line);
  const {lhr} = await lighthouse(url, {...flags, port}, configs[form]);
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
