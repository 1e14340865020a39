import { closeStream, openStream, recordOnce } from "./recorder.js";

const at = id => document.getElementById(id);
const copies = new Map(); // job -> the file that was sent: the server deletes its own
let current = null; // job that is followed
let shown = null; // job whose answer is shown
let stopRecording = null;
let agreed = false;

history.replaceState(null, "", "/"); // the token goes on as a cookie

// ---- the server

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Is 'lddu serve' still running?");
  }
  if (response.status === 204) return null;
  const found = await response.json();
  if (!response.ok) throw new Error(found.error);
  return found;
}

function asked(name) {
  const query = new URLSearchParams(name ? { name } : {});
  for (const id of ["model", "recall", "coverage"]) if (at(id).value) query.set(id, at(id).value);
  if (at("transcribe").checked) query.set("transcribe", "true");
  return query.size ? `?${query}` : "";
}

function post(path, file, text, signal) {
  const body = file ?? JSON.stringify({ text });
  const type = file ? file.type || "application/octet-stream" : "application/json";
  return call(path + asked(file?.name), { method: "POST", body, headers: { "Content-Type": type }, signal });
}

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

async function health() {
  for (;;) {
    try {
      const found = await call("/v1/health");
      if (found.state !== "starting") {
        at("health").textContent = found.state === "ready" ? "Ready" : "The model cannot be loaded; see where 'lddu serve' runs.";
        at("kept").hidden = !found.keeps;
        at("hears").hidden = !found.models.some(model => model.transcribes);
        for (const model of found.models) at("model").add(new Option(model.name, model.name));
        const about = () => {
          const model = found.models.find(one => one.name === at("model").value);
          if (model) at("about").textContent = `${model.emotions.join(", ")}: ${model.sentence}.`;
        };
        at("model").addEventListener("change", about);
        about();
        return;
      }
    } catch (fault) {
      at("health").textContent = fault.message;
    }
    await pause(500);
  }
}

// ---- asking and following

function complain(fault) {
  at("fault").textContent = fault?.message ?? "";
  at("fault").hidden = !fault;
}

async function ask(file, text) {
  complain(null);
  try {
    await until(follow => follow(null, file ? `Sending ${file.name}` : "Sending"), async () => {
      const job = await post("/v1/jobs", file, text);
      if (file) copies.set(job.id, file);
      await watch(job);
    });
  } catch (fault) {
    complain(fault);
  }
  await list();
}

async function until(begin, work) {
  at("now").hidden = false;
  begin(progress);
  try {
    await work();
  } finally {
    at("now").hidden = true;
    current = null;
  }
}

function progress(share, words) {
  if (share === null) at("share").removeAttribute("value");
  else at("share").value = share;
  at("doing").textContent = words;
}

const STAGES = { reading: "Reading", answering: "Answering", drawing: "Drawing the page" };

async function watch(job) {
  current = job.id;
  await list();
  while (!["done", "failed"].includes(job.state)) {
    if (current !== job.id) return; // cancelled
    const name = job.text || job.name;
    if (job.state === "working") progress(job.share || null, `${STAGES[job.stage] ?? "Reading"} ${name}`);
    else progress(null, job.before ? `${job.before} before ${name}` : `Waiting: ${name}`);
    await pause(250);
    if (current !== job.id) return;
    job = await call(`/v1/jobs/${job.id}`);
  }
  if (job.state === "failed") throw new Error(job.fault);
  show(job, true);
}

function show(job, announce) {
  shown = job.id;
  at("answer").hidden = false;
  at("title").textContent = job.text ? `“${job.text}”` : job.name;
  at("exports").replaceChildren("Save as", ...job.exports.map(ending => {
    const link = document.createElement("a");
    link.href = `/v1/jobs/${job.id}/exports/${ending}`;
    link.download = "";
    link.textContent = ending;
    return link;
  }));
  at("page").src = `/v1/jobs/${job.id}/page`;
  if (announce) at("title").focus({ preventScroll: true });
  at("answer").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  for (const button of document.querySelectorAll("#history .open")) button.toggleAttribute("aria-current", button.dataset.job === shown);
}

addEventListener("message", event => {
  if (event.source !== at("page").contentWindow) return;
  if (event.data?.ready) at("page").contentWindow.postMessage(copies.get(shown) ?? null, "*");
  const height = Number(event.data?.height);
  if (height > 0 && height < 100_000) at("page").style.height = `${height}px`;
});

// ---- this session

async function list() {
  let jobs = [];
  try {
    ({ jobs } = await call("/v1/jobs"));
  } catch {
    return; // the next call says it
  }
  at("past").hidden = !jobs.length;
  at("history").replaceChildren(...jobs.map(row));
}

function row(job) {
  const line = document.createElement("li"), open = document.createElement("button");
  const when = document.createElement("span"), remove = document.createElement("button");
  open.type = remove.type = "button";
  open.className = "open";
  open.dataset.job = job.id;
  open.textContent = job.text ? `“${job.text}”` : job.name;
  open.disabled = job.state !== "done";
  open.toggleAttribute("aria-current", job.id === shown);
  open.addEventListener("click", () => show(job, true));
  const time = new Date(1000 * job.created).toTimeString().slice(0, 8);
  when.textContent = job.state === "done" ? time : job.state;
  when.title = job.fault;
  remove.textContent = "Delete";
  remove.setAttribute("aria-label", `Delete ${open.textContent}`);
  remove.addEventListener("click", () => forget(job.id));
  line.append(open, when, remove);
  return line;
}

async function forget(id) {
  copies.delete(id);
  if (current === id) current = null;
  if (shown === id) {
    shown = null;
    at("answer").hidden = true;
    at("page").removeAttribute("src");
  }
  try {
    await call(`/v1/jobs/${id}`, { method: "DELETE" });
  } catch (fault) {
    complain(fault);
  }
  await list();
}

// ---- the three ways

at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  if (file) ask(file);
  at("file").value = "";
});
for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, event => {
    event.preventDefault();
    at("drop").classList.add("target");
  });
}
for (const kind of ["dragleave", "drop"]) addEventListener(kind, () => at("drop").classList.remove("target"));
addEventListener("drop", event => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) ask(file);
});
addEventListener("paste", event => {
  const [file] = event.clipboardData.files;
  if (file) ask(file);
});
at("words").addEventListener("submit", event => {
  event.preventDefault();
  ask(null, at("text").value);
});
at("text").addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("words").requestSubmit();
});
at("cancel").addEventListener("click", () => current && forget(current));

function consent() {
  if (agreed) return Promise.resolve(true);
  const dialog = at("notice");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener("close", () => {
      agreed = dialog.returnValue === "yes";
      resolve(agreed);
    }, { once: true });
  });
}

async function recording(button, work) {
  if (stopRecording) {
    stopRecording.abort();
    return;
  }
  complain(null);
  if (!(await consent())) return;
  const control = (stopRecording = new AbortController());
  let stream = null;
  const words = button.textContent;
  button.textContent = "Stop";
  button.setAttribute("aria-pressed", "true");
  for (const other of [at("record"), at("live")]) other.disabled = other !== button;
  try {
    stream = await openStream(at("camera").checked);
    if (stream.getVideoTracks().length) {
      at("preview").srcObject = stream;
      at("preview").hidden = false;
      await at("preview").play();
    }
    await work(stream, control.signal);
  } catch (fault) {
    const denied = fault.name === "NotAllowedError" || fault.name === "NotFoundError";
    complain(denied ? new Error("No microphone or camera may be used here. Allow it in the browser, or record without camera.") : fault);
  } finally {
    closeStream(stream);
    stopRecording = null;
    at("preview").hidden = true;
    at("preview").srcObject = null;
    at("recording").textContent = "";
    button.textContent = words;
    button.setAttribute("aria-pressed", "false");
    for (const other of [at("record"), at("live")]) other.disabled = false;
  }
}

const left = seconds => { at("recording").textContent = seconds > 0 ? `${seconds} s left` : "Done"; };

at("record").addEventListener("click", () => {
  let file = null;
  recording(at("record"), async (stream, signal) => {
    file = await recordOnce(stream, Number(at("seconds").value), signal, left);
  }).then(() => file && ask(file));
});

at("live").addEventListener("click", () => recording(at("live"), async (stream, signal) => {
  let pending = false;
  at("last").hidden = false;
  at("lastWords").textContent = "The first answer comes soon.";
  at("doubt").hidden = true;
  at("meters").replaceChildren();
  while (!signal.aborted) {
    const file = await recordOnce(stream, Number(at("seconds").value), signal, left);
    if (!file || pending) continue; // while an answer is on its way the newest recording is not queued: it would be old
    pending = true;
    post("/v1/predict", file, null, signal).then(tell, fault => signal.aborted || complain(fault)).finally(() => { pending = false; });
  }
}));

function tell(answer) {
  const [clip] = answer.clips;
  const unsure = clip.cannot_tell ?? [];
  at("lastWords").textContent = clip.emotions.join(", ") || (unsure.length ? `Can't tell: ${unsure.join(", ")}` : "No emotion is likely enough");
  const strange = Object.entries(clip.evidence?.unfamiliar ?? {}).filter(([, is]) => is).map(([name]) => name);
  const missing = clip.missing?.length ? `Without ${clip.missing.join(" and ")}.` : "";
  at("doubt").textContent = strange.length ? `Out of distribution: ${strange.join(", ")}. Do not trust these probabilities.` : missing;
  at("doubt").hidden = !at("doubt").textContent;
  at("meters").replaceChildren(...Object.entries(clip.probability).flatMap(([name, value]) => {
    const term = document.createElement("dt"), bar = document.createElement("dd"), figure = document.createElement("dd");
    const meter = document.createElement("meter");
    term.textContent = name;
    term.className = clip.emotions.includes(name) ? "shown" : "";
    meter.value = value;
    meter.setAttribute("aria-label", name);
    bar.append(meter);
    figure.textContent = value.toFixed(2);
    return [term, bar, figure];
  }));
}

health();
list();
