"use strict";
// Shows openapi.json, which describes the API, as a page. Its texts only ever become text nodes.
const $ = (id) => document.getElementById(id);

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const nameOf = (reference) => reference.split("/").pop();

// "array of Face", "string or null", …; another schema is a link to it.
function typeOf(schema) {
  if (schema.$ref) {
    const name = schema.$ref.includes("/properties/") ? nameOf(schema.$ref.split("/properties/")[0]) : nameOf(schema.$ref);
    return [el("a", {href: "#" + name}, name)];
  }
  if (schema.type === "array") return ["list of ", ...typeOf(schema.items)];
  const words = schema.enum ? schema.enum.map((value) => JSON.stringify(value)).join(" or ") : schema.format || schema.type;
  return [words + (schema.nullable ? " or null" : "")];
}

// Paragraphs; those that are indented are commands, for this server.
function prose(text) {
  return (text || "").split("\n\n").map((part) => part.startsWith("    ")
    ? el("pre", {}, part.replace(/^ {4}/gm, "").replaceAll("http://127.0.0.1:8080", location.origin))
    : el("p", {}, part));
}

function rows(head, body) {
  return el("div", {class: "scroll"}, el("table", {class: "plain"},
    el("thead", {}, el("tr", {}, head.map((text) => el("th", {}, text)))),
    el("tbody", {}, body.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell)))))));
}

function properties(schema, depth) {
  const required = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).flatMap(([name, one]) => {
    const inner = one.type === "object" ? one : one.type === "array" && one.items.type === "object" ? one.items : null;
    const text = (one.description || "") + (required.has(name) || !schema.required ? "" : (one.description ? " " : "") + "(Optional.)");
    return [[el("code", {}, "\u00a0\u00a0".repeat(depth) + name), typeOf(one), text], ...(inner ? properties(inner, depth + 1) : [])];
  });
}

function answersOf(operation) {
  return Object.entries(operation.responses).map(([status, one]) => {
    const schema = Object.values(one.content || {}).map((content) => content.schema)[0];
    return [el("code", {}, status), one.description, schema ? typeOf(schema) : ""];
  });
}

function bodyOf(body) {
  if (!body) return null;
  const kinds = Object.entries(body.content).map(([type, {schema, example}]) => [el("code", {}, type),
    schema.properties ? Object.keys(schema.properties).join(", ") : "the picture's file",
    example ? el("code", {}, JSON.stringify(example)) : ""]);
  const fields = Object.entries(body.content).filter(([, {schema}]) => schema.properties)
    .map(([type, {schema}]) => [el("h3", {}, "In ", el("code", {}, type)), rows(["Field", "Type", ""], properties(schema, 0))]);
  return [el("h3", {}, "Body"), el("p", {}, body.description), rows(["Content-Type", "Content", "Example"], kinds), ...fields];
}

function card(path, method, operation, open) {
  const parameters = (operation.parameters || []).map((one) => [el("code", {}, one.name), typeOf(one.schema), one.description]);
  const token = operation.security && operation.security.length === 0 ? "Needs no token." : "Needs the token if the server was started with one.";
  const details = el("details", {class: "card"},
    el("summary", {}, el("b", {}, method.toUpperCase() + " " + path), " " + operation.summary),
    prose(operation.description), el("p", {}, token),
    parameters.length ? [el("h3", {}, "Query"), rows(["Parameter", "Type", ""], parameters)] : null,
    bodyOf(operation.requestBody), el("h3", {}, "Responses"), rows(["Status", "When", "Content"], answersOf(operation)));
  details.open = open;
  return details;
}

function show(document_) {
  $("about").textContent = document_.info.description + " Every error is one object, as shown below under Error.";
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(methods)) $("paths").append(card(path, method, operation, method === "post"));
  }
  $("schemas-title").hidden = false;
  for (const [name, schema] of Object.entries(document_.components.schemas)) {
    $("schemas").append(el("section", {class: "card", id: name}, el("h3", {}, name),
      schema.description ? el("p", {}, schema.description) : null, rows(["Field", "Type", ""], properties(schema, 0))));
  }
}

fetch("openapi.json").then((response) => response.json()).then(show)
  .catch(() => { $("about").textContent = "The server does not respond."; });
