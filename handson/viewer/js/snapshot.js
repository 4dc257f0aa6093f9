// The pictures as they stand on the page, saved as a PNG: what is drawn over them, colour bars, panel.
//
// The stage is copied, its canvases turned into images, and drawn by the browser itself as an SVG picture.

const RATIO = 2; // picture points for a CSS pixel

function ownRules() {
  const rules = [];
  for (const sheet of document.styleSheets) {
    /** @type {Iterable<CSSRule>} */
    let list = [];
    try { list = sheet.cssRules; } catch { /* another site's style sheet: none of ours */ }
    for (const rule of list) if (rule.cssText.includes(".ho-")) rules.push(rule.cssText);
  }
  return rules.join("\n");
}

// Canvases are not copied with their pixels, and variables of the theme are not known outside.
function copyOf(stage) {
  const copy = stage.cloneNode(true), canvases = [...stage.querySelectorAll("canvas")];
  [...copy.querySelectorAll("canvas")].forEach((node, n) => {
    const image = document.createElement("img");
    image.src = canvases[n].toDataURL();
    image.className = node.className;
    image.style.cssText = node.style.cssText;
    node.replaceWith(image);
  });
  const view = document.createElement("div"), style = document.createElement("style");
  const computed = getComputedStyle(stage);
  for (const name of ["--ho-text", "--ho-soft", "--ho-line", "--ho-back"]) view.style.setProperty(name, computed.getPropertyValue(name));
  view.className = "ho-view";
  style.textContent = ownRules();
  copy.style.width = `${stage.clientWidth}px`;
  copy.style.height = `${stage.clientHeight}px`;
  view.append(style, copy);
  return view;
}

export async function pictureOf(stage) {
  const { clientWidth: width, clientHeight: height } = stage;
  const text = new XMLSerializer().serializeToString(copyOf(stage));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><foreignObject width="100%" height="100%">${text}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * RATIO, height * RATIO];
  const context = canvas.getContext("2d");
  context.scale(RATIO, RATIO);
  context.drawImage(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export async function savePicture(stage, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await pictureOf(stage));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
