"use strict";
// Draws a run's log as it grows; each epoch arrives as an event whose data is its line of log.jsonl.
const $ = (id) => document.getElementById(id);
const epochs = new Map();  // a run that was resumed sends an epoch again
const charts = new Map();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const number = (value, digits) => value === null ? "–" :
  value.toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits});
const percent = (value) => value === null ? "–" : number(100 * value, 1) + " %";
const formats = {mae: (value) => number(value, 1), accuracy: percent, loss: (value) => number(value, 3)};

function duration(seconds) {
  const all = Math.max(0, Math.round(seconds)), two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
  return hours > 0 ? hours + ":" + two(minutes) + ":" + two(all % 60) : minutes + ":" + two(all % 60);
}

function points(part, key) {
  return [...epochs.values()].sort((a, b) => a.epoch - b.epoch).map((one) => ({x: one.epoch, y: one[part + "_" + key]}));
}

function makeChart(key) {
  const line = (label, ink) => ({label, data: [], borderColor: colour(ink), backgroundColor: colour(ink), borderWidth: 2,
                                 pointRadius: 2, pointHitRadius: 8});
  return new Chart($(key), {
    type: "line",
    data: {datasets: [line("train", "accent"), line("validation", "second")]},
    options: {
      animation: false, maintainAspectRatio: false, interaction: {mode: "index", intersect: false},
      scales: {x: {type: "linear", min: 1, grid: {display: false}, ticks: {precision: 0}},
               y: {beginAtZero: true, ticks: {callback: formats[key], maxTicksLimit: 6}}},
      plugins: {legend: {position: "top", align: "end", labels: {boxWidth: 18, boxHeight: 2}},
                tooltip: {callbacks: {title: (items) => "epoch " + items[0].parsed.x,
                                      label: (item) => item.dataset.label + ": " + formats[key](item.parsed.y)}}}
    }
  });
}

function draw(key) {
  const chart = charts.get(key);
  chart.data.datasets[0].data = points("train", key);
  chart.data.datasets[1].data = points("validation", key);
  chart.options.scales.x.max = Math.max(2, ...epochs.keys());
  chart.update();
}

function makeCharts() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = colour("faint");
  Chart.defaults.borderColor = colour("rule");
  for (const key of Object.keys(formats)) {
    if (charts.has(key)) charts.get(key).destroy();
    charts.set(key, makeChart(key));
    draw(key);
  }
}

function figure(value, ...lines) {
  const card = document.createElement("div");
  card.className = "card figure";
  for (const [tag, text] of [["b", value], ...lines.map((line) => ["span", line])]) {
    const node = document.createElement(tag);
    node.textContent = text;
    card.append(node);
  }
  return card;
}

function showFigures(last) {
  const best = [...epochs.values()].filter((one) => one.best).reduce((a, b) => a && a.epoch > b.epoch ? a : b, null);
  const cards = [figure(String(last.epoch), "epochs done", last.seconds_left > 0 ? duration(last.seconds_left) + " left" : "")];
  if (best) {
    cards.push(figure(number(best.validation_mae, 2), "years off on average", "best epoch so far: " + best.epoch),
               figure(percent(best.validation_accuracy), "in the right class", "best epoch so far: " + best.epoch));
  }
  cards.push(figure(number(last.images_per_second, 0), "pictures per second", duration(last.seconds) + " per epoch"));
  $("figures").replaceChildren(...cards);
}

let frame = 0;
function drawSoon() {  // the epochs of a long log arrive all at once
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    showFigures([...epochs.values()].reduce((a, b) => a.epoch > b.epoch ? a : b));
    for (const key of charts.keys()) draw(key);
    $("report").hidden = false;
  });
}

makeCharts();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", makeCharts);
const events = new EventSource("events");
events.addEventListener("run", (event) => {
  const {run} = JSON.parse(event.data);
  $("run").textContent = run;
  document.title = run + " · agewise";
  $("state").textContent = "Waiting for the first epoch";
});
events.addEventListener("epoch", (event) => {
  const record = JSON.parse(event.data);
  epochs.set(record.epoch, record);
  drawSoon();
});
events.addEventListener("progress", (event) => {
  const {what, done, total} = JSON.parse(event.data);
  $("state").textContent = what;
  $("progress").value = total > 0 ? done / total : 0;
});
events.addEventListener("end", () => {
  events.close();
  $("state").textContent = "The training program has ended";
  $("progress").hidden = true;
});
events.addEventListener("error", () => {
  $("state").textContent = "Connection lost; trying again";
});
