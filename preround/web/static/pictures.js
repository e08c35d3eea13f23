// Zoom and window of pictures: an enhancement. Without it the whole picture stands there, with all that is said of it.
"use strict";

for (const figure of document.querySelectorAll("figure.picture")) {
  const svg = figure.querySelector("svg");
  const [width, height] = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  const steps = svg.querySelectorAll("feFuncR, feFuncG, feFuncB");
  const boxes = svg.querySelector(".boxes");
  const name = figure.querySelector("figcaption strong").textContent;
  const set = document.createElement("fieldset");
  set.className = "looking";
  const legend = set.appendChild(document.createElement("legend"));
  legend.textContent = "Look closer";
  legend.append(Object.assign(document.createElement("span"), { className: "hidden", textContent: ` at ${name}` }));

  const slider = (label, min, max, value, step) => {
    const line = set.appendChild(document.createElement("label"));
    const input = Object.assign(document.createElement("input"), { type: "range", min, max, step, value });
    line.append(`${label} `, input);
    input.dataset.usual = value;
    input.addEventListener("input", draw);
    return input;
  };
  const zoom = slider("Zoom", 1, 8, 1, 0.25);
  const across = slider("Left to right", 0, 100, 50, 1);
  const down = slider("Top to bottom", 0, 100, 50, 1);
  const center = slider("Window centre", 0, 255, 127.5, 0.5);
  const wide = slider("Window width", 10, 510, 255, 1);

  if (boxes) {
    const line = set.appendChild(document.createElement("label"));
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    line.append(tick, " Boxes");
    tick.addEventListener("change", () => boxes.toggleAttribute("hidden", !tick.checked));
  }
  const back = set.appendChild(document.createElement("button"));
  back.type = "button";
  back.textContent = "As it was";
  back.addEventListener("click", () => {
    for (const one of [zoom, across, down, center, wide]) one.value = one.dataset.usual;
    draw();
  });

  function draw() {
    const factor = Number(zoom.value);
    const [w, h] = [width / factor, height / factor];
    const [x, y] = [((width - w) * across.value) / 100, ((height - h) * down.value) / 100];
    svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    const slope = 255 / Number(wide.value);
    const intercept = 0.5 - (slope * Number(center.value)) / 255;
    for (const one of steps) {
      one.setAttribute("slope", slope);
      one.setAttribute("intercept", intercept);
    }
  }
  figure.append(set);
}
