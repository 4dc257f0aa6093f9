// Debian's Firefox over WebDriver BiDi: open the exported page, press keys, say what is seen.
//   node firefox.mjs PUPPETEER_FOLDER FIREFOX PAGE_URL   -> one line of JSON
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, firefox, address] = process.argv.slice(2);
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
  await page.waitForSelector(".ho-frame canvas");
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
  console.log(JSON.stringify({ ...seen, errors }));
} finally {
  await browser.close();
}
