import { closeStream, openStream, recordOnce } from "./recorder.js";

const at = id => document.getElementById(id);
const copies = new Map(); // job -> the file that was sent: the server deletes its own
let turn = Promise.resolve(); // ends when everything that was asked is answered
let behind = 0; // clips that are not sent yet
let following = null; // the clip that is being answered, and what stops it
let shown = null; // job whose answer is shown
let stopRecording = null;
let agreed = false;

history.replaceState(null, "", "/"); // the token goes on as a cookie

// ---- the server

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Error("The server does not answer. Is 'lddu serve' still running?");
  }
  if (response.status === 204) return null;
  const found = await response.json();
  if (!response.ok) throw new Error(found.error);
  return found;
}

const WORDS = /\.(txt|srt|vtt|sbv|lrc|json)$/i; // files of words alone, of which nothing is heard or seen

function asked(file) {
  const query = new URLSearchParams(file ? { name: file.name } : {});
  const media = file && !WORDS.test(file.name) && file.type !== "text/plain";
  for (const id of ["model", "recall", "coverage"]) if (at(id).value) query.set(id, at(id).value);
  for (const id of ["transcribe", "per_person"]) if (media && at(id).checked) query.set(id, "true");
  return query.size ? `?${query}` : "";
}

function post(path, file, text, signal) {
  const body = file ?? JSON.stringify({ text });
  const plain = file && file.type !== "application/json"; // a transcript in JSON is a file like any other
  const type = !file ? "application/json" : (plain && file.type) || "application/octet-stream";
  return call(path + asked(file), { method: "POST", body, headers: { "Content-Type": type }, signal });
}

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

const HEALTH = { starting: "Loading the model …", ready: "Ready", failed: "The model cannot be loaded; see where 'lddu serve' runs." };

// Until the page is closed: a server that stops is said, and one that is back.
async function health() {
  for (let met = false; ; await pause(met ? 2000 : 500)) {
    let words = "", gone = false;
    try {
      const found = await call("/v1/health", { signal: AbortSignal.timeout(10_000) });
      if (!met && found.state !== "starting") meet(found);
      met ||= found.state !== "starting";
      words = HEALTH[found.state];
    } catch (fault) {
      words = fault.message;
      gone = true;
    }
    at("health").classList.toggle("gone", gone);
    if (at("health").textContent !== words) at("health").textContent = words; // else it would be read out again
  }
}

function meet(found) {
  at("kept").hidden = !found.keeps;
  at("speech").hidden = !found.models.some(model => model.transcribes);
  for (const model of found.models) at("model").add(new Option(model.name, model.name));
  const about = () => {
    const model = found.models.find(one => one.name === at("model").value);
    if (model) at("about").textContent = `${model.emotions.join(", ")}: ${model.sentence}.`;
  };
  at("model").addEventListener("change", about);
  about();
}

// ---- asking and following

function complain(fault) {
  const lines = fault ? new Set([...at("fault").textContent.split("\n"), fault.message]) : [];
  at("fault").textContent = [...lines].filter(Boolean).join("\n");
  at("fault").hidden = !fault;
  if (fault) at("fault").scrollIntoView({ block: "nearest" });
}

// One clip after the other, as the server answers them.
function ask(...clips) {
  complain(null);
  for (const clip of clips) {
    behind += 1;
    turn = turn.then(() => answer(clip));
  }
}

async function answer({ file, text }) {
  behind -= 1;
  const stop = new AbortController();
  let job = null;
  at("now").hidden = false;
  try {
    progress(null, file ? `Sending ${file.name}` : "Sending");
    following = { id: null, stop };
    job = await post("/v1/jobs", file, text, stop.signal);
    following.id = job.id;
    if (file) copies.set(job.id, file);
    await list();
    show(await finished(job, stop.signal));
  } catch (fault) {
    if (!stop.signal.aborted) complain(fault);
    else if (job) await remove(job.id);
  } finally {
    following = null;
    at("now").hidden = true;
  }
  await list();
}

async function finished(job, signal) {
  while (!["done", "failed"].includes(job.state)) {
    const name = job.text || job.name;
    if (job.state === "working") progress(job.share || null, `${STAGES[job.stage] ?? "Reading"} ${name}`);
    else progress(null, job.before ? `${job.before} before ${name}` : `Waiting: ${name}`);
    await pause(250);
    job = await call(`/v1/jobs/${job.id}`, { signal });
  }
  if (job.state === "failed") throw new Error(job.fault);
  return job;
}

const STAGES = { reading: "Reading", answering: "Answering", drawing: "Drawing the page" };

function progress(share, words) {
  if (share === null) at("share").removeAttribute("value");
  else at("share").value = share;
  at("doing").textContent = behind ? `${words} (${behind} more to come)` : words;
}

const FORMATS = {
  json: "all figures", html: "this page", srt: "subtitles", vtt: "subtitles for the web", eaf: "ELAN", TextGrid: "Praat",
  "boris.csv": "BORIS", "boris.tsv": "BORIS", "events.csv": "a row per event", "events.tsv": "a row per event",
  "long.csv": "a row per segment and emotion", csv: "a row per segment", parquet: "a row per segment, for pandas", jsonl: "a JSON object per segment",
};

function show(job) {
  shown = job.id;
  at("answer").hidden = false;
  at("title").textContent = job.text ? `“${job.text}”` : job.name;
  at("exports").replaceChildren("Save as", ...job.exports.map(ending => {
    const link = document.createElement("a");
    link.href = `/v1/jobs/${job.id}/exports/${ending}`;
    link.download = "";
    link.textContent = ending;
    link.title = FORMATS[ending] ?? "";
    return link;
  }));
  at("page").src = `/v1/jobs/${job.id}/page`;
  at("title").focus({ preventScroll: true });
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
  for (const id of copies.keys()) if (id !== following?.id && !jobs.some(job => job.id === id)) copies.delete(id);
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
  open.disabled = !["done", "failed"].includes(job.state);
  open.toggleAttribute("aria-current", job.id === shown);
  open.addEventListener("click", () => {
    complain(null);
    if (job.state === "done") show(job);
    else complain(new Error(job.fault));
  });
  const time = new Date(1000 * job.created).toTimeString().slice(0, 8);
  const by = at("model").options.length > 1 ? ` · ${job.model}` : "";
  when.textContent = (job.state === "done" ? time : job.state) + by;
  remove.textContent = "Delete";
  remove.setAttribute("aria-label", `Delete ${open.textContent}`);
  remove.addEventListener("click", () => forget(job.id));
  line.append(open, when, remove);
  return line;
}

async function forget(id) {
  if (following?.id === id) {
    following.stop.abort(); // which removes it
    return;
  }
  if (shown === id) {
    shown = null;
    at("answer").hidden = true;
    at("page").removeAttribute("src");
  }
  await remove(id);
  await list();
}

async function remove(id) {
  try {
    await call(`/v1/jobs/${id}`, { method: "DELETE" });
  } catch (fault) {
    complain(fault);
  }
}

const askFiles = files => ask(...[...files].map(file => ({ file })));

// ---- the three ways

at("file").addEventListener("change", () => {
  askFiles(at("file").files);
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
  askFiles(event.dataTransfer.files);
});
addEventListener("paste", event => askFiles(event.clipboardData.files));
at("words").addEventListener("submit", event => {
  event.preventDefault();
  ask({ text: at("text").value });
});
at("text").addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("words").requestSubmit();
});
at("cancel").addEventListener("click", () => following?.stop.abort());

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
  }).then(() => file && ask({ file }));
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
    post("/v1/predict", file, null, signal).then(showLive, fault => signal.aborted || complain(fault)).finally(() => { pending = false; });
  }
}));

function showLive(answer) {
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
