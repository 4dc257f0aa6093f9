// Names for the controls around the canvas: the handles of ipywidgets' sliders have none that a
// screen reader could say. Ours take the words of the label beside them, in our own box only.

function nameHandles(box, labels) {
  for (const slider of box.querySelectorAll(".widget-slider, .widget-hslider")) {
    const label = slider.querySelector(".widget-label")?.textContent.trim();
    if (!label) continue;
    const handles = slider.querySelectorAll(".noUi-handle");
    handles.forEach((handle, n) => {
      const end = handles.length === 2 ? ` ${labels.range_ends[n]}` : "";
      handle.setAttribute("aria-label", label + end);
    });
    const readout = slider.querySelector(".widget-readout");
    readout?.setAttribute("role", "textbox");
    readout?.setAttribute("aria-label", `${label} ${labels.value}`);
  }
}

// The box appears around the canvas after it is drawn, and its sliders later still.
export function nameControls(element, labels) {
  const watcher = new MutationObserver(() => nameHandles(box, labels));
  let box = null;
  const timer = setInterval(() => {
    box = element.closest(".handson-viewer");
    if (!element.isConnected || !box) return;
    clearInterval(timer);
    nameHandles(box, labels);
    const side = box.querySelector(".handson-side");
    if (side) watcher.observe(side, { childList: true, subtree: true });
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      watcher.disconnect();
    },
  };
}
