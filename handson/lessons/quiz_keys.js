// Keeps the arrow keys, which go from option to option, inside the quiz that this element is part of.
import { keepArrows } from "./page.js";

function render({ el }) {
  let request = null;
  const keep = () => {
    const quiz = el.closest(".handson-quiz");
    if (quiz) keepArrows(quiz);
    else request = requestAnimationFrame(keep); // not in the page yet
  };
  keep();
  return () => cancelAnimationFrame(request);
}

export default { render };
