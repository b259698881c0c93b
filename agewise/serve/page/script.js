"use strict";
// Sends pictures to /v1/estimate one by one and shows what comes back. Names and other texts only ever become text nodes.
const $ = (id) => document.getElementById(id);
const atOnce = 3;  // requests
const pictures = [];  // {file, url, state: "waiting" | "sent" | "done", faces, problem, card}
let model = null, sending = 0, shots = 0;

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const whole = (value) => Math.round(value).toLocaleString("en");
const share = (value) => (100 * value).toLocaleString("en", {maximumFractionDigits: value < 0.1 ? 1 : 0}) + " %";
const plural = (count, word) => count + " " + word + (count === 1 ? "" : "s");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// --- the server ---
function token() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (given) {  // out of the address bar, so that it is not passed on with it
    sessionStorage.setItem("token", decodeURIComponent(given[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

let asked = null;
function askForToken() {
  if (asked) return asked;
  $("ask-token").showModal();
  asked = new Promise((resolve) => {
    $("token-form").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem("token", $("token").value);
      $("ask-token").close();
      asked = null;
      resolve();
    };
  });
  return asked;
}

// What a decoder says of a broken file helps few; the rest is a sentence already.
function inWords(error) {
  if (error.code !== "unreadable_picture") return error.message;
  return "This file cannot be read as a picture: it is broken, or its format is not supported (" + error.message + ").";
}

// The answer's JSON; waits where the server is busy, throws what is wrong as a sentence.
async function ask(path, options) {
  for (let tries = 0; ; ++tries) {
    const headers = {...(options && options.headers)}, known = token();
    if (known) headers.Authorization = "Bearer " + known;
    let response;
    try {
      response = await fetch(path, {...options, headers});
    } catch {
      throw new Error("The server does not respond.");
    }
    if (response.ok) return response.json();
    if (response.status === 401) {
      await askForToken();
    } else if (response.status === 503 && tries < 20) {
      await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(response.headers.get("Retry-After")) || 1)));
    } else {
      const answer = await response.json().catch(() => null);
      throw new Error(answer && answer.error ? inWords(answer.error) : "The server responded with status " + response.status + ".");
    }
  }
}

async function loadModel() {
  if (!model) model = await ask("v1/model");
  return model;
}

// Said before the first picture, where it can be had without asking for a token.
async function showLimits() {
  const known = token();
  try {
    const response = await fetch("v1/model", {headers: known ? {Authorization: "Bearer " + known} : {}});
    if (!response.ok) return;
    model = await response.json();
  } catch {
    return;  // the first picture will tell
  }
  if (!model.notes.limits) return;
  $("limits").textContent = "Limits of this model: " + model.notes.limits + ".";
  $("limits").hidden = false;
}

// --- pictures ---
function add(files) {
  for (const file of files) {
    const picture = {file, url: URL.createObjectURL(file), state: "waiting", faces: [], problem: null};
    picture.card = cardOf(picture);
    pictures.push(picture);
    $("gallery").append(picture.card);
  }
  showStatus();
  sendNext();
}

function sendNext() {
  while (sending < atOnce) {
    const picture = pictures.find((one) => one.state === "waiting");
    if (!picture) return;
    picture.state = "sent";
    ++sending;
    send(picture).finally(() => {
      --sending;
      showStatus();
      sendNext();
    });
  }
}

async function send(picture) {
  try {
    await loadModel();
    const answer = await ask("v1/estimate?distribution=true",
      {method: "POST", body: picture.file, headers: {"Content-Type": "application/octet-stream"}});
    picture.faces = answer.pictures[0].faces;
  } catch (error) {
    picture.problem = error.message;
  }
  picture.state = "done";
  fill(picture);
}

function cardOf(picture) {
  const image = el("img", {src: picture.url, alt: picture.file.name});
  const frame = el("div", {class: "frame"}, image);
  image.addEventListener("load", () => fill(picture));
  image.addEventListener("error", () => frame.replaceChildren(el("p", {class: "no-preview"}, "This browser cannot display it")));
  const remove = el("button", {type: "button", class: "close", "aria-label": "Remove " + picture.file.name}, "×");
  remove.addEventListener("click", () => {
    pictures.splice(pictures.indexOf(picture), 1);
    picture.card.remove();
    URL.revokeObjectURL(picture.url);
    showStatus();
  });
  return el("li", {class: "card picture waiting"}, frame, remove, el("p", {class: "name"}, picture.file.name),
    el("div", {class: "faces-list"}, el("p", {class: "faint"}, "…")));
}

const ageText = (face) => face.age === null ? "?" : whole(face.age);
const intervalText = (face) => face.interval ? whole(face.interval.low) + "–" + whole(face.interval.high) : "";

function faceButton(picture, face, index, className, ...children) {
  const name = "Face " + (index + 1) + " in " + picture.file.name + ": ";
  const label = name + (face.age === null ? "no age, " + (face.reason || "no number") : ageText(face) + " years" +
    (face.interval ? ", " + intervalText(face) : "") + ". Show all ages");
  const button = el("button", {type: "button", class: className, "aria-label": label}, ...children);
  button.disabled = !face.distribution;
  button.addEventListener("click", () => showFace(picture, face, index));
  return button;
}

// Boxes count in pixels of the upright picture, which is how browsers show it.
function boxOf(picture, face, index, image) {
  const [left, top, right, bottom] = face.box;
  const place = bottom > 0.93 * image.naturalHeight ? "box inside" : "box";
  const button = faceButton(picture, face, index, place, el("b", {}, ageText(face)));
  button.tabIndex = -1;  // the list below the picture has the same
  const across = (value) => 100 * value / image.naturalWidth + "%", down = (value) => 100 * value / image.naturalHeight + "%";
  Object.assign(button.style, {left: across(left), top: down(top), width: across(right - left), height: down(bottom - top),
                               transform: face.angle ? "rotate(" + face.angle + "deg)" : ""});
  return button;
}

function fill(picture) {
  if (picture.state !== "done") return;
  const card = picture.card, image = card.querySelector("img"), list = card.querySelector(".faces-list");
  card.classList.remove("waiting");
  for (const old of card.querySelectorAll(".box")) old.remove();
  if (image && image.naturalWidth > 0) {
    const shown = el("div", {class: "boxes"});
    picture.faces.forEach((face, i) => { if (face.box) shown.append(boxOf(picture, face, i, image)); });
    const old = card.querySelector(".boxes");
    if (old) old.remove();
    shown.style.aspectRatio = image.naturalWidth + " / " + image.naturalHeight;
    image.after(shown);
  }
  if (picture.problem) return list.replaceChildren(el("p", {class: "problem"}, picture.problem));
  if (picture.faces.length === 0) return list.replaceChildren(el("p", {class: "faint"}, "No face found, no age."));
  list.replaceChildren(...picture.faces.map((face, i) => faceButton(picture, face, i, "face",
    el("b", {}, ageText(face)), el("span", {}, face.age === null ? " " + (face.reason || "no number") : " years"),
    face.age !== null && face.interval ? el("span", {class: "faint"}, " " + intervalText(face)) : null,
    face.crop ? el("span", {class: "faint"}, " as a face crop") : null)));
}

function showStatus() {
  $("bar").hidden = pictures.length === 0;
  const left = pictures.filter((one) => one.state !== "done").length;
  const faces = pictures.reduce((sum, one) => sum + one.faces.length, 0);
  $("status").textContent = plural(pictures.length, "picture") + ", " + plural(faces, "face") +
    (left > 0 ? " · " + left + " waiting" : "");
  $("csv").disabled = left === pictures.length;
}

// --- one face ---
let chart = null, drawFace = null;

// A class a year: round ages; a few classes: all of them.
function ageTicks() {
  if (model.classes.length <= 12) return {maxRotation: 0, autoSkipPadding: 8};
  const years = (i) => model.classes[i].years;
  return {maxRotation: 0, autoSkip: false, callback: (value, i) => (years(i) % 20 === 0 ? String(years(i)) : "")};
}

function distributionInWords(face) {
  const order = face.distribution.map((probability, i) => ({probability, name: model.classes[i].name}));
  order.sort((a, b) => b.probability - a.probability);
  return "Probability of each age; most likely: " +
    order.slice(0, 3).map((one) => one.name + " with " + share(one.probability)).join(", ");
}

// The face upright, with a little around it; the whole picture where no face was found in it.
function drawCrop(picture, face, index) {
  const image = picture.card.querySelector("img"), canvas = $("face-crop"), size = 160;
  canvas.hidden = !image || !image.naturalWidth;
  if (canvas.hidden) return;
  const [left, top, right, bottom] = face.box || [0, 0, image.naturalWidth, image.naturalHeight];
  const around = face.box ? 1.4 : 1, scale = size / (around * Math.max(right - left, bottom - top, 1));
  canvas.width = canvas.height = size;
  canvas.setAttribute("aria-label", "Face " + (index + 1) + " of " + picture.file.name);
  const context = canvas.getContext("2d");
  context.translate(size / 2, size / 2);
  context.rotate(-(face.angle || 0) * Math.PI / 180);
  context.scale(scale, scale);
  context.drawImage(image, -(left + right) / 2, -(top + bottom) / 2);
}

function showFace(picture, face, index) {
  const inside = (years) => !face.interval || (years >= face.interval.low - 0.5 && years <= face.interval.high + 0.5);
  $("face-title").textContent = face.age === null ? "No age" : whole(face.age) + " years";
  const parts = [picture.file.name + (picture.faces.length > 1 ? ", face " + (index + 1) : "")];
  if (face.interval) {
    parts.push("between " + whole(face.interval.low) + " and " + whole(face.interval.high) +
               " years: right for " + share(face.interval.coverage) + " of people");
  }
  if (face.class) parts.push("most likely class: " + face.class);
  $("face-text").textContent = parts.join(" · ");
  drawCrop(picture, face, index);
  $("face-chart").setAttribute("aria-label", distributionInWords(face));
  drawFace = () => {
    if (chart) chart.destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.color = colour("faint");
    Chart.defaults.borderColor = colour("rule");
    chart = new Chart($("face-chart"), {
      type: "bar",
      data: {labels: model.classes.map((one) => one.name), datasets: [{
        data: face.distribution, borderRadius: 2, categoryPercentage: 0.95, barPercentage: 0.95,
        backgroundColor: model.classes.map((one) => colour(inside(one.years) ? "accent" : "quiet"))}]},
      options: {
        animation: false, maintainAspectRatio: false,
        scales: {x: {grid: {display: false}, ticks: ageTicks()},
                 y: {beginAtZero: true, ticks: {callback: share, maxTicksLimit: 5}}},
        plugins: {legend: {display: false}, tooltip: {callbacks: {label: (item) => share(item.parsed.y)}}}
      }
    });
  };
  $("face").showModal();
  drawFace();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if ($("face").open) drawFace(); });

// --- the model's card ---
async function showModel() {
  const place = $("model-text");
  $("model").showModal();
  try {
    await loadModel();
  } catch (error) {
    return place.replaceChildren(el("p", {class: "problem"}, error.message));
  }
  const metadata = el("dl", {class: "metadata"});
  const row = (label, text) => metadata.append(el("dt", {}, label), el("dd", {}, text));
  row("recipe", model.recipe);
  row("network", plural(model.layers.length - 1, "layer") + ", " + model.parameters.toLocaleString("en") + " parameters");
  row("faces", (model.colour === "grey" ? "grey, " : "colour, ") + model.face_size + " × " + model.face_size + " pixels");
  row("answers", plural(model.classes.length, "class").replace("classs", "classes") + ", " +
    model.classes[0].name + " to " + model.classes[model.classes.length - 1].name);
  if (model.coverage === null) row("intervals", "none: the model is not calibrated");
  for (const [name, text] of Object.entries(model.notes)) {
    const isLink = /^https?:\/\//.test(text);
    if (name === "card" && !isLink) continue;  // a file beside the program, which nobody here can open
    row(name, isLink ? el("a", {href: text, rel: "noreferrer"}, text) : text);
  }
  const rows = model.layers.map((layer) => el("tr", {}, el("td", {}, layer.name), el("td", {}, layer.kind),
    el("td", {}, layer.shape), el("td", {}, layer.parameters.toLocaleString("en"))));
  const head = el("tr", {}, ...["layer", "kind", "output", "parameters"].map((name) => el("th", {}, name)));
  place.replaceChildren(el("p", {class: "faint"}, model.description), metadata,
    el("details", {}, el("summary", {}, "Layers"),
      el("div", {class: "scroll"}, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)))),
    el("details", {}, el("summary", {}, "Recipe"), el("pre", {}, model.recipe_toml)));
}

// --- camera ---
const hasCamera = window.isSecureContext && navigator.mediaDevices && navigator.mediaDevices.getUserMedia;

async function openCamera() {
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({video: {facingMode: "user"}});
    $("camera").showModal();
  } catch (error) {
    $("hint").textContent = "The camera cannot be used: " + error.message;
  }
}

function closeCamera() {
  if ($("video").srcObject) $("video").srcObject.getTracks().forEach((track) => track.stop());
  $("video").srcObject = null;
}

function shoot() {
  const video = $("video"), canvas = el("canvas", {width: video.videoWidth, height: video.videoHeight});
  if (video.videoWidth === 0) return;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => add([new File([blob], "camera " + ++shots + ".jpg", {type: "image/jpeg"})]), "image/jpeg", 0.95);
  $("camera").close();
}

// --- CSV (RFC 4180); a name that a spreadsheet would take for a formula gets an apostrophe ---
function csvText() {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  };
  const rows = [["file", "face", "age", "low", "high", "class", "left", "top", "right", "bottom", "angle", "score", "reason"]];
  for (const {file, faces, state, problem} of pictures) {
    if (state === "done" && faces.length === 0) {
      rows.push([file.name, "", "", "", "", "", "", "", "", "", "", "", problem || "no face found"]);
    }
    faces.forEach((face, i) => rows.push([file.name, i + 1, face.age, ...(face.interval ? [face.interval.low, face.interval.high] : ["", ""]),
      face.class, ...(face.box || ["", "", "", ""]), face.angle, face.score, face.reason]));
  }
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function downloadCsv() {
  const url = URL.createObjectURL(new Blob([csvText()], {type: "text/csv"}));
  el("a", {href: url, download: "ages.csv"}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// --- wiring ---
for (const input of [$("files"), $("capture-file")]) {
  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
}
const hasFiles = (event) => Array.from(event.dataTransfer.types).includes("Files");
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  $("drop").classList.add("over");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  add(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length > 0) add(event.clipboardData.files);
});
$("show-model").addEventListener("click", showModel);
$("csv").addEventListener("click", downloadCsv);
$("clear").addEventListener("click", () => {
  for (const picture of pictures.splice(0)) URL.revokeObjectURL(picture.url);
  $("gallery").replaceChildren();
  showStatus();
});
$("open-camera").hidden = !hasCamera;
$("capture").hidden = Boolean(hasCamera);
$("open-camera").addEventListener("click", openCamera);
$("shoot").addEventListener("click", shoot);
$("camera").addEventListener("close", closeCamera);
for (const dialog of document.querySelectorAll("dialog:not(#ask-token)")) {  // a click beside it closes it
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
if (matchMedia("(hover: none) and (pointer: coarse)").matches) $("invitation").textContent = "Choose pictures, or take one";
token();
showLimits();
