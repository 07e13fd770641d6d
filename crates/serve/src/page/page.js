"use strict";
// The page at /: what the models are, and a way to try them. Everything that comes from the service
// is set as text, never as HTML.

const $ = (id) => document.getElementById(id);
const INK = 22; // width of the pen, on a canvas of 280
const FEW_LAYERS = 24;

let models = [];
let model = null;
let token = sessionStorage.getItem("token") || "";
let asked = 0; // number of the newest request: answers to older ones are passed over

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function headers(more = {}) {
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

// What the models are ------------------------------------------------------------------------

async function begin() {
  let response;
  try {
    response = await fetch("models", { headers: headers() });
  } catch {
    $("state").textContent = "the service does not answer";
    return setTimeout(begin, 2000);
  }
  $("ask").hidden = response.status !== 401;
  if (response.status === 401) {
    $("state").textContent = token ? "this token is not the right one" : "";
    return $("token").focus();
  }
  models = (await response.json()).models;
  if (models.length === 0) {
    $("state").textContent = "the models are being loaded …";
    return setTimeout(begin, 500);
  }
  $("choice").hidden = models.length < 2;
  $("model").replaceChildren(...models.map((m) => new Option(m.name, m.name)));
  $("main").hidden = false;
  const wished = decodeURIComponent(location.hash.slice(1));
  choose(models.find((m) => m.name === wished) || models[0]);
}

const shape = (sizes) => `(${sizes.map((s) => s ?? "None").join(", ")}${sizes.length === 1 ? "," : ""})`;
const width = (slot) => slot.shape.slice(1).reduce((n, s) => n * (s ?? NaN), 1);

function choose(chosen) {
  model = chosen;
  $("model").value = model.name;
  const version = model.versions.length > 1 ? `version ${model.version}` : "";
  $("state").textContent = models.length > 1 ? version : [model.name, version].filter(Boolean).join(", ");
  document.title = `${model.name} · Ferras`;
  describe();
  const drawable = model.picture && model.picture.channels === 1 && model.picture.height && model.picture.width;
  $("tab-draw").hidden = !drawable;
  $("tab-picture").hidden = !model.picture;
  if (drawable) {
    $("seen").width = model.picture.width;
    $("seen").height = model.picture.height;
  }
  clear();
  forms();
  show(drawable ? "draw" : model.picture ? "picture" : "numbers");
}

function describe() {
  const slots = (list) => list.map((s) => `${s.name} ${shape(s.shape)} ${s.dtype}`).join(", ");
  const row = model.seconds_per_row;
  const time = row < 1e-3 ? `${(row * 1e6).toFixed(0)} µs` : `${(row * 1e3).toFixed(1)} ms`;
  const facts = [
    [model.inputs.length > 1 ? "inputs" : "input", slots(model.inputs)],
    [model.outputs.length > 1 ? "outputs" : "output", slots(model.outputs)],
    ["parameters", model.parameters.toLocaleString("en")],
    ["time", `${time} for one row`],
  ];
  if (model.picture) facts.push(["pixels", { none: "as they are, 0 to 255", scale: "divided by 255" }[model.picture.preprocess] || `prepared as for ${model.picture.preprocess}`]);
  if (model.labels.length) facts.push(["classes", model.labels.slice(0, 12).join(", ") + (model.labels.length > 12 ? `, … (${model.labels.length})` : "")]);
  $("facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  layers(model.layers.length <= FEW_LAYERS);
  $("summary").textContent = model.summary;
}

function layers(all) {
  const some = all ? model.layers : model.layers.slice(0, FEW_LAYERS);
  $("layers").replaceChildren(...some.map(([name, kind]) => {
    const item = element("li", kind);
    item.append(element("small", name));
    return item;
  }));
  $("all-layers").hidden = all;
  $("all-layers").textContent = `Show all ${model.layers.length} layers`;
}

// Tabs ---------------------------------------------------------------------------------------

const TABS = ["draw", "picture", "numbers"];

function show(name) {
  for (const tab of TABS) {
    $(tab).hidden = tab !== name;
    $(`tab-${tab}`).setAttribute("aria-selected", tab === name);
    $(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
  }
}

function tabs() {
  for (const tab of TABS) {
    $(`tab-${tab}`).onclick = () => show(tab);
  }
  $("tabs").onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const shown = TABS.filter((tab) => !$(`tab-${tab}`).hidden);
    const now = shown.findIndex((tab) => $(`tab-${tab}`) === document.activeElement);
    const next = shown[(now + step + shown.length) % shown.length];
    show(next);
    $(`tab-${next}`).focus();
  };
}

// Drawing ------------------------------------------------------------------------------------

function clear() {
  for (const id of ["canvas", "seen"]) {
    const context = $(id).getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, $(id).width, $(id).height);
  }
}

function drawing() {
  const canvas = $("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let last = null;
  let waiting = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  const line = (to) => {
    pen.strokeStyle = "#fff";
    pen.lineWidth = INK;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...(last || to));
    pen.lineTo(...to);
    pen.stroke();
    last = to;
    waiting = waiting || setTimeout(() => { waiting = null; askDrawing(); }, 120);
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = null;
    line(place(event));
  };
  canvas.onpointermove = (event) => {
    if (event.buttons) (event.getCoalescedEvents?.() ?? [event]).forEach((e) => line(place(e)));
  };
  $("clear").onclick = clear;
}

// As MNIST's digits were made: the drawing fills 20 of 28 pixels, its centre of mass is the middle.
function centred() {
  const canvas = $("canvas");
  const { width: w, height: h } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, w, h).data;
  let [left, right, top, bottom, mass, x, y] = [w, -1, h, -1, 0, 0, 0];
  for (let j = 0; j < h; j++) {
    for (let i = 0; i < w; i++) {
      const ink = pixels[4 * (j * w + i)];
      if (!ink) continue;
      [left, right, top, bottom] = [Math.min(left, i), Math.max(right, i), Math.min(top, j), Math.max(bottom, j)];
      [mass, x, y] = [mass + ink, x + ink * i, y + ink * j];
    }
  }
  if (right < 0) return false;
  const seen = $("seen");
  const context = seen.getContext("2d");
  const [cw, ch] = [right - left + 1, bottom - top + 1];
  const scale = (Math.min(seen.width, seen.height) * 20 / 28) / Math.max(cw, ch);
  // A thin line in one step would vanish: halve until it is near.
  let from = document.createElement("canvas");
  [from.width, from.height] = [cw, ch];
  from.getContext("2d").drawImage(canvas, left, top, cw, ch, 0, 0, cw, ch);
  let factor = scale;
  while (factor < 0.5) {
    const half = document.createElement("canvas");
    [half.width, half.height] = [Math.max(1, from.width >> 1), Math.max(1, from.height >> 1)];
    half.getContext("2d").drawImage(from, 0, 0, half.width, half.height);
    from = half;
    factor *= 2;
  }
  context.fillStyle = "#000";
  context.fillRect(0, 0, seen.width, seen.height);
  context.imageSmoothingQuality = "high";
  const [dx, dy] = [x / mass - left, y / mass - top];
  context.drawImage(from, seen.width / 2 - dx * scale, seen.height / 2 - dy * scale, cw * scale, ch * scale);
  return true;
}

function askDrawing() {
  if (!centred()) return;
  $("seen").toBlob((blob) => askPicture(blob, "drawing.png", true), "image/png");
}

// Pictures -----------------------------------------------------------------------------------

function pictures() {
  const take = (file) => {
    if (!file || !model.picture) return;
    const preview = $("preview");
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(file);
    preview.alt = file.name;
    preview.hidden = false;
    $("drop-text").textContent = "Another one: drop it, paste it, or choose a file";
    show("picture");
    askPicture(file, file.name || "picture.png", false);
  };
  $("file").onchange = () => take($("file").files[0]);
  const drop = $("drop");
  document.ondragover = (event) => { event.preventDefault(); drop.classList.add("over"); };
  document.ondragleave = () => drop.classList.remove("over");
  document.ondrop = (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (file && file.type.startsWith("image/")) take(file); else if (file) openTable(file);
  };
  document.onpaste = (event) => {
    const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
    if (file) { event.preventDefault(); take(file); }
  };
}

function address() {
  const query = models.length > 1 ? `?model=${encodeURIComponent(model.name)}` : "";
  return new URL(`predict${query}`, location.href.split("#")[0]).href;
}

function askPicture(blob, name, offer) {
  const form = new FormData();
  form.append("image", blob, name);
  ask(form, {}, `-F ${quoted(`image=@${name}`)}`, offer ? [blob, name] : null);
}

// Numbers and texts --------------------------------------------------------------------------

const isText = (slot) => slot.dtype === "string";
// One a sample: several are told in JSON.
const takesTexts = () => model.inputs.length === 1 && isText(model.inputs[0]) && width(model.inputs[0]) === 1;

function forms() {
  const several = model.inputs.length > 1 || isText(model.inputs[0]) && !takesTexts();
  const n = width(model.inputs[0]);
  $("tab-numbers").textContent = several ? "Data" : takesTexts() ? "Texts" : "Numbers";
  $("zeros").hidden = $("random").hidden = model.inputs.every(isText);
  $("text-label").textContent = several
    ? "JSON, as TensorFlow Serving takes it"
    : takesTexts() ? "A text a line, or JSON"
    : `${Number.isNaN(n) ? "Numbers" : `${n} number${n === 1 ? "" : "s"} a line`}, or JSON: ${shape(model.inputs[0].shape)}`;
  $("text").value = "";
  fill(() => 0);
}

function fill(number) {
  const nested = (sizes, cell) => sizes.length === 0 ? cell() : Array.from({ length: sizes[0] ?? 1 }, () => nested(sizes.slice(1), cell));
  const row = (slot) => nested(slot.shape.slice(1), isText(slot) ? () => "a text" : number);
  if (model.inputs.length > 1) {
    const instance = Object.fromEntries(model.inputs.map((slot) => [slot.name, row(slot)]));
    $("text").value = JSON.stringify({ instances: [instance] });
  } else if (Number.isNaN(width(model.inputs[0])) || isText(model.inputs[0]) && !takesTexts()) {
    $("text").value = JSON.stringify([row(model.inputs[0])]);
  } else {
    $("text").value = [row(model.inputs[0])].flat(Infinity).join(", ");
  }
}

async function openTable(file) {
  show("numbers");
  $("text").value = await file.text();
  askNumbers();
}

function numbers() {
  $("send").onclick = askNumbers;
  $("zeros").onclick = () => fill(() => 0);
  $("random").onclick = () => {
    const whole = model.inputs[0].dtype.includes("int");
    fill(() => whole ? Math.floor(Math.random() * 10) : Math.round(Math.random() * 1000) / 1000);
  };
  $("table").onchange = () => $("table").files[0] && openTable($("table").files[0]);
  $("text").onkeydown = (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) askNumbers(); };
}

function askNumbers() {
  const text = $("text").value.trim();
  const json = /^[[{]/.test(text);
  const [kind, name] = json ? ["application/json", "data.json"]
    : takesTexts() ? ["text/plain", "texts.txt"] : ["text/csv", "numbers.csv"];
  const long = text.length > 1500;
  const data = long ? `@${name}` : text;
  ask(text, { "Content-Type": kind }, `-H 'Content-Type: ${kind}' --data-binary ${quoted(data)}`, long ? [new Blob([text]), name] : null);
}

// Asking and telling -------------------------------------------------------------------------

const quoted = (text) => /^[\w@%+=:,./?&-]*$/.test(text) && !/[?&]/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

async function ask(body, kind, how, offer) {
  const mine = ++asked;
  const start = performance.now();
  const bearer = token ? ` -H "Authorization: Bearer $TOKEN"` : "";
  $("curl").textContent = `curl${bearer} ${how} ${quoted(address())}`;
  $("request").hidden = false;
  $("save").hidden = !offer;
  if (offer) {
    if ($("save").href) URL.revokeObjectURL($("save").href);
    $("save").href = URL.createObjectURL(offer[0]);
    $("save").download = offer[1];
    $("save").textContent = `Save ${offer[1]}`;
  }
  try {
    const top = new URL(address());
    top.searchParams.set("top", 10);
    const response = await fetch(top, { method: "POST", headers: headers(kind), body });
    const answer = await response.json();
    if (mine === asked) tell(answer, performance.now() - start);
  } catch {
    if (mine === asked) tell({ error: "the service does not answer" });
  }
}

function tell(answer, time) {
  if (!answer.success) {
    return $("told").replaceChildren(element("p", answer.error, "wrong"));
  }
  const rows = Array.isArray(answer.predictions[0]) ? answer.predictions : [answer.predictions];
  const told = rows.slice(0, 50).flatMap((row, i) => {
    const title = rows.length > 1 ? [element("h4", `row ${i + 1}`)] : [];
    return [...title, bars(row)];
  });
  if (rows.length > 50) told.push(element("p", `and ${rows.length - 50} more rows`, "quiet"));
  told.push(element("p", `answered in ${time < 10 ? time.toFixed(1) : time.toFixed(0)} ms`, "quiet"));
  $("told").replaceChildren(...told);
}

function bars(entries) {
  const list = element("ul", undefined, "told");
  const values = entries.map((entry) => Math.abs(entry.value ?? 0)).filter(Number.isFinite);
  const largest = Math.max(...values, 1e-30);
  for (const entry of entries) {
    const label = entry.output && entry.output !== entry.label ? `${entry.output}: ${entry.label}` : entry.label;
    if (entry.values !== undefined) {
      list.append(element("li", label), element("pre", JSON.stringify(entry.values), "values"));
      continue;
    }
    const item = element("li");
    const chance = entry.probability !== undefined;
    const number = chance ? entry.probability : entry.value;
    const share = number === null ? 0 : chance ? number : Math.abs(number) / largest;
    const text = number === null ? "not finite" : chance ? `${(number * 100).toFixed(1)} %` : number.toPrecision(5);
    item.append(element("span", label, "label"), bar(share, number < 0), element("span", text, "number"));
    list.append(item);
  }
  return list;
}

function bar(share, below) {
  const track = element("div", undefined, "track");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  svg.setAttribute("aria-hidden", "true");
  rect.setAttribute("height", "100%");
  rect.setAttribute("width", `${Math.min(Math.max(share, 0), 1) * 100}%`);
  if (below) rect.setAttribute("class", "below");
  svg.append(rect);
  track.append(svg);
  return track;
}

async function copy() {
  const text = $("curl").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https there is no clipboard for pages: select it, so that one key does.
    const range = document.createRange();
    range.selectNodeContents($("curl"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
}

$("model").onchange = () => choose(models.find((m) => m.name === $("model").value));
$("all-layers").onclick = () => layers(true);
$("copy").onclick = copy;
$("ask").onsubmit = (event) => {
  event.preventDefault();
  token = $("token").value;
  sessionStorage.setItem("token", token);
  begin();
};
tabs();
drawing();
pictures();
numbers();
begin();
