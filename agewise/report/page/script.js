"use strict";
// Draws the report from the JSON in #data (agewise/report/data.h says what is in it). Texts of the collection, such as
// file names, only ever become text nodes.
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("report");
const fewClasses = data.class_names.length <= 12;  // else, with a class a year, being right to the year says little

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const number = (value, digits) => value === null || value === undefined ? "–" :
  value.toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits});
const percent = (share) => share === null ? "–" : number(100 * share, 1) + " %";
const count = (value) => number(value, 0);

function section(title, text, ...children) {
  const node = el("section", {}, el("h2", {}, title), text ? el("p", {}, text) : null, ...children);
  page.append(node);
  return node;
}
const card = (title, ...children) => el("div", {class: "card"}, title ? el("h3", {}, title) : null, ...children);
const grid = (...cards) => el("div", {class: "grid"}, ...cards);

function table(head, rows) {
  const cells = (tag, row) => el("tr", {}, ...row.map((cell) => el(tag, {}, String(cell))));
  return scrolled(el("table", {}, el("thead", {}, cells("th", head)), el("tbody", {}, ...rows.map((row) => cells("td", row)))));
}

// A table that may be wider than the screen: it says so where it is, and the keyboard reaches it.
function scrolled(node) {
  const box = el("div", {class: "scroll"}, node);
  const hint = el("p", {class: "hint", hidden: ""}, "The table continues to the right →");
  new ResizeObserver(() => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    hint.hidden = !wide;
    wide ? box.setAttribute("tabindex", "0") : box.removeAttribute("tabindex");
    wide ? box.setAttribute("role", "region") : box.removeAttribute("role");
    wide ? box.setAttribute("aria-label", "table, scrolls sideways") : box.removeAttribute("aria-label");
  }).observe(box);
  return el("div", {}, box, hint);
}

// --- charts: made again when the colour scheme changes ---
const charts = [];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// `words` say what it shows to those who do not see it.
function chart(make, words, low) {
  const canvas = el("canvas", {role: "img", "aria-label": words});
  charts.push({canvas, make, drawn: null});
  return el("div", {class: low ? "chart low" : "chart"}, canvas);
}

function drawCharts() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = colour("faint");
  Chart.defaults.borderColor = colour("rule");
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  for (const entry of charts) {
    if (entry.drawn) entry.drawn.destroy();
    entry.drawn = new Chart(entry.canvas, entry.make());
  }
}

// Lines as in the chart, dashed ones dashed.
const legend = {position: "top", align: "end", labels: {
  usePointStyle: true, pointStyle: "line", pointStyleWidth: 24,
  generateLabels: (chart) => Chart.defaults.plugins.legend.labels.generateLabels(chart).map((label) =>
    ({...label, lineDash: chart.data.datasets[label.datasetIndex].borderDash || []}))
}};

// A thin line at the best epoch.
const bestEpoch = {
  id: "bestEpoch",
  beforeDatasetsDraw(chart) {
    if (!data.best_epoch) return;
    const x = chart.scales.x.getPixelForValue(data.best_epoch), {top, bottom} = chart.chartArea, context = chart.ctx;
    context.save();
    context.strokeStyle = colour("quiet");
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
    context.restore();
  }
};

function curves(key, format, most) {
  const line = (name, part, ink) => ({
    label: name, data: data.epochs.map((epoch) => ({x: epoch.epoch, y: epoch[part][key]})), borderColor: ink,
    backgroundColor: ink, borderWidth: 2, pointStyle: "line", pointRadius: data.epochs.length < 2 ? 3 : 0, pointHitRadius: 8, tension: 0
  });
  const end = data.axis_ends[key], last = data.epochs[data.epochs.length - 1];
  const words = `${key} over the epochs; in the last, ${last.epoch}: ${format(last.train[key])} in training, ` +
    `${format(last.validation[key])} in validation`;
  const dashed = () => ({label: "best epoch", data: [], borderColor: colour("quiet"), borderWidth: 1, borderDash: [3, 3]});
  return el("div", {}, chart(() => ({
    type: "line",
    data: {datasets: [line("train", "train", colour("accent")), line("validation", "validation", colour("second")),
                      ...(data.best_epoch ? [dashed()] : [])]},
    options: {
      interaction: {mode: "index", intersect: false},
      scales: {
        x: {type: "linear", min: 1, max: Math.max(2, data.epochs[data.epochs.length - 1].epoch), grid: {display: false},
            ticks: {precision: 0}},
        y: {min: 0, max: end ? end.top : most, ticks: {callback: format}}
      },
      plugins: {
        legend,
        tooltip: {callbacks: {title: (items) => "epoch " + items[0].parsed.x,
                              label: (item) => item.dataset.label + ": " + format(item.parsed.y)}}
      }
    },
    plugins: [bestEpoch]
  }), words), end ? el("p", {class: "hint"}, end.beyond) : null);
}

function bars(labels, sets, format, low) {
  const words = sets.map((set) => (sets.length > 1 ? set.name + ": " : "") +
    labels.map((label, i) => `${label} ${format(set.values[i])}`).join(", ")).join("; ");
  return chart(() => ({
    type: "bar",
    data: {labels, datasets: sets.map((set) => ({label: set.name, data: set.values, backgroundColor: colour(set.ink),
                                                 borderRadius: 2, categoryPercentage: 0.9, barPercentage: 0.9}))},
    options: {
      scales: {x: {grid: {display: false}, ticks: {maxRotation: 0, autoSkipPadding: 8}},
               y: {beginAtZero: true, ticks: {callback: format, maxTicksLimit: 6}}},
      plugins: {
        legend: sets.length > 1 ? {position: "top", align: "end", labels: {boxWidth: 10, boxHeight: 10}} : {display: false},
        tooltip: {callbacks: {label: (item) => (sets.length > 1 ? item.dataset.label + ": " : "") + format(item.parsed.y)}}
      }
    }
  }), words, low);
}

// --- sections ---
function heading() {
  document.title = data.title + " · agewise";
  const metadata = el("dl", {class: "metadata"});
  for (const [label, text] of data.metadata) metadata.append(el("dt", {}, label), el("dd", {}, text));
  page.append(el("header", {}, el("h1", {}, data.title), el("p", {}, data.description), metadata));
}

function figures(evaluation) {
  const {model, baseline} = evaluation.all;
  const figure = (value, ...lines) => el("div", {class: "card figure"}, el("b", {}, value), ...lines.map((line) => el("span", {}, line)));
  page.append(el("div", {class: "figures"},
    fewClasses ? figure(percent(model.accuracy), "in the right class", "baseline: " + percent(baseline.accuracy)) : "",
    figure(number(model.mae, 2), "years off on average (MAE)", "baseline: " + number(baseline.mae, 2)),
    figure(percent(model.cs5 / 100), "at most 5 years off (CS@5)", "baseline: " + percent(baseline.cs5 / 100)),
    model.epsilon_error === undefined ? figure(count(evaluation.all.pictures), evaluation.part + " pictures", "evaluated")
      : figure(number(model.epsilon_error, 3), "ε-error", "baseline: " + number(baseline.epsilon_error, 3))));
  if (data.caveats.length > 0) page.append(el("div", {class: "note"}, ...data.caveats.map((text) => el("p", {}, text))));
}

function comparison(evaluation) {
  const {model, baseline} = evaluation.all;
  const rows = [
    ["accuracy", percent(model.accuracy), percent(baseline.accuracy)],
    ["MAE, years", number(model.mae, 2), number(baseline.mae, 2)],
    ["bias, years", number(model.mean_error, 2), number(baseline.mean_error, 2)],
    ...data.score_years.map((k) => ["CS@" + k, percent(model["cs" + k] / 100), percent(baseline["cs" + k] / 100)])
  ];
  if (model.epsilon_error !== undefined) rows.push(["ε-error", number(model.epsilon_error, 3), number(baseline.epsilon_error, 3)]);
  return card("Compared with the baseline", table(["", "network", "baseline"], rows));
}

function confusionTable(names, counts) {
  const body = counts.map((row, truth) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return el("tr", {}, el("th", {}, names[truth]), ...row.map((cell) => {
      const share = sum > 0 ? cell / sum : 0;
      return el("td", {style: `background: rgba(var(--accent-rgb), ${(0.04 + 0.6 * share).toFixed(3)})`},
        sum > 0 ? number(100 * share, 0) + " %" : "–", el("small", {}, count(cell)));
    }));
  });
  return scrolled(el("table", {class: "confusion"},
    el("thead", {}, el("tr", {}, el("th", {}, ""), ...names.map((name) => el("th", {}, name)))), el("tbody", {}, ...body)));
}

// One pixel a cell, as dark as its share of the row's fullest.
function confusionHeat(names, counts) {
  const n = counts.length, canvas = el("canvas", {class: "heat", width: n, height: n, role: "img",
    "aria-label": "how often each age was estimated for each true age; the table by decade says the same in numbers"});
  const context = canvas.getContext("2d");
  counts.forEach((row, y) => {
    const most = Math.max(1, ...row);
    row.forEach((cell, x) => {
      context.fillStyle = `rgba(70, 130, 200, ${cell / most})`;
      context.fillRect(x, y, 1, 1);
    });
  });
  return el("div", {}, canvas, el("p", {class: "axis"}, el("span", {}, names[0]), el("span", {}, "estimated →"), el("span", {}, names[n - 1])));
}

function confusion(evaluation) {
  const draw = fewClasses ? confusionTable : confusionHeat;
  return card("True class (rows) and estimated class (columns)", draw(evaluation.classes, evaluation.confusion));
}

function groupTable(title, groups) {
  return card(title, table(["", "pictures", "MAE", "bias", "baseline", "accuracy", "CS@5"], groups.map((group) => [
    group.name, count(group.pictures), number(group.model.mae, 2),
    (group.model.mean_error > 0 ? "+" : "") + number(group.model.mean_error, 2), number(group.baseline.mae, 2),
    percent(group.model.accuracy), percent(group.model.cs5 / 100)])));
}

function rangesTable(ranges) {
  const groups = [{name: "all", ...ranges}, ...ranges.groups];
  return card("Pictures whose age is known as a range: estimates inside it, and how many years off",
    table(["", "pictures", "inside", "within 2 years", "years off", "bias"], groups.map((group) => [
      group.name, count(group.pictures), percent(group.inside), percent(group.within_2_years), number(group.distance, 2),
      (group.mean_distance > 0 ? "+" : "") + number(group.mean_distance, 2)])));
}

function coverageTable({promised, decades, name, pictures, coverage, mean_width, told}) {
  return card("Intervals of " + percent(promised) + ", by decade of the true age",
    table(["", "pictures", "true age inside", "years wide"],
      [...decades, {name, pictures, coverage, mean_width}, ...(told ? [told] : [])].map((group) =>
        [group.name, count(group.pictures), percent(group.coverage), number(group.mean_width, 1)])));
}

// Of what was told in ten bins, how much was so: on the diagonal where that is the same.
function reliability(all) {
  const asked = all.filter((one) => [13, 18, 25, 65].includes(one.years));
  const inks = ["accent", "second", "faint", "ink"];
  const points = (one) => one.bins.filter((bin) => bin.pictures > 0);
  const words = asked.map((one) => `${one.years} or older: ` +
    points(one).map((bin) => `told ${percent(bin.told)}, are ${percent(bin.older)}`).join(", ")).join("; ");
  const diagonal = () => ({label: "as told", data: [{x: 0, y: 0}, {x: 1, y: 1}], borderColor: colour("quiet"), borderWidth: 1,
                          borderDash: [3, 3], pointRadius: 0});
  const share = {min: 0, max: 1, ticks: {callback: (value) => number(100 * value, 0) + " %", maxTicksLimit: 6}};
  const node = card("The probability of being N years or older",
    table(["N", "pictures", "N or older", "told", "expected calibration error"], all.map((one) =>
      [one.years, count(one.pictures), percent(one.older), percent(one.told), percent(one.error)])));
  if (asked.length === 0) return node;
  node.append(chart(() => ({
    type: "line",
    data: {datasets: [...asked.map((one, i) => ({
      label: `${one.years} or older`, data: points(one).map((bin) => ({x: bin.told, y: bin.older, pictures: bin.pictures})),
      borderColor: colour(inks[i]), backgroundColor: colour(inks[i]), borderWidth: 2, pointRadius: 3, tension: 0})), diagonal()]},
    options: {
      scales: {x: {...share, type: "linear", title: {display: true, text: "told"}},
               y: {...share, title: {display: true, text: "N or older"}}},
      plugins: {legend, tooltip: {callbacks: {title: () => "", label: (item) =>
        `${item.dataset.label}: told ${percent(item.parsed.x)}, are ${percent(item.parsed.y)}, ${count(item.raw.pictures || 0)} pictures`}}}
    }
  }), words));
  return node;
}

function quality(evaluation) {
  section("How good it is", `Measured on the ${count(evaluation.all.pictures)} pictures of the ${evaluation.part} part. ` +
    `The baseline gives the same answer for every picture: “${evaluation.majority_class}”, the most frequent class of ` +
    `${evaluation.baseline_from}, and ${number(evaluation.mean_age, 1)} years, the mean age there.`,
    grid(confusion(evaluation), comparison(evaluation)));
  const cards = [];
  if (evaluation.genders.length > 1) cards.push(groupTable("By gender", evaluation.genders));
  if (evaluation.races.length > 1) cards.push(groupTable("By race, as the labels name it", evaluation.races));
  if (evaluation.sources.length > 1) cards.push(groupTable("By source", evaluation.sources));
  const decades = groupTable("By decade of the true age", evaluation.decades);
  decades.append(bars(evaluation.decades.map((group) => group.name), [
    {name: "network", values: evaluation.decades.map((group) => group.model.mae), ink: "accent"},
    {name: "baseline", values: evaluation.decades.map((group) => group.baseline.mae), ink: "quiet"}],
    (value) => number(value, 0) + " y", true));
  if (evaluation.coverage) cards.unshift(coverageTable(evaluation.coverage));
  cards.unshift(decades);
  if (evaluation.ranges) cards.push(rangesTable(evaluation.ranges));
  if (evaluation.reliability.length > 0) cards.push(reliability(evaluation.reliability));
  for (const node of cards) node.classList.add("wide");
  section("For whom", "Bias = predicted age − true age, in years: above 0, people are estimated too old.", grid(...cards));
}

function mistakes(evaluation) {
  if (evaluation.worst.length === 0) return;
  section("The worst mistakes", "The pictures whose estimate is furthest from the label. Check for each whether the network, the label or the picture is wrong.",
    el("ul", {class: "faces"}, ...evaluation.worst.map((one) => el("li", {},
      one.picture ? el("img", {src: one.picture, alt: "", loading: "lazy"}) : null,
      el("b", {}, `${number(one.age, 0)}, estimated as ${number(one.estimate, 0)}`), fileName(one.file)))));
}

// Cut off where it is too long; whole under the mouse, and on a tap.
function fileName(file) {
  const button = el("button", {class: "file", type: "button", title: file, "aria-expanded": "false"}, file);
  button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(button.classList.toggle("whole")));
  });
  return button;
}

function training() {
  if (data.epochs.length === 0) return;
  const last = data.epochs[data.epochs.length - 1];
  const best = data.best_epoch ? ` The best ${data.finished ? "" : "so far "}is epoch ${data.best_epoch}, the dashed line.` : "";
  const above = data.harder_training && last.train.loss > last.validation.loss ?
    ` The loss is higher in training than in validation because the training pictures ${data.harder_training}.` : "";
  section("Training", `${count(last.epoch)} epochs, ${count(last.images_per_second)} pictures per second.${best}${above}`,
    grid(card("Loss", curves("loss", (value) => number(value, 2))),
         card("Accuracy", curves("accuracy", (value) => number(100 * value, 0) + " %", 1)),
         card("MAE, years", curves("mae", (value) => number(value, 1)))));
}

function collection() {
  if (data.parts.length === 0) return;
  const inks = ["quiet", "accent", "second", "faint"];
  const share = (counts) => {
    const sum = Math.max(1, counts.reduce((a, b) => a + b, 0));
    return counts.map((value) => 100 * value / sum);
  };
  const format = (value) => number(value, value < 10 && value % 1 ? 1 : 0) + " %";
  const ages = data.parts.map((part, i) => card(`Age, ${part.name}: ${count(part.pictures)} pictures`,
    bars(data.age_bins, [{name: part.name, values: share(part.ages), ink: inks[i]}], format, true)));
  const cards = [...ages];
  if (fewClasses) {
    const classes = card("Classes", bars(data.class_names,
      data.parts.map((part, i) => ({name: part.name, values: share(part.classes), ink: inks[i]})), format, true));
    classes.classList.add("wide");
    cards.push(classes);
  }
  section("The pictures", "The distribution of ages in each part, in percent. The parts should have similar distributions. " +
    "An age known as a range counts evenly in each of its years.", grid(...cards));
}

function recipe() {
  section("The recipe", "All settings of this run. They can be saved to a file and given to --recipe.",
    el("details", {class: "card"}, el("summary", {}, "Show it"), el("pre", {tabindex: "0"}, data.recipe)));
}

page.replaceChildren();
heading();
if (data.evaluation) {
  figures(data.evaluation);
  quality(data.evaluation);
}
training();
if (data.evaluation) mistakes(data.evaluation);
collection();
recipe();
drawCharts();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);
