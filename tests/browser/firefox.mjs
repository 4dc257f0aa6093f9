// Debian's Firefox over WebDriver BiDi: open an exported page, or a notebook in Lab and run it, press keys,
// say what is seen.
//   node firefox.mjs PUPPETEER_FOLDER FIREFOX PAGE_URL             -> one line of JSON
//   node firefox.mjs PUPPETEER_FOLDER FIREFOX LAB_URL NOTEBOOK
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, firefox, address, notebook] = process.argv.slice(2);
const entry = createRequire(`${folder}/package.json`).resolve("puppeteer-core");
const { default: puppeteer } = await import(pathToFileURL(entry));
const browser = await puppeteer.launch({
  browser: "firefox", executablePath: firefox, headless: true, protocol: "webDriverBiDi",
});
try {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(address);
  if (notebook) await runInLab(page, notebook);
  await page.waitForSelector(".ho-frame canvas", { timeout: 60_000 });
  const look = () => page.evaluate(() => {
    const canvas = document.querySelector(".ho-frame canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return {
      where: document.querySelector(".ho-where").textContent,
      letters: ["left", "right", "top", "bottom"].map((s) => document.querySelector(`.ho-${s}`).textContent).join(""),
      convention: document.querySelector(".ho-convention").textContent,
      size: [canvas.width, canvas.height],
      red: Array.from(data).filter((_, n) => n % 4 === 0),
    };
  });
  const wait = () => new Promise((done) => setTimeout(done, 500));
  await wait();
  const seen = { first: await look() };
  await page.focus(".ho-frame canvas");
  await page.keyboard.press("ArrowUp");
  await wait();
  seen.next = await look();
  await page.keyboard.press("c");
  await wait();
  seen.other = await look();
  if (notebook) { // Lab's slider, by its own keys
    await page.focus(".handson-axial .noUi-handle");
    await page.keyboard.press("ArrowRight");
    await wait();
    seen.slid = await look();
  }
  console.log(JSON.stringify({ ...seen, errors }));
} finally {
  await browser.close();
}

// As the menu's Run All Cells, once the kernel is there.
async function runInLab(page, path) {
  await page.waitForFunction(() => !!window.jupyterapp?.restored, { timeout: 60_000, polling: 200 });
  await page.evaluate(async (path) => {
    await jupyterapp.restored;
    await jupyterapp.commands.execute("docmanager:open", { path, factory: "Notebook" });
  }, path);
  await page.waitForFunction((path) => {
    const panel = [...jupyterapp.shell.widgets("main")].find((w) => w.context?.path === path);
    return panel?.sessionContext?.session?.kernel?.status === "idle";
  }, { timeout: 60_000, polling: 200 }, path);
  await page.evaluate(() => jupyterapp.commands.execute("notebook:run-all-cells"));
}
