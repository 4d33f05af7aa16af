"use strict";
// The chart: where a column is, and the three pictures: scale, lanes, modules.
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const LANE = 58, BAND = 32, TOP = 40, N = D.events.length, PRINT = 1060, PRINTED = 400;
let LABEL = 190, sel = -1, byTime = false, x0 = 0, col = 30, query = "", printing = false;
let pos = [];                       // column -> place, in units of columns

// For each thread the events it came to without anybody else moving in between.
const runs = D.lanes.map(() => []);
for (let i = 1, from = 0; i <= N; i++) {
  if (i < N && D.events[i].lane === D.events[from].lane) continue;
  if (N && D.events[from].lane >= 0 && i - from > 1) runs[D.events[from].lane].push([from, i - 1]);
  from = i;
}
const permits = D.max && D.permits.some(p => p.value > 0);

function places() {
  pos = new Float64Array(N + 2);
  const all = N ? Math.max(1, D.events[N - 1].t - D.events[0].t) : 1;
  for (let i = 1; i <= N + 1; i++) {
    const dt = byTime && i < N ? (D.events[i].t - D.events[i - 1].t) / all * N : 0;
    pos[i] = pos[i - 1] + (byTime ? 0.12 + dt : 1);
  }
}
const total = () => pos[N] || 1;
const X = c => LABEL + (pos[Math.min(c, N + 1)] - x0) * col;
// mid is where an event stands: in the middle of its column, or at its time.
const mid = i => byTime ? X(i) + 0.06 * col : (X(i) + X(i + 1)) / 2;
const esc = s => String(s).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[c]));
// clip cuts to so many characters; less than four of them tell nothing.
const clip = (s, n) => { s = String(s); n = Math.floor(n); return s.length <= n ? s : n < 4 ? "" : s.slice(0, n - 1) + "\u2026"; };
const count = (n, one) => n + " " + one + (n === 1 ? "" : "s");
function span(ns) { return ns === 0 ? "0" : ns >= 1e9 ? (ns / 1e9).toPrecision(3) + " s" : ns >= 1e6 ? (ns / 1e6).toPrecision(3) + " ms" : (ns / 1e3).toPrecision(3) + " \u00b5s"; }

function width() { return printing ? PRINT : Math.max(280, $("chart").clientWidth); }
function clamp() {
  LABEL = width() < 620 ? 116 : 190;
  const room = (width() - LABEL - 24) / col;
  x0 = Math.max(0, Math.min(x0, Math.max(0, total() - room)));
}
// Behind the last column is room for what threads returned.
const ends = Math.max(90, ...D.lanes.slice(0, 1000).map(l => l.done || l.verdict ? 34 + 7.2 * (l.returned + l.verdict).length : 0));
function widest() { return Math.max(100, width() - LABEL - Math.min(ends, width() / 3)) / total(); }
function fit() { clamp(); col = Math.min(widest(), byTime ? 400 : 46); x0 = 0; }
function hit(e) {
  if (!query) return true;
  const l = D.lanes[e.lane];
  return [e.point, e.name, e.text, e.module, e.state, l && l.id].join(" ").toLowerCase().includes(query);
}

// waitWords says what a thread waits for, as long as there is room for.
function waitWords(text, room) {
  const what = text.replace(/^waits for /, ""), short = what.replace(/^the helper /, "");
  for (const s of ["waits for " + what, "waits for " + short, short]) if (s.length <= room) return s;
  return clip(short, room);
}

// ticks are the places of the scale: [x, label], and where the clock went on.
function ticks() {
  const w = width(), unit = X(1) - X(0), marks = [], gaps = [];
  let every = 1, last = -100, gap = -100;
  for (const by of [2, 2.5, 2]) if (!byTime && unit * every < 44) every *= by;
  for (let k = 0; !byTime && unit * every < 44; k++) every *= [2, 2.5, 2][k % 3];
  for (let i = 0; i < N; i++) {
    const x = mid(i);
    if (x < LABEL - 40 || x > w + 40) continue;
    if (byTime ? x - last > 70 : (i + 1) % every === 0 || i === 0) {
      const label = byTime ? span(D.events[i].t - D.events[0].t) : i + 1;
      const room = x - last > 30 && x >= LABEL - 2;
      marks.push([x, room ? label : ""]);
      if (room) last = x;
    }
    if (!byTime && i && D.events[i].t - D.events[i - 1].t >= D.gap) {
      const text = "+" + span(D.events[i].t - D.events[i - 1].t);
      gaps.push([X(i), X(i) > gap ? text : ""]);
      if (X(i) > gap) gap = X(i) + 7 + 5.2 * text.length;
    }
  }
  return { marks, gaps };
}

// picture puts an svg into a pane: what lies under the names, and the names.
function picture(pane, w, h, inside, names) {
  const lines = T => T.marks.map(m => `<path d="M${m[0]},0 V${h}" stroke="var(--grid)"/>`).join("") + T.gaps.map(g => `<path d="M${g[0]},0 V${h}" stroke="var(--faint)" stroke-dasharray="2 3"/>`).join("");
  const unit = X(1) - X(0);
  const pick = sel < 0 ? "" : `<rect x="${mid(sel) - Math.max(6, Math.min(unit / 2, 16))}" y="0" width="${Math.max(12, Math.min(unit, 32))}" height="${h}" fill="var(--pick)" opacity=".09"/>`;
  const size = printing ? `width="100%"` : `width="${w}" height="${h}"`;
  const at = pane.scrollTop;
  pane.innerHTML = `<svg ${size} viewBox="0 0 ${w} ${h}" xmlns="http://www.w3.org/2000/svg"><g clip-path="url(#in)">${pane.id === "scale" ? "" : lines(picture.ticks) + pick}${inside.join("")}</g>` +
    `<rect x="0" y="0" width="${LABEL - 8}" height="${h}" fill="var(--ground)"/><g clip-path="url(#names)">${names.join("")}</g></svg>`;
  pane.scrollTop = at;
}

function draw() {
  clamp();
  const w = width();
  picture.ticks = ticks();
  const scale = [`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="var(--flow)"/></marker>
  <pattern id="held" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6" fill="var(--held)"/></pattern>
  <pattern id="window" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2.5" height="8" fill="var(--bad)" opacity=".35"/></pattern>
  <clipPath id="in"><rect x="${LABEL - 8}" y="0" width="${w - LABEL + 8}" height="10000000"/></clipPath><clipPath id="names"><rect x="0" y="0" width="${LABEL - 12}" height="10000000"/></clipPath></defs>`];
  for (const [x, label] of picture.ticks.marks) scale.push(`<path d="M${x},${TOP - 10} V${TOP}" stroke="var(--grid)"/><text x="${x}" y="${TOP - 16}" text-anchor="middle" style="fill:var(--faint);font-size:10px">${label}</text>`);
  for (const [x, label] of picture.ticks.gaps) scale.push(`<path d="M${x},${TOP - 10} V${TOP}" stroke="var(--faint)" stroke-dasharray="2 3"/><text x="${x + 3}" y="${TOP - 3}" style="fill:var(--faint);font-size:9px">${label}</text>`);
  picture($("scale"), w, TOP, scale, []);
  drawLanes(w);
  drawBands(w);
}

const yOf = l => l * LANE + LANE / 2;
const name = (y, bold, small, full) => `<g><title>${esc(full)}</title><text x="${LABEL < 190 ? 12 : 18}" y="${y}" style="font-weight:650;font-size:13px">${esc(clip(bold, (LABEL - 30) / 7.2))}</text>` +
  (small ? `<text x="${LABEL < 190 ? 12 : 18}" y="${y + 15}" style="fill:var(--faint)">${esc(clip(small, (LABEL - 30) / 5.9))}</text>` : "") + "</g>";

function drawLanes(w) {
  const out = [], pane = $("chart"), unit = X(1) - X(0), lanes = printing ? Math.min(PRINTED, D.lanes.length) : D.lanes.length, h = Math.max(LANE, lanes * LANE);
  const seen = c => X(c) > LABEL - 40 && X(c) < w + 40;
  // Only what is in sight: a flood has thousands of lanes.
  const top = pane.scrollTop - LANE, bottom = top + Math.max(pane.clientHeight, innerHeight) + 2 * LANE;
  const inSight = l => printing ? l < lanes : yOf(l) > top && yOf(l) < bottom;
  const shown = [];
  for (let n = printing ? 0 : Math.max(0, Math.floor(top / LANE)); n < lanes && inSight(n) || n * LANE < top; n++) shown.push(n);
  for (const n of shown) {
    const l = D.lanes[n], y = yOf(n);
    out.push(`<path d="M${X(l.begin)},${y} H${X(l.end)}" stroke="var(--runs)" stroke-width="1" opacity=".5"/>`);
    const moves = runs[n].filter(r => X(r[1]) > LABEL - 20 && X(r[0]) < w + 20).map(r => `M${mid(r[0])},${y} H${mid(r[1])}`).join(" ");
    if (moves) out.push(`<path d="${moves}" stroke="var(--runs)" stroke-width="3"/>`);
    for (const s of l.spans) {
      const a = Math.max(X(s.from), LABEL - 12), b = Math.min(X(s.to), w + 12);
      if (b < a || s.kind === "runs") continue;
      const box = s.kind === "waits" ? `fill="var(--ground)" stroke="var(--waits)" stroke-dasharray="4 2" rx="5"` : `fill="url(#held)" rx="2"`;
      out.push(`<rect x="${a}" y="${y - 5}" width="${Math.max(1, b - a)}" height="10" ${box}><title>${esc(s.text || "")}</title></rect>`);
      const room = (Math.min(b, w - 8) - Math.max(a, LABEL) - 4) / 5.6, said = s.kind === "waits" ? waitWords(s.text || "", room) : clip(s.text || "", room);
      if (said) out.push(`<text x="${Math.max(a, LABEL) + 3}" y="${y + 19}" style="fill:var(--${s.kind});font-size:10px">${esc(said)}</text>`);
    }
    if ((l.done || l.verdict) && seen(l.end)) {
      const wrong = l.verdict && !["ok", "builtin", "failed"].includes(l.verdict);
      out.push(`<text class="over" x="${X(l.end) + 7}" y="${y + 4}" style="font-weight:650;fill:${wrong ? "var(--bad)" : "var(--ink)"}">= ${esc(l.returned)}${l.verdict ? " " + esc(l.verdict) : ""}</text>`);
    }
  }
  for (const a of D.arrows) {
    const f = D.events[a.from], t = D.events[a.to];
    if (f.lane < 0 || t.lane < 0 || f.lane === t.lane || X(a.to) < LABEL || X(a.from) > w || !inSight(f.lane) && !inSight(t.lane)) continue;
    const x1 = mid(a.from), x2 = mid(a.to), down = yOf(t.lane) > yOf(f.lane), named = unit >= 19 ? 21 : 8,
      y1 = yOf(f.lane) + (down ? 8 : -named), y2 = yOf(t.lane) - (down ? named : -8), m = (y1 + y2) / 2;
    out.push(`<path d="M${x1},${y1} C${x1},${m} ${x2},${m} ${x2},${y2}" fill="none" stroke="var(--flow)" stroke-width="1.3"${a.kind === "wakes" ? ' stroke-dasharray="3 3"' : ""} marker-end="url(#tip)"><title>${a.kind}</title></path>`);
  }
  const last = [];
  for (let i = 0; i < N; i++) {
    const e = D.events[i];
    if (e.lane < 0 || !seen(i) || !inSight(e.lane)) continue;
    const x = mid(i), y = yOf(e.lane), dim = hit(e) ? 1 : 0.18;
    if (!e.bad && i !== sel && x - (last[e.lane] ?? -9) < 2.5) continue;   // no two dots on one place
    last[e.lane] = x;
    out.push(`<g class="e" data-i="${i}" opacity="${dim}" style="cursor:pointer">`);
    if (e.bad) out.push(`<path d="M${x},${y - 8} l8,8 l-8,8 l-8,-8 z" fill="var(--bad)" stroke="${i === sel ? "var(--pick)" : "var(--ground)"}" stroke-width="1.5"/>`);
    else out.push(`<circle cx="${x}" cy="${y}" r="${i === sel ? 7 : Math.max(2.5, Math.min(5.5, unit / 3))}" fill="var(--runs)" stroke="${i === sel ? "var(--pick)" : "var(--ground)"}" stroke-width="${i === sel ? 2 : 1.5}"/>`);
    if (unit >= 19 || i === sel) out.push(`<text class="over" x="${x}" y="${y - 11}" text-anchor="middle" style="font-size:10px">${esc(e.point)}</text>`);
    if (unit >= 96) out.push(`<text x="${x}" y="${y + 19}" text-anchor="middle" style="font-size:10px;fill:var(--faint)">${esc(clip(e.name, unit / 5.6))}</text>`);
    out.push(`<title>${e.n}. ${esc(e.point + " " + e.name + (e.text ? ": " + e.text : ""))}</title></g>`);
  }
  picture(pane, w, h, out, shown.map(n => { const l = D.lanes[n]; return name(yOf(n) - 2, l.id, l.task || l.comm, l.id + ": " + (l.task || l.comm)); }));
  pane.classList.toggle("over", pane.scrollHeight > pane.clientHeight + 1);
}

function drawBands(w) {
  const out = [], names = [], rows = D.modules.length + (permits ? 1 : 0);
  D.modules.forEach((m, k) => {
    const y = 8 + k * BAND;
    names.push(name(y + 15, m.name, "", m.name));
    for (const s of m.spans) {
      const a = Math.max(X(s.from), LABEL - 12), b = Math.min(X(s.to), w + 12);
      if (b < a) continue;
      const box = `x="${a}" y="${y}" width="${Math.max(1, b - a - 1)}" height="21" rx="3"`;
      out.push(`<rect ${box} fill="var(--${["live", "coming", "going"].includes(s.kind) ? s.kind : "unformed"})"><title>${esc(s.kind + (s.text ? ": " + s.text : ""))}</title></rect>`);
      if (/without initstate/.test(s.text)) out.push(`<rect ${box} fill="url(#window)" style="pointer-events:none"/>`);
      const said = clip(s.kind + (s.text && b - a > 240 ? ": " + s.text : ""), (b - Math.max(a, LABEL) - 6) / 6.1);
      if (said) out.push(`<text x="${Math.max(a, LABEL) + 4}" y="${y + 15}" style="fill:var(--onstate);pointer-events:none">${esc(said)}</text>`);
    }
  });
  if (permits) {
    const y = 8 + D.modules.length * BAND, top = Math.max(1, ...D.permits.map(p => p.value));
    let path = "";
    D.permits.forEach((p, k) => {
      const h = 19 * p.value / top, end = k + 1 < D.permits.length ? D.permits[k + 1].at : N;
      path += `M${X(p.at)},${y + 21 - h} H${X(end)} V${y + 21} H${X(p.at)} z `;
    });
    out.push(`<path d="${path}" fill="var(--runs)" opacity=".55"/>`);
    const small = LABEL < 190 ? "permits" : `permits, at most ${top} of ${D.max}`;
    names.push(`<text x="${LABEL < 190 ? 12 : 18}" y="${y + 15}" style="fill:var(--faint)">${small}<title>permits in use: at most ${top}, of ${D.max}</title></text>`);
  }
  $("bands").hidden = rows === 0;
  picture($("bands"), w, 8 + rows * BAND + 10, out, names);
}
