// What is chosen, the list, and what keys, buttons and the mouse do.
function show() {
  const d = $("detail");
  if (sel < 0) {
    d.innerHTML = `<h2>${count(N, "event")}, ${count(D.lanes.length, "thread")}, ${count(D.modules.length, "module")}</h2><p>Choose an event in the chart or the list, or go from one to the next with the arrow keys.</p>`;
    return;
  }
  const e = D.events[sel], p = D.points[e.point] || {}, l = D.lanes[e.lane];
  d.innerHTML = `<h2>${e.n}. ${esc(e.point)} ${esc(e.name)}</h2><div class="sub">${l ? esc(l.id) + (l.task ? ", " + esc(l.task) : "") : "seen from outside"} &middot; at ${span(e.t)}</div>` +
    (e.text ? `<p><b>${esc(e.text)}</b></p>` : "") + (e.bad ? `<p class="broken"><b>Not so:</b> what is reported is not what the kernel knows.</p>` : "") +
    (p.says ? `<p>${esc(p.says)}</p>` : "") + (p.sees ? `<span class="k">seen from outside</span>${esc(p.sees)}` : "") + (p.func ? `<span class="k">kernel function</span><code>${esc(p.func)}</code>` : "");
}

// Only a part of a long list is in the page; what is before and behind it is told.
const PART = 400;
function list() {
  const shown = [];
  for (let i = 0; i < N; i++) if (hit(D.events[i])) shown.push(i);
  $("found").textContent = query ? shown.length + " found" : "";
  const at = Math.max(0, shown.findIndex(i => i >= sel)), from = Math.max(0, Math.min(at - PART / 2, shown.length - PART)), to = from + PART;
  const more = (n, i) => n > 0 ? `<li class="more" data-i="${i}">\u2026 ${n} more</li>` : "";
  const wide = Math.min(14, Math.max(8, ...shown.slice(from, to).map(i => D.lanes[D.events[i].lane]?.id.length ?? 1)));
  $("list").innerHTML = more(from, shown[from - 1]) + shown.slice(from, to).map(i => {
    const e = D.events[i], l = D.lanes[e.lane];
    return `<li role="option" id="e${i}" data-i="${i}" class="${e.bad ? "bad" : ""}" aria-selected="${i === sel}">${String(e.n).padStart(String(N).length)} ${e.bad ? "\u25c6" : " "}${esc(e.point.padEnd(3))} <span class="w">${esc(clip(l ? l.id : "-", wide).padEnd(wide))}</span> ${e.bad ? "not so: " : ""}${esc(e.name)}${e.text ? ": " + esc(e.text) : ""}</li>`;
  }).join("") + more(shown.length - to, shown[to]);
  $("list").setAttribute("aria-activedescendant", sel >= 0 ? "e" + sel : "");
  const on = $("list").querySelector('[aria-selected="true"]'), box = $("list");
  if (on && (on.offsetTop - box.offsetTop < box.scrollTop || on.offsetTop - box.offsetTop > box.scrollTop + box.clientHeight - 30))
    box.scrollTop = on.offsetTop - box.offsetTop - box.clientHeight / 2;   // the list alone: the page stays
}

function pick(i) {
  sel = Math.max(-1, Math.min(N - 1, i));
  if (sel >= 0) {
    const x = mid(sel), w = width();
    const l = D.events[sel].lane, c = $("chart"), y = l * LANE;
    if (l >= 0 && (y < c.scrollTop || y > c.scrollTop + c.clientHeight - LANE)) c.scrollTop = y - c.clientHeight / 2;
    if (x < LABEL + 20 || x > w - 40) x0 += (x - (LABEL + (w - LABEL) / 2)) / col;
  }
  show(); list(); draw();
}
function next(by) {
  let i = sel;
  do { i += by; } while (i >= 0 && i < N && !hit(D.events[i]));
  if (i >= 0 && i < N) pick(i);
}
function zoom(by, at) {
  at = at ?? (sel >= 0 ? mid(sel) : LABEL + (width() - LABEL) / 2);
  const unit = x0 + (at - LABEL) / col;
  col = Math.max(Math.min(1, widest()), Math.min(2000, col * by));
  x0 = unit - (at - LABEL) / col;
  draw();
}
function axis() { byTime = !byTime; $("axis").textContent = "across: " + (byTime ? "time" : "steps"); places(); fit(); draw(); }
function theme(t) {
  document.documentElement.dataset.theme = t;
  $("theme").textContent = t === "dark" ? "light" : "dark";
}
const toggled = () => document.documentElement.dataset.theme === "dark" ? "light" : "dark";
// copy puts the command where it can be pasted, or shows it where that is not allowed.
async function copy() {
  try {
    await navigator.clipboard.writeText(D.command);
    $("copy").textContent = "copied";
  } catch {
    sel = -1; list(); draw();
    $("detail").innerHTML = `<h2>To do it again</h2><p><code>${esc(D.command)}</code></p>`;
    getSelection().selectAllChildren($("detail").querySelector("code"));
  }
}

$("title").textContent = D.title;
$("sub").textContent = D.subtitle;
if (D.promise) { $("broken").hidden = false; $("broken").innerHTML = `<b>broken: ${esc(D.promise)}</b> ${esc(D.says || "")}`; }
if (D.missing) { $("missing").hidden = false; $("missing").innerHTML = `<b>not whole:</b> ${esc(D.missing)}`; }
if (D.command) { $("copy").hidden = false; $("copy").title = D.command.length > 200 ? D.command.slice(0, 200) + "\u2026" : D.command; $("copy").onclick = copy; }
$("in").onclick = () => zoom(1.5); $("out").onclick = () => zoom(1 / 1.5); $("fit").onclick = () => { fit(); draw(); };
$("axis").onclick = axis;
$("theme").onclick = () => theme(toggled());
$("find").oninput = () => { query = $("find").value.trim().toLowerCase(); list(); draw(); };
$("list").onclick = ev => { const li = ev.target.closest("li"); if (li) pick(+li.dataset.i); };
$("left").addEventListener("wheel", ev => {
  if (ev.ctrlKey || ev.metaKey || ev.altKey) { ev.preventDefault(); zoom(Math.exp(-ev.deltaY / 300), Math.max(LABEL, ev.clientX - $("left").getBoundingClientRect().left)); }
  else if (ev.shiftKey || Math.abs(ev.deltaX) > Math.abs(ev.deltaY)) { ev.preventDefault(); x0 += (ev.deltaX || ev.deltaY) / col; draw(); }
}, { passive: false });
let drag = null;
$("left").addEventListener("pointerdown", ev => { const g = ev.target.closest(".e"); if (g) { pick(+g.dataset.i); return; } drag = { x: ev.clientX, x0 }; $("left").classList.add("drag"); });
window.addEventListener("pointermove", ev => { if (drag) { x0 = drag.x0 - (ev.clientX - drag.x) / col; draw(); } });
for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => { drag = null; $("left").classList.remove("drag"); });
window.addEventListener("resize", draw);
let drawing = false;
$("chart").addEventListener("scroll", () => {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; draw(); });
});
window.addEventListener("keydown", ev => {
  if (ev.target === $("find")) { if (ev.key === "Escape" || ev.key === "Enter") $("find").blur(); if (ev.key === "Enter") next(1); return; }
  if (ev.ctrlKey || ev.metaKey || ev.altKey) return;
  const keys = {
    ArrowRight: () => next(1), ArrowLeft: () => next(-1), l: () => next(1), h: () => next(-1), Home: () => pick(0), End: () => pick(N - 1),
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": () => { fit(); draw(); }, s: axis, t: () => $("theme").click(),
    "/": () => $("find").focus(), Escape: () => { $("find").value = query = ""; pick(-1); },
  };
  if (ev.target === $("list")) { keys.ArrowDown = keys.ArrowRight; keys.ArrowUp = keys.ArrowLeft; }
  if (keys[ev.key]) { ev.preventDefault(); keys[ev.key](); }
});
// On paper: all of it, dark on light.
let before = null;
window.addEventListener("beforeprint", () => {
  before = { theme: document.documentElement.dataset.theme, col, x0 };
  printing = true; theme("light"); fit(); draw();
});
window.addEventListener("afterprint", () => {
  if (!before) return;
  printing = false; theme(before.theme); ({ col, x0 } = before); before = null; draw();
});
// What is in the address behind # : theme, axis and event, so that a link shows a place.
const want = new URLSearchParams(location.hash.slice(1));
theme(want.get("theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
places(); draw(); fit();
if (want.get("axis") === "time") axis();
draw();
pick(want.has("event") ? +want.get("event") - 1 : -1);
document.documentElement.dataset.ready = N;
